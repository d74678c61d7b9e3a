//! Of two inserts that each ask first whether the other is there, one at most succeeds.
//!
//! Two transactions a key: each looks by a predicate for any row of that key, and inserts one of
//! its own where it found none. If both commit, each missed what the other inserted: a cycle of
//! two anti-dependencies on predicates, Adya's **G2** (1999, §3.2), which serializability forbids
//! and snapshot isolation, or repeatable read, allows. Two rows that are read of one key show the
//! same, whatever their inserts answered.
//!
//! *What this proves:* that no two inserts of a key got past each other. *What it does not:* that
//! an insert which succeeded is still there. Time is linear.
use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::{Anomaly, Budget, Checker, Datum, Edge, Figure, History, OpsFigure, Outcome, Verdict};

/// Checks `insert [a,null]` or `insert [null,b]`, and `read -> [..]`, each of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdyaG2;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Insert(IgnoredAny),
    Read,
}

/// What happened to one key.
#[derive(Default)]
struct Key {
    /// Rows of the invocations of inserts that succeeded.
    inserted: Vec<u32>,
    /// The two rows of a read that saw several.
    crowded: Option<(u32, u32)>,
}

/// Anomalies that are described; the rest is counted.
const KEPT: usize = 8;

impl AdyaG2 {
    fn keys(history: &History) -> Result<BTreeMap<Option<u32>, Key>, Verdict> {
        let calls = history.calls::<Input, Value>();
        let mut keys: BTreeMap<Option<u32>, Key> = BTreeMap::new();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            let Outcome::Ok { completed, output } = call.outcome else { continue };
            let key = keys.entry(history.op(call.invoked).key).or_default();
            match (call.input, output) {
                (Input::Insert(_), _) => key.inserted.push(call.invoked),
                (Input::Read, Value::Array(rows)) if is_crowded(&rows) => {
                    key.crowded.get_or_insert((call.invoked, completed));
                }
                (Input::Read, _) => (),
            }
        }
        Ok(keys)
    }
}

/// Whether there are two different rows.
fn is_crowded(rows: &[Value]) -> bool {
    let rows: Vec<Datum> = rows.iter().cloned().map(Datum::from).collect();
    rows.iter().any(|row| *row != rows[0])
}

impl Checker for AdyaG2 {
    /// An anomaly a key, of the first few. Unknown if no insert succeeded.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let keys = match AdyaG2::keys(history) {
            Ok(keys) => keys,
            Err(verdict) => return verdict,
        };
        let broken =
            || keys.iter().filter(|(_, key)| key.inserted.len() > 1 || key.crowded.is_some());
        let anomalies = broken().take(KEPT).map(|(number, key)| Anomaly {
            key: *number,
            ..describe(history, &number.map_or(String::new(), |n| format!(" of key {n}")), key)
        });
        let legal = keys.values().filter(|key| key.inserted.len() == 1).count();
        let illegal = broken().count();
        let verdict = match legal + illegal {
            0 => Verdict::unknown("no insert succeeded"),
            _ => Verdict::of(anomalies.collect()),
        };
        verdict.with("keys", keys.len()).with("legal", legal).with("illegal", illegal)
    }
}

fn describe(history: &History, of_key: &str, key: &Key) -> Anomaly {
    let op = |row: u32| history.op(row).index;
    if let [one, other, ..] = key.inserted[..] {
        let edge = |from, to| Edge {
            from,
            kind: "rw".to_owned(),
            why: format!("op {from} found no row{of_key}, and op {to} inserted one"),
        };
        let (one, other) = (op(one), op(other));
        let explanation =
            format!("G2: ops {one} and {other} both found no row{of_key}, and both inserted one");
        return Anomaly::new(
            "G2",
            explanation,
            Figure::Cycle(vec![edge(one, other), edge(other, one)]),
        );
    }
    let (invoked, completed) = key.crowded.unwrap_or_default();
    let figure =
        OpsFigure { calls: vec![op(invoked)], culprit: op(completed), ..OpsFigure::default() };
    let explanation = format!("G2: op {} read several rows{of_key}", op(invoked));
    Anomaly::new("G2", explanation, Figure::Ops(figure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = AdyaG2.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    #[test]
    fn one_of_two_inserts_succeeds() {
        let verdict = check(
            "0: |- [7] insert [1,null] -|
             1:   |- [7] insert [null,2] -x
             2: |- [8] insert [null,3] -|
             3:   |- [8] insert [4,null] -~",
            &[],
        );
        assert_eq!(
            (&verdict.details["legal"], &verdict.details["illegal"]),
            (&2.into(), &0.into())
        );
    }

    #[test]
    fn two_inserts_that_missed_each_other_are_a_cycle() {
        let verdict = check(
            "0: |- [7] insert [1,null] -|
             1:   |- [7] insert [null,2] -|",
            &["G2"],
        );
        assert_eq!(verdict.anomalies[0].key, Some(7));
        let Figure::Cycle(edges) = &verdict.anomalies[0].figure else { panic!("a cycle") };
        assert_eq!(edges.iter().map(|edge| edge.from).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn two_rows_that_were_read_are_as_good_a_proof() {
        check(
            "0: |- [7] insert [1,null] -~
             1:   |- [7] insert [null,2] -|   |- [7] read -> [1,2] -|",
            &["G2"],
        );
        check("0: |- [7] insert [1,null] -| |- [7] read -> [1] -|", &[]);
    }

    #[test]
    fn without_an_insert_that_succeeded_nothing_is_known() {
        assert_eq!(check("0: |- [7] insert [1,null] -x", &[]).valid, Valid::Unknown);
    }
}
