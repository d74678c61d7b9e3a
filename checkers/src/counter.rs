//! A counter: could each read have seen what it saw?
//!
//! While a read runs, the counter is at least what it was told for sure to be by then: every
//! increment that had completed before the read began, and every decrement that had begun before
//! it ended. It is at most what it may have become: increments that had begun, decrements that had
//! completed. What crashed may count, at any later time or never; what failed does not. A read
//! outside these bounds is **out of bounds**.
//!
//! Where an add tells what it made of the counter ([`Counter::tells`]), its answer is held to the
//! same bounds, with itself; and of a counter that only grows, to be greater than whatever had been
//! told before it began. Two adds that tell the same then lost an update: **lost update**.
//!
//! *What this proves:* for each read by itself, that some of the adds may explain it; nobody can
//! prove more of a counter that is consistent eventually. *What it does not:* that the reads agree
//! with each other, and that a sum within the bounds is the sum of some of the adds; for that, see
//! [`crate::model::Counter`]. The time it takes is that of sorting.
use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::{
    Anomaly, Budget, Checker, Datum, Figure, History, Malformed, Outcome, Verdict,
    model::CounterInput,
};

/// Checks `add n`, `increment [n]`, `decrement [n]` and `read -> v`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    /// What it counts from.
    pub init: i64,
    /// Whether an add answers what the counter is after it; else what it answers means nothing.
    pub tells: bool,
}

/// What happens to the bounds, in order of rows.
enum Event {
    Begins(i64),
    Completes(i64),
    /// A read begins: the n-th of them.
    Asked(usize),
    /// It ends.
    Told(usize),
}

/// What was told of the counter, and between what it should have been.
struct Read {
    completed: u32,
    seen: Datum,
    /// What was added to tell; 0 by a read.
    own: i64,
    least: i128,
    most: i128,
}

/// All that was told, how many adds may have happened, and whether none of them takes away.
struct Bounded {
    reads: Vec<Read>,
    adds: usize,
    only_grows: bool,
}

impl Read {
    fn is_within(&self) -> bool {
        match self.seen {
            Datum::Int(seen) => (self.least..=self.most).contains(&i128::from(seen)),
            _ => false,
        }
    }
}

impl Checker for Counter {
    /// One anomaly for all reads that are out of bounds. Unknown if nothing was read.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let Bounded { reads, adds, only_grows } = match self.bounded(history) {
            Ok(bounded) => bounded,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let wrong: Vec<&Read> = reads.iter().filter(|read| !read.is_within()).collect();
        let repeated = if only_grows { repeated(&reads) } else { Vec::new() };
        let mut anomalies = Vec::new();
        if !wrong.is_empty() {
            anomalies.push(anomaly(history, &wrong));
        }
        if !repeated.is_empty() {
            anomalies.push(lost_update(history, &repeated));
        }
        let verdict = match reads.len() {
            0 => Verdict::unknown("the counter was never read"),
            _ => Verdict::of(anomalies),
        };
        let verdict = verdict.with("reads", reads.len()).with("adds", adds);
        verdict.with("out_of_bounds", wrong.len())
    }
}

impl Counter {
    fn bounded(&self, history: &History) -> Result<Bounded, Malformed> {
        let mut events = Vec::new();
        let mut reads: Vec<Read> = Vec::new();
        for call in history.calls::<CounterInput, Datum>()? {
            match (call.input, call.outcome) {
                (_, Outcome::Fail)
                | (CounterInput::Read, Outcome::Info | Outcome::Ok { output: Datum::Null, .. }) => {
                }
                (CounterInput::Add(n), outcome) => {
                    events.push((call.invoked, Event::Begins(n)));
                    let Outcome::Ok { completed, output: seen } = outcome else { continue };
                    if self.tells && !seen.is_null() {
                        events.push((call.invoked, Event::Asked(reads.len())));
                        events.push((completed, Event::Told(reads.len())));
                        reads.push(Read { completed, seen, own: n, least: 0, most: 0 });
                    }
                    events.push((completed, Event::Completes(n)));
                }
                (CounterInput::Read, Outcome::Ok { completed, output: seen }) => {
                    events.push((call.invoked, Event::Asked(reads.len())));
                    events.push((completed, Event::Told(reads.len())));
                    reads.push(Read { completed, seen, own: 0, least: 0, most: 0 });
                }
            }
        }
        // Stable: what an add tells is compared before the add counts as done.
        events.sort_by_key(|(row, _)| *row);
        let adds = events.iter().filter_map(|(_, event)| match event {
            Event::Begins(n) => Some(*n),
            _ => None,
        });
        let only_grows = adds.clone().all(|n| n >= 0);
        let adds = adds.count();
        self.bound(&events, only_grows, &mut reads);
        Ok(Bounded { reads, adds, only_grows })
    }

