//! What was found, in a text for each type of anomaly: the rule, then every instance of it with the
//! ops themselves, so that a reader can follow without looking anything up.
use std::{collections::BTreeMap, fmt::Write};

use checkers::{
    Edge, Figure, History, Kind, OpRef,
    txn::{anomalies, standing},
};

use super::{sub_history, why_stuck};
use crate::result::FoundAnomaly;

/// The texts, by type of anomaly. `of_key` has the ops that the anomalies of a key name.
pub(in crate::cli) fn texts<'h>(
    found: &[FoundAnomaly],
    of_key: impl Fn(Option<u32>) -> Option<&'h History>,
) -> BTreeMap<String, String> {
    let mut by_type: BTreeMap<&str, Vec<&FoundAnomaly>> = BTreeMap::new();
    for anomaly in found {
        by_type.entry(&anomaly.kind).or_default().push(anomaly);
    }
    let text = |(kind, instances): (&str, Vec<&FoundAnomaly>)| {
        let mut text = rule(kind);
        for (number, anomaly) in instances.into_iter().enumerate() {
            text += &format!("\n{}. {}", number + 1, instance(anomaly, of_key(anomaly.key)));
        }
        (kind.to_owned(), text)
    };
    by_type.into_iter().map(text).collect()
}

/// What a type of anomaly is, and what it rules out.
fn rule(kind: &str) -> String {
    let Some(entry) = anomalies::ALL.iter().find(|entry| entry.text == kind) else {
        return format!("{kind}\n");
    };
    let standing = standing::standing(&[entry.name]);
    let mut text = format!("{kind}: {}\n\n", entry.about);
    let _ = writeln!(text, "It rules out {}, and with that", standing.not.join(", "));
    let _ = writeln!(text, "{}.", standing.also_not.join(", "));
    text
}

fn instance(anomaly: &FoundAnomaly, history: Option<&History>) -> String {
    match (&anomaly.figure, history) {
        (Figure::Cycle(edges), Some(history)) => circle(edges, history),
        (Figure::Ops(ops), Some(history)) => {
            let drawn = checkers::notation::draw(&sub_history(history, &ops.calls));
            format!("{}\n\n{drawn}{}\n", anomaly.explanation, why_stuck(ops))
        }
        _ => format!("{}\n", anomaly.explanation),
    }
}

/// A circle of transactions: what each did, and why it comes before the next.
fn circle(edges: &[Edge], history: &History) -> String {
    let named = |op: &OpRef<'_>| edges.iter().any(|edge| edge.from == op.index);
    let ops: BTreeMap<u32, OpRef<'_>> =
        history.ops().filter(named).map(|op| (op.index, op)).collect();
    let mut text = String::from("These transactions can be in no order:\n\n");
    for (number, edge) in edges.iter().enumerate() {
        let did = ops.get(&edge.from).map(|op| transaction(op, history)).unwrap_or_default();
        let _ = writeln!(text, "     T{} = op {}{did}", number + 1, edge.from);
    }
    text += "\n   Each comes before the next, and the last one before the first:\n\n";
    for (number, edge) in edges.iter().enumerate() {
        let next = (number + 1) % edges.len() + 1;
        let _ = writeln!(text, "     T{} before T{next} ({}): {}", number + 1, edge.kind, edge.why);
    }
    text
}

/// Who ran a transaction, how it ended, and what it did.
fn transaction(invoked: &OpRef<'_>, history: &History) -> String {
    let done = history.pair(invoked.row);
    let said = done.as_ref().filter(|done| done.kind == Kind::Ok).unwrap_or(invoked);
    let ended = match done.as_ref().map(|done| done.kind) {
        Some(Kind::Ok) => "",
        _ => ", which may have happened",
    };
    format!(" of {}{ended}: {}", invoked.process, said.value)
}
