//! From what was found to a verdict.
use super::{
    anomalies::{self, Decision, Name},
    decode::Txns,
    findings::{Finding, Findings},
    graph::{Graph, Kinds},
    levels::Model,
    order::{Order, Ordered},
    search::{self, Cycles},
    standing,
    versions::Versions,
};
use crate::{Anomaly, Budget, Edge, Figure, OpsFigure, Valid, Verdict, model::span};

/// What depends on what, and why.
pub trait Evidence {
    /// The dependencies.
    fn versions(&self) -> &Versions;

    /// The transactions.
    fn txns(&self) -> &Txns<'_>;

    /// Why one transaction comes before another, in a sentence, if it is because of this
    /// micro-operation of the first; only asked about `ww`, `wr`, `rw`.
    fn because(&self, mop: usize, from: u32, to: u32, kinds: Kinds) -> Option<String>;

    /// Why one transaction comes before another.
    fn why(&self, from: u32, to: u32, kinds: Kinds) -> String {
        let txns = self.txns();
        txns.mops(from).find_map(|mop| self.because(mop, from, to, kinds)).unwrap_or_else(|| {
            let (one, other) = (txns.op(from), txns.op(to));
            format!("op {one} comes before op {other} ({})", kinds.name())
        })
    }

    /// Whether a transaction counts when it is asked if there is anything to judge by.
    fn is_evidence(&self, txn: u32) -> bool;

    /// Whether there is an order, whatever is not known of that of versions. The order beside what
    /// values show is the one that the decision asks for.
    fn decide(&self, _: Decision, _: &Order, _: &Budget) -> Decided {
        Decided::NotAsked
    }
}

/// What a decision came to.
pub enum Decided {
    /// There is an order.
    Holds,
    /// There is none: why not.
    Broken(String, Figure),
    /// Nobody knows, for this reason.
    Unknown(String),
    /// The order of versions is known as well as it can be, or nobody asked.
    NotAsked,
}

/// Elle's word for a history in which no transaction depends on another.
const EMPTY: &str = "empty-transaction-graph";

