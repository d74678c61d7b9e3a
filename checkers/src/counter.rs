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
//! [`crate::model::Counter`]. The time it takes is that of sorting. Where the history comes bit by
//! bit, what is kept are the calls that the oldest open call holds up, and, of adds that tell, what
//! they told; that a counter only grows is known in the end alone, and so is a lost update.
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::{
    Anomaly, Budget, Checker, Datum, Figure, History, Outcome, Stream, Verdict,
    model::CounterInput,
    stream::fold::{BitByBit, Fold, Part, Told, at_once},
};

/// Checks `add n`, `increment [n]`, `decrement [n]` and `read -> v`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    /// What it counts from.
    pub init: i64,
    /// Whether an add answers what the counter is after it; else what it answers means nothing.
    pub tells: bool,
}

impl Checker for Counter {
    /// One anomaly for all reads that are out of bounds. Unknown if nothing was read.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        at_once(Count::new(*self), history, budget)
    }

    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        Some(Box::new(BitByBit::new(Count::new(*self))))
    }
}

/// What happens to the bounds, in order of rows, and of what happens at one row.
enum Event {
    Begins(i64),
    /// A read begins: the n-th of them.
    Asked(u32),
    /// It ends. What an add tells is compared before the add counts as done.
    Told(u32),
    Completes(i64),
}

/// What was told of the counter, and between what it should have been.
#[derive(Clone)]
struct Read {
    told: Told,
    seen: Datum,
    /// What was added to tell; 0 by a read.
    own: i64,
    /// The least, and the same where the counter may shrink.
    least: i128,
    least_if_shrinking: i128,
    most: i128,
}

impl Read {
    fn is_within(&self, least: i128) -> bool {
        match self.seen {
            Datum::Int(seen) => (least..=self.most).contains(&i128::from(seen)),
            _ => false,
        }
    }
}

/// A counter, as far as its calls are known.
struct Count {
    counter: Counter,
    /// What is still to happen, by row and by its place among what happens there.
    events: BTreeMap<(u32, u8), Event>,
    /// Sums of what had begun and of what had completed, of increments and of decrements.
    more_begun: i128,
    more_done: i128,
    less_begun: i128,
    less_done: i128,
    /// The most that was told, of a counter that only grows.
    most_told: i128,
    only_grows: bool,
    adds: usize,
    reads: u32,
    /// Reads that have not ended, by number.
    open: FxHashMap<u32, Read>,
    /// Reads that are out of bounds if the counter only grows, by number, and whether some are in
    /// any case.
    wrong: BTreeMap<u32, Read>,
    is_violated: bool,
    /// What adds told first, and those that told it again.
    first: FxHashMap<Datum, Told>,
    repeated: Vec<Repeated>,
}

/// Two adds that told the same.
struct Repeated {
    seen: Datum,
    one: Told,
    other: Told,
}

impl Count {
    fn new(counter: Counter) -> Count {
        Count {
            counter,
            events: BTreeMap::new(),
            more_begun: 0,
            more_done: 0,
            less_begun: 0,
            less_done: 0,
            most_told: i128::MIN,
            only_grows: true,
            adds: 0,
            reads: 0,
            open: FxHashMap::default(),
            wrong: BTreeMap::new(),
            is_violated: false,
            first: FxHashMap::default(),
            repeated: Vec::new(),
        }
    }

    fn begins(&mut self, row: u32, n: i64) {
        self.events.insert((row, 0), Event::Begins(n));
        self.adds += 1;
        self.only_grows &= n >= 0;
    }

    fn reads(&mut self, [invoked, completed]: [u32; 2], told: Told, seen: Datum, own: i64) {
        if own > 0 {
            let one = self.first.entry(seen.clone()).or_insert_with(|| told.clone());
            if one.index != told.index {
                let (seen, one, other) = (seen.clone(), one.clone(), told.clone());
                self.repeated.push(Repeated { seen, one, other });
            }
        }
        let read = Read { told, seen, own, least: 0, least_if_shrinking: 0, most: 0 };
        self.open.insert(self.reads, read);
        self.events.insert((invoked, 1), Event::Asked(self.reads));
        self.events.insert((completed, 0), Event::Told(self.reads));
        self.reads += 1;
    }