    fn bound(&self, events: &[(u32, Event)], only_grows: bool, reads: &mut [Read]) {
        let init = i128::from(self.init);
        // Sums of what had begun and of what had completed, of increments and of decrements.
        let (mut more_begun, mut more_done) = (0_i128, 0_i128);
        let (mut less_begun, mut less_done) = (0_i128, 0_i128);
        let mut told = i128::MIN;
        for (_, event) in events {
            match *event {
                Event::Begins(n) if n > 0 => more_begun += i128::from(n),
                Event::Begins(n) => less_begun += i128::from(n),
                Event::Completes(n) if n > 0 => more_done += i128::from(n),
                Event::Completes(n) => less_done += i128::from(n),
                Event::Asked(read) => {
                    let own = i128::from(reads[read].own);
                    reads[read].least = (init + more_done).max(told) + own.max(0);
                    reads[read].most = init + less_done + own.min(0);
                }
                Event::Told(read) => {
                    reads[read].least += less_begun;
                    reads[read].most += more_begun;
                    if let (true, Datum::Int(seen)) = (self.tells && only_grows, &reads[read].seen)
                    {
                        told = told.max(i128::from(*seen));
                    }
                }
            }
        }
    }
}

/// Of a counter that only grows: adds that tell what another had told, each after that one.
fn repeated<'r>(reads: &'r [Read]) -> Vec<(&'r Read, &'r Read)> {
    let mut first: FxHashMap<&Datum, &'r Read> = FxHashMap::default();
    let adds = reads.iter().filter(|read| read.own > 0);
    let pair = |read: &'r Read| {
        let before = *first.entry(&read.seen).or_insert(read);
        (before.completed != read.completed).then_some((before, read))
    };
    adds.filter_map(pair).collect()
}

fn lost_update(history: &History, repeated: &[(&Read, &Read)]) -> Anomaly {
    let op = |read: &Read| history.op(read.completed).index;
    let line = |(one, other): &(&Read, &Read)| {
        vec![Value::from(&one.seen), op(one).into(), op(other).into()]
    };
    let (one, other) = repeated[0];
    let explanation = format!(
        "{} what another had made of it. The first: op {} and op {} both made it {}.",
        if repeated.len() == 1 {
            "1 add made".into()
        } else {
            format!("{} adds made", repeated.len())
        },
        op(one),
        op(other),
        one.seen,
    );
    let head = ["sum", "op", "other op"];
    Anomaly::new("lost-update", explanation, Figure::table(&head, repeated.iter().map(line)))
}

