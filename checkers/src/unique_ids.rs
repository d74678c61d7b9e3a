//! A source of ids: was any given out twice?
//!
//! An id that two calls were given is **duplicated**. An answer of `null` is no id.
//!
//! *What this proves:* that the ids in the history are distinct; nobody knows what crashed calls
//! were given. *What it does not:* that ids are in any order, or of any shape. The time it takes is
//! linear; memory, also where the history comes bit by bit, in the number of ids.
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::{
    Anomaly, Budget, Checker, Datum, Figure, History, Outcome, Stream, Verdict,
    model::IdInput,
    stream::fold::{BitByBit, Fold, Part, at_once},
};

/// Checks `generate -> id`.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueIds;

impl Checker for UniqueIds {
    /// One anomaly with a table of the ids that were given more than once. Unknown if none was
    /// given at all.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        at_once(Given::default(), history, budget)
    }

    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        Some(Box::new(BitByBit::new(Given::default())))
    }
}

/// The ids that were given.
#[derive(Default)]
struct Given {
    attempted: usize,
    count: usize,
    /// Of each, which answer was the first to give it, and the op that it was.
    first: FxHashMap<Datum, (usize, u32)>,
    /// Those given again, in order of their first answers.
    repeated: BTreeMap<usize, Repeated>,
    range: Option<[Datum; 2]>,
}

/// An id that was given more than once.
struct Repeated {
    id: Datum,
    times: usize,
    /// The ops that gave it, the first few.
    ops: Vec<u32>,
}

/// So many ops are shown of those that gave an id.
const OPS_MAX: usize = 8;

impl Given {
    fn note(&mut self, id: Datum, op: u32) {
        let (number, first) = *self.first.entry(id.clone()).or_insert((self.count, op));
        if number < self.count {
            let repeated = self.repeated.entry(number).or_insert_with(|| Repeated {
                id: id.clone(),
                times: 1,
                ops: vec![first],
            });
            repeated.times += 1;
            if repeated.ops.len() < OPS_MAX {
                repeated.ops.push(op);
            }
        }
        self.count += 1;
        match &mut self.range {
            None => self.range = Some([id.clone(), id]),
            Some([least, _]) if id < *least => *least = id,
            Some([_, most]) if id > *most => *most = id,
            Some(_) => (),
        }
    }

    fn anomaly(&self) -> Option<Anomaly> {
        let first = self.repeated.values().next()?;
        let explanation = format!(
            "{} given more than once. The first: {}, {} times, by ops {:?}.",
            if self.repeated.len() == 1 {
                "1 id was".into()
            } else {
                format!("{} ids were", self.repeated.len())
            },
            first.id,
            first.times,
            first.ops,
        );
        let line = |it: &Repeated| vec![Value::from(&it.id), it.times.into(), json!(it.ops)];
        let figure = Figure::table(&["id", "times", "generate"], self.repeated.values().map(line));
        Some(Anomaly::new("duplicated", explanation, figure))
    }
}

impl Fold for Given {
    fn take_in(&mut self, part: &Part<'_>, _: &Budget) -> Result<(), Verdict> {
        let calls = part.history.calls::<IdInput, Datum>();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            self.attempted += 1;
            if let Outcome::Ok { completed, output } = call.outcome
                && !output.is_null()
            {
                self.note(output, part.history.op(completed).index);
            }
        }
        Ok(())
    }

    fn is_violated(&self) -> bool {
        !self.repeated.is_empty()
    }

    fn verdict(&mut self) -> Verdict {
        let verdict = match self.count {
            0 => Verdict::unknown("no id was given"),
            _ => Verdict::of(self.anomaly().into_iter().collect()),
        };
        let range: Vec<Value> = self.range.iter().flatten().map(Value::from).collect();
        verdict
            .with("attempted", self.attempted)
            .with("acknowledged", self.count)
            .with("duplicated", self.repeated.len())
            .with("range", range)
    }
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