    /// Lets everything happen that happens before this row.
    fn advance(&mut self, until: u32) {
        while let Some(first) = self.events.first_entry().filter(|e| e.key().0 < until) {
            match first.remove() {
                Event::Begins(n) if n > 0 => self.more_begun += i128::from(n),
                Event::Begins(n) => self.less_begun += i128::from(n),
                Event::Completes(n) if n > 0 => self.more_done += i128::from(n),
                Event::Completes(n) => self.less_done += i128::from(n),
                Event::Asked(number) => {
                    let Some(read) = self.open.get_mut(&number) else { continue };
                    let (init, own) = (i128::from(self.counter.init), i128::from(read.own));
                    read.least = (init + self.more_done).max(self.most_told) + own.max(0);
                    read.least_if_shrinking = init + self.more_done + own.max(0);
                    read.most = init + self.less_done + own.min(0);
                }
                Event::Told(number) => self.told(number),
            }
        }
    }

    fn told(&mut self, number: u32) {
        let Some(mut read) = self.open.remove(&number) else { return };
        read.least += self.less_begun;
        read.least_if_shrinking += self.less_begun;
        read.most += self.more_begun;
        if let (true, Datum::Int(seen)) = (self.counter.tells, &read.seen) {
            self.most_told = self.most_told.max(i128::from(*seen));
        }
        if !read.is_within(read.least) {
            self.is_violated |= !read.is_within(read.least_if_shrinking);
            self.wrong.insert(number, read);
        }
    }
}

impl Fold for Count {
    fn take_in(&mut self, part: &Part<'_>, _: &Budget) -> Result<(), Verdict> {
        let calls = part.history.calls::<CounterInput, Datum>();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            let invoked = part.base + call.invoked;
            let (completed, seen) = match call.outcome {
                Outcome::Fail => continue,
                Outcome::Info => {
                    if let CounterInput::Add(n) = call.input {
                        self.begins(invoked, n);
                    }
                    continue;
                }
                Outcome::Ok { completed, output } => (completed, output),
            };
            let told = || Told::of(part.history, completed);
            let rows = [invoked, part.base + completed];
            match call.input {
                CounterInput::Read if seen.is_null() => (),
                CounterInput::Read => self.reads(rows, told(), seen, 0),
                CounterInput::Add(n) => {
                    self.begins(invoked, n);
                    if self.counter.tells && !seen.is_null() {
                        self.reads(rows, told(), seen, n);
                    }
                    self.events.insert((rows[1], 1), Event::Completes(n));
                }
            }
        }
        self.advance(part.until);
        Ok(())
    }

    fn is_violated(&self) -> bool {
        self.is_violated
    }

    fn verdict(&mut self) -> Verdict {
        if !self.only_grows {
            self.repeated.clear();
            self.wrong.retain(|_, read| {
                read.least = read.least_if_shrinking;
                !read.is_within(read.least)
            });
        }
        let wrong: Vec<&Read> = self.wrong.values().collect();
        let anomalies = [anomaly(&wrong), lost_update(&self.repeated)];
        let verdict = match self.reads {
            0 => Verdict::unknown("the counter was never read"),
            _ => Verdict::of(anomalies.into_iter().flatten().collect()),
        };
        let verdict = verdict.with("reads", self.reads).with("adds", self.adds);
        verdict.with("out_of_bounds", wrong.len())
    }
}

/// Of a counter that only grows: adds that tell what another had told, each after that one.
fn lost_update(repeated: &[Repeated]) -> Option<Anomaly> {
    let line =
        |it: &Repeated| vec![Value::from(&it.seen), it.one.index.into(), it.other.index.into()];
    let first = repeated.first()?;
    let explanation = format!(
        "{} what another had made of it. The first: op {} and op {} both made it {}.",
        if repeated.len() == 1 {
            "1 add made".into()
        } else {
            format!("{} adds made", repeated.len())
        },
        first.one.index,
        first.other.index,
        first.seen,
    );
    let figure = Figure::table(&["sum", "op", "other op"], repeated.iter().map(line));
    Some(Anomaly::new("lost-update", explanation, figure))
}

fn anomaly(wrong: &[&Read]) -> Option<Anomaly> {
    // Beyond 64 bits a bound is shown as text.
    let number = |n: i128| i64::try_from(n).map_or_else(|_| n.to_string().into(), Value::from);
    let line = |read: &&Read| {
        let Told { index, node } = read.told.clone();
        let seen = Value::from(&read.seen);
        vec![index.into(), node.into(), number(read.least), seen, number(read.most)]
    };
    let first = wrong.first()?;
    let explanation = format!(
        "{} read what the counter cannot have been. The first: op {} read {}, though it was at \
         least {} and at most {}.",
        if wrong.len() == 1 { "1 call".into() } else { format!("{} calls", wrong.len()) },
        first.told.index,
        first.seen,
        first.least,
        first.most,
    );
    let head = ["read", "node", "at least", "was read", "at most"];
    let figure = Figure::table(&head, wrong.iter().map(line));
    Some(Anomaly::new("out-of-bounds", explanation, figure))
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