fn anomaly(history: &History, wrong: &[&Read]) -> Anomaly {
    // Beyond 64 bits a bound is shown as text.
    let number = |n: i128| i64::try_from(n).map_or_else(|_| n.to_string().into(), Value::from);
    let line = |read: &&Read| {
        let op = history.op(read.completed);
        let node = op.node.map_or(Value::Null, Value::from);
        let seen = Value::from(&read.seen);
        vec![op.index.into(), node, number(read.least), seen, number(read.most)]
    };
    let first = wrong[0];
    let explanation = format!(
        "{} read what the counter cannot have been. The first: op {} read {}, though it was at \
         least {} and at most {}.",
        if wrong.len() == 1 { "1 call".into() } else { format!("{} calls", wrong.len()) },
        history.op(first.completed).index,
        first.seen,
        first.least,
        first.most,
    );
    let head = ["read", "node", "at least", "was read", "at most"];
    Anomaly::new("out-of-bounds", explanation, Figure::table(&head, wrong.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) -> Verdict {
        let verdict = Counter::default().check(&notation::history(picture), &Budget::unlimited());
        assert_eq!(verdict.valid, valid, "{picture}: {verdict:?}");
        verdict
    }

    #[test]
    fn what_was_acknowledged_counts() {
        check("0: |- add 2 -| |- add 3 -| |- read -> 5 -|", Valid::Valid);
        let verdict = check("0: |- add 2 -| |- add 3 -| |- read -> 3 -|", Valid::Invalid);
        let expected = "op 5 read 3, though it was at least 5 and at most 5.";
        assert!(verdict.anomalies[0].explanation.ends_with(expected), "{verdict:?}");
    }

    #[test]
    fn what_runs_or_crashed_may_count() {
        for seen in [0, 2] {
            check(&format!("0: |- add 2 -----|\n1: |- read -> {seen} -|"), Valid::Valid);
            check(&format!("0: |- add 2 -~\n1: {:12}|- read -> {seen} -|", ""), Valid::Valid);
        }
        check("0: |- add 2 -----|\n1: |- read -> 3 -|", Valid::Invalid);
        check("0: |- add 2 -x |- read -> 2 -|", Valid::Invalid);
    }

    #[test]
    fn a_decrement_lowers_what_it_may_be_once_it_begins_and_what_it_must_be_once_it_ends() {
        for (seen, valid) in
            [(4, Valid::Invalid), (5, Valid::Valid), (7, Valid::Valid), (8, Valid::Invalid)]
        {
            let running = "0: |- add 7 -| |- decrement 2 -----------|";
            check(&format!("{running}\n1: {:17}|- read -> {seen} -|", ""), valid);
        }
        check("0: |- add 7 -| |- decrement -| |- read -> 6 -|", Valid::Valid);
        check("0: |- add 7 -| |- decrement -| |- read -> 7 -|", Valid::Invalid);
    }

    #[test]
    fn a_read_that_says_nothing_proves_nothing() {
        check("0: |- add 7 -| |- read -> null -|", Valid::Unknown);
        check("0: |- add 7 -| |- read -> 7 -| |- read -> \"7\" -|", Valid::Invalid);
    }

    #[test]
    fn adds_that_tell_are_held_to_what_they_tell() {
        let told = |picture: &str| {
            let checker = Counter { tells: true, ..Counter::default() };
            let verdict = checker.check(&notation::history(picture), &Budget::unlimited());
            verdict.anomalies.iter().map(|a| a.name.clone()).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(told("0: |- add 1 -> 1 -| |- add 1 -> 2 -| |- read -> 2 -|"), none);
        assert_eq!(told("0: |- add 1 -> 1 -|\n1: |- add 1 -> 1 -|"), ["lost-update"]);
        assert_eq!(told("0: |- add 1 -> 2 -|"), ["out-of-bounds"]);
        // Both may have happened before the first, but then not before the second.
        let crashed = "1: |- add 1 -~\n2: |- add 1 -~\n0: |- add 1 -> 3 -|";
        assert_eq!(told(&format!("{crashed} |- add 1 -> 4 -|")), none);
        assert_eq!(told(&format!("{crashed} |- add 1 -> 2 -|")), ["out-of-bounds"]);
        assert_eq!(told("0: |- add 3 -> 3 -| |- decrement 1 -> 2 -| |- add 1 -> 3 -|"), none);
    }

    #[test]
    fn sums_beyond_64_bits_are_sums_all_the_same() {
        let most = i64::MAX;
        check(
            &format!("0: |- add {most} -| |- add {most} -| |- read -> {most} -|"),
            Valid::Invalid,
        );
    }
}
