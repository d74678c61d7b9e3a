//! A write that began after another had completed may not be seen without it.
//!
//! Unique values are written, and a read has all that it sees. Where `y` was written after `x` had
//! been acknowledged and a read has `y` without `x`, effect came before cause. Strict
//! serializability forbids it; serializability alone does not, as the two writes have nothing in
//! common (Kingsbury 2017, on CockroachDB, calls it **causal-reverse**). A value that nobody had
//! asked to write by then, or whose write failed, is **unexpected**.
//!
//! *What this proves:* that the writes each read sees are closed under what had completed before.
//! *What it does not:* that reads are fresh, or agree with each other. Time is linear in the size
//! of the reads.
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Anomaly, Budget, Checker, Datum, Edge, Figure, History, OpsFigure, Outcome, Verdict,
    set::{Read, reads, seen},
};

/// Checks `write v` and `read -> [..]`; of many keys, through [`crate::Independent`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CausalReverse;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    #[serde(alias = "add")]
    Write(Datum),
    Read,
}

/// A write that may have happened.
#[derive(Clone)]
struct Write {
    value: Datum,
    /// Row of its invocation.
    invoked: u32,
    /// Row of its acknowledgement; the end of time where there is none.
    completed: u32,
}

struct Writes {
    of_value: FxHashMap<Datum, Write>,
    /// Those that were acknowledged, in that order.
    acknowledged: Vec<Write>,
}

impl Writes {
    fn of(history: &History) -> Result<Writes, Verdict> {
        let calls = history.calls::<Input, IgnoredAny>();
        let mut of_value: FxHashMap<Datum, Write> = FxHashMap::default();
        let mut acknowledged = Vec::new();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            let Input::Write(value) = call.input else { continue };
            let completed = match call.outcome {
                Outcome::Fail => continue,
                Outcome::Info => u32::MAX,
                Outcome::Ok { completed, .. } => completed,
            };
            let write = Write { value: value.clone(), invoked: call.invoked, completed };
            if completed != u32::MAX {
                acknowledged.push(write.clone());
            }
            of_value.entry(value).or_insert(write);
        }
        acknowledged.sort_by_key(|write| write.completed);
        Ok(Writes { of_value, acknowledged })
    }
}

impl Checker for CausalReverse {
    /// The first read that shows each kind. Unknown if no read succeeded, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let writes = match Writes::of(history) {
            Ok(writes) => writes,
            Err(verdict) => return verdict,
        };
        let reads = reads(history);
        let (mut reversed, mut unexpected) = (Vec::new(), Vec::new());
        for read in &reads {
            if budget.is_over() {
                return Verdict::unknown("out of time while comparing reads");
            }
            match seen(history, read) {
                Ok(values) => {
                    reversed.extend(self::reversed(history, &writes, read, &values));
                    unexpected.extend(self::unexpected(history, &writes, read, &values));
                }
                Err(verdict) => return verdict,
            }
        }
        let counts = [reversed.len(), unexpected.len()];
        let anomalies = reversed.into_iter().take(1).chain(unexpected.into_iter().take(1));
        let verdict = match reads.len() {
            0 => Verdict::unknown("nothing was read"),
            _ => Verdict::of(anomalies.collect()),
        };
        verdict
            .with("reads", reads.len())
            .with("writes", writes.of_value.len())
            .with("reversed_reads", counts[0])
            .with("unexpected_reads", counts[1])
    }
}

/// A write that a read has, and one that it has not though that had completed before.
fn reversed(history: &History, writes: &Writes, read: &Read, values: &[Datum]) -> Option<Anomaly> {
    let known = values.iter().filter_map(|value| writes.of_value.get(value));
    let latest = known.max_by_key(|write| write.invoked)?;
    let values: FxHashSet<&Datum> = values.iter().collect();
    let mut before = writes.acknowledged.iter().take_while(|w| w.completed < latest.invoked);
    let missing = before.find(|write| !values.contains(&write.value))?;
    let op = |row: u32| history.op(row).index;
    let (cause, effect, reader) = (op(missing.invoked), op(latest.invoked), op(read.invoked));
    let edge = |from, kind: &str, why: String| Edge { from, kind: kind.to_owned(), why };
    let done = op(missing.completed);
    let edges = vec![
        edge(
            cause,
            "realtime",
            format!("op {cause} had completed (op {done}) before op {effect} began"),
        ),
        edge(effect, "wr", format!("op {reader} saw {}, which op {effect} wrote", latest.value)),
        edge(
            reader,
            "rw",
            format!("op {reader} did not see {}, which op {cause} wrote", missing.value),
        ),
    ];
    let sentences: Vec<&str> = edges.iter().map(|edge| edge.why.as_str()).collect();
    let explanation = format!("causal-reverse: {}", sentences.join("; "));
    Some(Anomaly::new("causal-reverse", explanation, Figure::Cycle(edges)))
}

/// A value that a read has, though nobody had asked to write it by then.
fn unexpected(
    history: &History,
    writes: &Writes,
    read: &Read,
    values: &[Datum],
) -> Option<Anomaly> {
    let is_known = |value: &&Datum| {
        writes.of_value.get(*value).is_some_and(|write| write.invoked < read.completed)
    };
    let value = values.iter().find(|value| !is_known(value))?;
    let (call, culprit) = (history.op(read.invoked).index, history.op(read.completed).index);
    let figure = OpsFigure { calls: vec![call], culprit, ..OpsFigure::default() };
    let explanation = format!("unexpected: op {call} saw {value}, which nobody had written");
    Some(Anomaly::new("unexpected", explanation, Figure::Ops(figure)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = CausalReverse.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    #[test]
    fn an_effect_is_not_seen_without_its_cause() {
        let verdict =
            check("0: |- write 1 -| |- write 2 -| |- read -> [2] -|", &["causal-reverse"]);
        let Figure::Cycle(edges) = &verdict.anomalies[0].figure else { panic!("a cycle") };
        let circle: Vec<_> = edges.iter().map(|edge| (edge.from, edge.kind.as_str())).collect();
        assert_eq!(circle, [(0, "realtime"), (2, "wr"), (4, "rw")]);
    }

    #[test]
    fn writes_at_the_same_time_may_be_seen_in_any_order() {
        check(
            "0: |- write 1 ---|
             1:      |- write 2 -| |- read -> [2] -|",
            &[],
        );
    }

    #[test]
    fn a_stale_read_is_not_reversed() {
        check("0: |- write 1 -| |- write 2 -| |- read -> [1] -| |- read -> [] -|", &[]);
    }

    #[test]
    fn a_crashed_write_may_be_missing_but_not_a_cause_of_one_that_is_seen() {
        check("0: |- write 1 -~\n1:          |- write 2 -| |- read -> [2] -|", &[]);
        check(
            "0: |- write 1 -| |- write 2 -~\n1:             |- read -> [2] -|",
            &["causal-reverse"],
        );
    }

    #[test]
    fn what_nobody_wrote_is_unexpected() {
        check("0: |- write 1 -x |- read -> [1] -|", &["unexpected"]);
        check("0: |- read -> [1] -| |- write 1 -|", &["unexpected"]);
    }

    #[test]
    fn what_nobody_read_is_unknown() {
        assert_eq!(check("0: |- write 1 -|", &[]).valid, Valid::Unknown);
    }
}