/// Judges by the models that are to hold.
pub fn judge(
    txns: &Txns<'_>,
    data: &impl Evidence,
    findings: &Findings,
    models: &[&'static Model],
    budget: &Budget,
) -> Verdict {
    let wanted = wanted(models);
    let order = order(txns, &wanted);
    let graph = Ordered { data: data.versions(), order: &order };
    let Some(cycles) = search::cycles(&graph, &wanted, budget) else {
        return Verdict::unknown("out of time");
    };
    let mut anomalies = Vec::new();
    for name in &wanted {
        anomalies
            .extend(findings.examples(*name).iter().map(|finding| direct(txns, *name, finding)));
        let here = cycles.found.iter().filter(|(found, _)| found == name);
        anomalies.extend(here.map(|(name, cycle)| describe(txns, data, *name, &cycle.0)));
    }
    let mut found: Vec<Name> = cycles.found.iter().map(|(name, _)| *name).collect();
    found.extend(anomalies::ALL.iter().map(|a| a.name).filter(|name| findings.count(*name) > 0));
    let mut undecided = None;
    if anomalies.is_empty() && findings.doubts.is_empty() {
        let decisions = decide(data, &wanted, &order, budget);
        undecided = decisions.undecided;
        found.extend(decisions.broken.iter().map(|(name, _)| *name));
        anomalies.extend(decisions.broken.into_iter().map(|(_, anomaly)| anomaly));
    }
    let is_empty = is_empty(&graph, |txn| data.is_evidence(txn));
    let mut verdict = Verdict::of(anomalies);
    let why = doubt(findings, &cycles, is_empty).or(undecided);
    if let (Valid::Valid, Some(why)) = (verdict.valid, why) {
        verdict = Verdict::unknown(why);
    }
    if is_empty {
        verdict.anomalies.push(nothing());
    }
    with_standing(verdict, models, &found).with("txns", txns.len())
}

/// The anomalies that rule out one of the models. What a process did in order happened in order
/// of real time as well, so that where real time counts, sessions add nothing.
fn wanted(models: &[&'static Model]) -> Vec<Name> {
    let mut wanted: Vec<Name> = models.iter().flat_map(|model| model.forbidden()).collect();
    let needs = |name: &Name, kinds| name.entry().order().meets(kinds);
    if wanted.iter().any(|name| needs(name, Kinds::REALTIME)) {
        wanted.retain(|name| !needs(name, Kinds::PROCESS));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// The order that the wanted anomalies need.
fn order(txns: &Txns<'_>, wanted: &[Name]) -> Order {
    let needed = wanted.iter().fold(Kinds::GOES_ON, |all, name| all.and(name.entry().order()));
    if needed.meets(Kinds::REALTIME) {
        Order::realtime(txns)
    } else if needed.meets(Kinds::PROCESS) {
        Order::process(txns)
    } else {
        Order::Data
    }
}

/// What decisions came to.
#[derive(Default)]
struct Decisions {
    broken: Vec<(Name, Anomaly)>,
    /// Why one of them is open.
    undecided: Option<String>,
}

/// Decides what is wanted, the most demanding first: what follows from that is not asked.
fn decide(data: &impl Evidence, wanted: &[Name], order: &Order, budget: &Budget) -> Decisions {
    let mut open: Vec<(Name, Decision)> =
        wanted.iter().filter_map(|name| Some((*name, name.entry().decision?))).collect();
    open.sort_by_key(|(_, decision)| (decision.order, decision.question));
    let mut decisions = Decisions::default();
    let mut holds: Vec<Decision> = Vec::new();
    while let Some((name, decision)) = open.pop() {
        if holds.iter().any(|known| known.settles(decision)) {
            continue;
        }
        let data_only = Order::Data;
        let order = if decision.order == Kinds::GOES_ON { &data_only } else { order };
        match data.decide(decision, order, budget) {
            Decided::Holds => holds.push(decision),
            Decided::Unknown(why) => decisions.undecided = Some(why),
            Decided::NotAsked => (),
            Decided::Broken(why, figure) => {
                let entry = name.entry();
                let explanation = format!("{}, {}: {why}", entry.text, entry.about);
                let name_text = entry.text.to_owned();
                let anomaly = Anomaly { name: name_text, key: None, explanation, figure };
                decisions.broken.insert(0, (name, anomaly));
            }
        }
    }
    decisions
}

/// Whether no transaction that counts comes before another such.
fn is_empty(graph: &impl Graph, counts: impl Fn(u32) -> bool) -> bool {
    let counts = |node: u32| node < graph.txns() && counts(node);
    let mut was_met = vec![false; (graph.nodes() - graph.txns()) as usize];
    let mut open: Vec<u32> = Vec::new();
    for txn in (0..graph.txns()).filter(|txn| counts(*txn)) {
        open.push(txn);
        while let Some(node) = open.pop() {
            for (next, _) in graph.successors(node) {
                if counts(next) {
                    return false;
                }
                let hub = next.checked_sub(graph.txns());
                if hub.is_some_and(|hub| !std::mem::replace(&mut was_met[hub as usize], true)) {
                    open.push(next);
                }
            }
        }
    }
    true
}

/// Why a history in which nothing is wrong is not thereby right.
fn doubt(findings: &Findings, cycles: &Cycles, is_empty: bool) -> Option<String> {
    if let Some(doubt) = findings.doubts.first() {
        return Some(doubt.clone());
    }
    if !cycles.undecided.is_empty() {
        let names: Vec<&str> = cycles.undecided.iter().map(|name| name.entry().text).collect();
        return Some(format!("looking for {} was too much work", names.join(", ")));
    }
    is_empty.then(|| "no transaction depends on another, so there is nothing to judge".into())
}

fn nothing() -> Anomaly {
    Anomaly {
        name: EMPTY.to_owned(),
        key: None,
        explanation: "no transaction depends on another, so there is no order to judge".to_owned(),
        figure: Figure::Table { head: Vec::new(), rows: Vec::new() },
    }
}

fn direct(txns: &Txns<'_>, name: Name, finding: &Finding) -> Anomaly {
    let mut calls: Vec<u32> = finding.txns.iter().map(|txn| txns.op(*txn)).collect();
    calls.sort_unstable();
    calls.dedup();
    let culprit = finding.txns.last().map_or(0, |txn| {
        let outline = txns.outlines[*txn as usize];
        let row = if txns.is_ok(*txn) { outline.completed } else { outline.invoked };
        txns.history.op(row).index
    });
    let figure = OpsFigure { calls, culprit, ..OpsFigure::default() };
    Anomaly {
        name: name.entry().text.to_owned(),
        key: None,
        explanation: format!("{}: {}", name.entry().text, finding.why),
        figure: Figure::Ops(figure),
    }
}

/// A cycle in words: why each transaction comes before the next.
fn describe(txns: &Txns<'_>, data: &impl Evidence, name: Name, cycle: &[(u32, Kinds)]) -> Anomaly {
    let next = |at: usize| cycle[(at + 1) % cycle.len()].0;
    let edge = |(at, &(from, kinds)): (usize, &(u32, Kinds))| Edge {
        from: txns.op(from),
        kind: kinds.name().to_owned(),
        why: match kinds {
            Kinds::PROCESS | Kinds::REALTIME => by_order(txns, from, next(at), kinds),
            _ => data.why(from, next(at), kinds),
        },
    };
    let edges: Vec<Edge> = cycle.iter().enumerate().map(edge).collect();
    let sentences: Vec<&str> = edges.iter().map(|edge| edge.why.as_str()).collect();
    let entry = name.entry();
    Anomaly {
        name: entry.text.to_owned(),
        key: None,
        explanation: format!("{}, {}: {}", entry.text, entry.about, sentences.join("; ")),
        figure: Figure::Cycle(edges),
    }
}

fn by_order(txns: &Txns<'_>, from: u32, to: u32, kinds: Kinds) -> String {
    let (one, other) = (txns.op(from), txns.op(to));
    let outline = txns.outlines[from as usize];
    if kinds == Kinds::PROCESS {
        return format!("process {} ran op {one} before op {other}", outline.process);
    }
    let completed = txns.history.op(outline.completed);
    let invoked = txns.history.op(txns.outlines[to as usize].invoked);
    match invoked.time.saturating_sub(completed.time) {
        0 => format!("op {one} had completed (op {}) before op {other} began", completed.index),
        gap => format!(
            "op {one} had completed (op {}) {} before op {other} began",
            completed.index,
            span(gap)
        ),
    }
}

fn with_standing(verdict: Verdict, models: &[&'static Model], found: &[Name]) -> Verdict {
    let standing = standing::standing(found);
    let asked: Vec<&str> = models.iter().map(|model| model.name).collect();
    verdict
        .with("consistency", asked)
        .with("not", standing.not)
        .with("also-not", standing.also_not)
        .with("may-hold", standing.may_hold)
}
