//! A source of ids: was any given out twice?
//!
//! An id that two calls were given is **duplicated**. An answer of `null` is no id.
//!
//! *What this proves:* that the ids in the history are distinct; nobody knows what crashed calls
//! were given. *What it does not:* that ids are in any order, or of any shape. The time it takes is
//! linear.
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::{Anomaly, Budget, Checker, Datum, Figure, History, Outcome, Verdict, model::IdInput};

/// Checks `generate -> id`.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueIds;

impl Checker for UniqueIds {
    /// One anomaly with a table of the ids that were given more than once. Unknown if none was
    /// given at all.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let calls = match history.calls::<IdInput, Datum>() {
            Ok(calls) => calls,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let attempted = calls.len();
        let given = calls.into_iter().filter_map(|call| match call.outcome {
            Outcome::Ok { completed, output } if !output.is_null() => Some((output, completed)),
            _ => None,
        });
        let given: Vec<(Datum, u32)> = given.collect();
        let mut rows: FxHashMap<&Datum, Vec<u32>> = FxHashMap::default();
        for (id, row) in &given {
            rows.entry(id).or_default().push(*row);
        }
        // In order of the first answer, whatever the order of the map.
        let is_first = |(id, row): &&(Datum, u32)| rows[id].len() > 1 && rows[id][0] == *row;
        let repeated: Vec<(&Datum, &[u32])> =
            given.iter().filter(is_first).map(|(id, _)| (id, &rows[id][..])).collect();
        let verdict = match (&repeated[..], given.len()) {
            (_, 0) => Verdict::unknown("no id was given"),
            ([], _) => Verdict::valid(),
            (repeated, _) => Verdict::of(vec![anomaly(history, repeated)]),
        };
        let range: Vec<Value> = [given.iter().min(), given.iter().max()]
            .into_iter()
            .flatten()
            .map(|(id, _)| Value::from(id))
            .collect();
        verdict
            .with("attempted", attempted)
            .with("acknowledged", given.len())
            .with("duplicated", repeated.len())
            .with("range", range)
    }
}

fn anomaly(history: &History, repeated: &[(&Datum, &[u32])]) -> Anomaly {
    let ops = |rows: &[u32]| -> Vec<u32> {
        rows.iter().take(8).map(|&row| history.op(row).index).collect()
    };
    let line =
        |(id, rows): &(&Datum, &[u32])| vec![Value::from(*id), rows.len().into(), json!(ops(rows))];
    let (first, rows) = repeated[0];
    let explanation = format!(
        "{} given more than once. The first: {first}, {} times, by ops {:?}.",
        if repeated.len() == 1 {
            "1 id was".into()
        } else {
            format!("{} ids were", repeated.len())
        },
        rows.len(),
        ops(rows),
    );
    let head = ["id", "times", "generate"];
    Anomaly::new("duplicated", explanation, Figure::table(&head, repeated.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) -> Verdict {
        let verdict = UniqueIds.check(&notation::history(picture), &Budget::unlimited());
        assert_eq!(verdict.valid, valid, "{verdict:?}");
        verdict
    }

    #[test]
    fn an_id_is_given_once() {
        let verdict = check("0: |- generate -> 7 -| |- generate -> 3 -|", Valid::Valid);
        assert_eq!(verdict.details["range"], json!([3, 7]));
        let twice = "0: |- generate -> 7 -|\n1: |- generate -> 8 -| |- generate -> 7 -|";
        let verdict = check(twice, Valid::Invalid);
        let expected = "1 id was given more than once. The first: 7, 2 times, by ops [2, 5].";
        assert_eq!(verdict.anomalies[0].explanation, expected);
    }

    #[test]
    fn what_was_not_told_is_no_duplicate() {
        check("0: |- generate -> 7 -| |- generate -> null -| |- generate -> null -|", Valid::Valid);
        check("0: |- generate -> null -| |- generate -~", Valid::Unknown);
    }
}
