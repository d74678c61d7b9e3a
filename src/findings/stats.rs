//! Counts, latencies, errors.
use std::collections::BTreeMap;

use checkers::{History, Kind, Nanos, OpRef, Process};
use hdrhistogram::Histogram;

use super::unforeseen::Kinds;
use crate::result::{Counts, ErrorCount, Quantiles, Stats};

/// So many classes of errors are listed.
const ERRORS_MAX: usize = 20;

/// The statistics of a history's client calls.
pub fn stats(history: &History) -> Stats {
    let mut tally = Tally::default();
    tally.add(history);
    tally.stats()
}

/// Statistics that grow.
#[derive(Default)]
pub(super) struct Tally {
    ops: Counts,
    by_f: BTreeMap<String, OfFunction>,
    by_node: BTreeMap<String, Counts>,
    is_late: bool,
    errors: BTreeMap<String, u64>,
    unforeseen: Kinds,
    first: Option<Nanos>,
    last: Nanos,
}

/// The calls of a function.
struct OfFunction {
    counts: Counts,
    /// From when they were due, of those that were `ok`.
    latencies: Histogram<u64>,
    /// From when they were invoked.
    services: Histogram<u64>,
}

/// An invocation.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) f: &'a str,
    pub(super) node: Option<&'a str>,
    pub(super) time: Nanos,
    pub(super) due: Option<Nanos>,
}

/// How it ended.
#[derive(Clone, Copy)]
pub(super) struct Answered {
    pub(super) kind: Kind,
    pub(super) time: Nanos,
    pub(super) index: u32,
}

impl Tally {
    /// Takes in a history.
    fn add(&mut self, history: &History) {
        for (invoked, done) in client_calls(history) {
            let OpRef { f, node, time, row, .. } = invoked;
            let asked = Asked { f, node, time, due: history.due(row) };
            let error = || history.error(done?.row);
            let answered = |OpRef { kind, time, index, .. }| Answered { kind, time, index };
            self.end(asked, done.map(answered), error);
        }
        history.ops().for_each(|op| self.saw(op.time));
    }

    /// An op was written down at this time.
    pub(super) fn saw(&mut self, time: Nanos) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = self.last.max(time);
    }

    /// A call ended, or never will; `error` says why not `ok`.
    pub(super) fn end(
        &mut self,
        asked: Asked<'_>,
        done: Option<Answered>,
        error: impl FnOnce() -> Option<String>,
    ) {
        let kind = done.map_or(Kind::Info, |done| done.kind);
        count(&mut self.ops, kind);
        if let Some(node) = asked.node {
            count(named(&mut self.by_node, node, Counts::default), kind);
        }
        let of_f = named(&mut self.by_f, asked.f, OfFunction::new);
        count(&mut of_f.counts, kind);
        let Some(done) = done else { return };
        if kind == Kind::Ok {
            let since = |start| done.time.saturating_sub(start);
            self.is_late |= asked.due.is_some();
            // Grows as it must: a latency is never refused.
            let _ = of_f.latencies.record(since(asked.due.unwrap_or(asked.time)));
            let _ = of_f.services.record(since(asked.time));
        } else if let Some(error) = error() {
            *self.errors.entry(class(&error)).or_default() += 1;
            self.unforeseen.add(done.index, &error);
        }
    }

    /// What it comes to.
    pub(super) fn stats(self) -> Stats {
        let by_f = |take: fn(&OfFunction) -> &Histogram<u64>| -> BTreeMap<String, Quantiles> {
            let all = self.by_f.iter().map(|(f, of_f)| (f, take(of_f)));
            all.filter(|(_, h)| !h.is_empty()).map(|(f, h)| (f.clone(), quantiles(h))).collect()
        };
        let latency_ns = by_f(|of_f| &of_f.latencies);
        let service_ns = if self.is_late { by_f(|of_f| &of_f.services) } else { BTreeMap::new() };
        let errors = self.errors.into_iter();
        let mut errors: Vec<_> = errors.map(|(error, count)| ErrorCount { error, count }).collect();
        errors.sort_by_key(|e| std::cmp::Reverse(e.count));
        errors.truncate(ERRORS_MAX);
        Stats {
            ops: self.ops,
            by_f: self.by_f.into_iter().map(|(f, of_f)| (f, of_f.counts)).collect(),
            by_node: self.by_node,
            latency_ns,
            service_ns,
            errors,
            unforeseen: self.unforeseen.list(),
            duration_ns: self.last - self.first.unwrap_or(0),
        }
    }
}

impl OfFunction {
    fn new() -> OfFunction {
        let histogram = Histogram::new(3).expect("3 digits are allowed");
        OfFunction { counts: Counts::default(), latencies: histogram.clone(), services: histogram }
    }
}

/// What stands under a name, which is spelled out but once.
pub(super) fn named<'m, T>(
    map: &'m mut BTreeMap<String, T>,
    name: &str,
    new: impl FnOnce() -> T,
) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), new());
    }
    map.get_mut(name).expect("it was put there")
}

/// Every client invocation with its completion.
pub(super) fn client_calls(
    history: &History,
) -> impl Iterator<Item = (OpRef<'_>, Option<OpRef<'_>>)> {
    let is_call = |op: &OpRef<'_>| op.process != Process::Nemesis && op.kind == Kind::Invoke;
    history.ops().filter(is_call).map(|op| (op, history.pair(op.row)))
}

fn count(counts: &mut Counts, kind: Kind) {
    counts.total += 1;
    match kind {
        Kind::Ok => counts.ok += 1,
        Kind::Fail => counts.fail += 1,
        Kind::Info | Kind::Invoke => counts.info += 1,
    }
}

/// The quantiles of a distribution.
pub(crate) fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |q| histogram.value_at_quantile(q);
    Quantiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.max() }
}

/// An error with its numbers blanked, so that alike ones count together.
pub(super) fn class(error: &str) -> String {
    let mut class = String::new();
    for c in error.chars().take(200) {
        match c {
            '0'..='9' if class.ends_with('#') => (),
            '0'..='9' => class.push('#'),
            c => class.push(c),
        }
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let history = checkers::notation::history(
            "0: |- write 1 -|  |- write 2 -x
             1: |- write 3 -~",
        );
        let stats = stats(&history);
        assert_eq!(stats.ops, Counts { total: 3, ok: 1, fail: 1, info: 1 });
        assert_eq!(stats.by_f["write"], stats.ops);
    }

    #[test]
    fn a_call_that_began_late_has_waited_since_it_was_due() {
        let text = r#"{"time":900,"due":100,"process":0,"type":"invoke","f":"read"}
            {"time":1000,"process":0,"type":"ok","f":"read"}"#;
        let late = stats(&History::read(text.to_owned()).unwrap());
        assert_eq!((late.latency_ns["read"].max, late.service_ns["read"].max), (900, 100));
        let text = text.replace(r#""due":100,"#, "");
        let punctual = stats(&History::read(text).unwrap());
        assert_eq!(punctual.latency_ns["read"].max, 100);
        assert!(punctual.service_ns.is_empty());
    }

    #[test]
    fn alike_errors_count_together() {
        assert_eq!(class("port 7001 at 10.0.0.2"), "port # at #.#.#.#");
    }
}
