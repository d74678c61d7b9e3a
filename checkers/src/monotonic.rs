//! Every add is one more than the largest there is, and the database's own clock agrees.
//!
//! `add -> [v,t]` reads the largest value, adds `v`, one more, in the same transaction, and answers
//! with the timestamp `t` that the database gave it; `read -> [[v,t],..]` has all of them. Ordered
//! by timestamp, values must grow (**reordered**). No two adds have the same value
//! (**duplicated**). An add that began after another had completed has a larger value
//! (**nonmonotonic**); of one process that must hold wherever sessions are kept, of all of them
//! where the database is strictly serializable. A read lacks nothing (**lost**) that had been
//! acknowledged before it began, to the same process or to any, just so; nor whatever is smaller
//! than what it has. And there are no more other values than adds whose fate is unknown
//! (**unexpected**).
//!
//! *What this proves:* that the adds were done one after the other, in the order of timestamps and
//! of real time, as far as reads show them. *What it does not:* anything about keys that are not
//! touched together. Time is `n log n` in the size of the reads.
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::{
    Anomaly, Budget, Call, Checker, Figure, History, Malformed, Outcome, Process, Verdict,
};

/// Checks `add` and `read`.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic {
    /// Whether calls of different processes are in the order of real time as well.
    pub real_time: bool,
}

impl Default for Monotonic {
    fn default() -> Monotonic {
        Monotonic { real_time: true }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Add(IgnoredAny),
    Read,
}

/// A value with its timestamp.
type Entry = (i64, i64);

/// An add that was acknowledged.
#[derive(Clone, Copy)]
struct Added {
    invoked: u32,
    completed: u32,
    process: Process,
    entry: Entry,
}

#[derive(Default)]
struct Adds {
    acknowledged: Vec<Added>,
    /// How many may have happened or not.
    uncertain: usize,
}

/// A read that was answered.
struct Read {
    invoked: u32,
    process: Process,
    entries: Vec<Entry>,
}

/// Rows by kind of anomaly: two ops, or an op and a read, with their values.
type Rows = BTreeMap<&'static str, Vec<Vec<Value>>>;

/// What each kind is.
const ABOUT: [(&str, &str); 5] = [
    ("duplicated", "values were added twice"),
    ("lost", "values were acknowledged, and not in a later read"),
    ("nonmonotonic", "adds have no larger value than one that had completed before they began"),
    ("reordered", "values are in another order than their timestamps"),
    ("unexpected", "values were read that nobody can have added"),
];

impl Checker for Monotonic {
    /// One anomaly a kind, with a table. Unknown if no read succeeded, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let (adds, reads) = match calls(history) {
            Ok(calls) => calls,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let mut rows = Rows::new();
        self.note_order(history, &adds, &mut rows);
        note_twice(history, &adds, &mut rows);
        let known: FxHashSet<i64> = adds.acknowledged.iter().map(|added| added.entry.0).collect();
        let mut is_out_of_time = false;
        for read in &reads {
            is_out_of_time = budget.is_over();
            if is_out_of_time {
                break;
            }
            note_order_read(history, read, &mut rows);
            self.note_lost(history, &adds, read, &mut rows);
            note_unexpected(history, &known, adds.uncertain, read, &mut rows);
        }
        let anomalies = ABOUT.iter().filter_map(|(name, about)| {
            let rows = rows.get(name)?;
            let explanation = format!("{name}: {} {about}", rows.len());
            let figure = Figure::table(&["op", "value", "other op", "other value"], rows.clone());
            Some(Anomaly::new(name, explanation, figure))
        });
        let verdict = match reads.len() {
            0 => Verdict::unknown("the values were never read"),
            _ if is_out_of_time && rows.is_empty() => {
                Verdict::unknown("out of time while comparing reads")
            }
            _ => Verdict::of(anomalies.collect()),
        };
        let verdict = verdict.with("reads", reads.len()).with("added", adds.acknowledged.len());
        ABOUT.iter().fold(verdict, |verdict, (name, _)| {
            verdict.with(name, rows.get(name).map_or(0, Vec::len))
        })
    }
}

fn calls(history: &History) -> Result<(Adds, Vec<Read>), Malformed> {
    let calls = history.calls::<Input, IgnoredAny>()?;
    let (mut adds, mut reads) = (Adds::default(), Vec::new());
    for call in calls {
        let Call { invoked, process, input, outcome } = call;
        match (input, outcome) {
            (Input::Add(_), Outcome::Info) => adds.uncertain += 1,
            (Input::Add(_), Outcome::Ok { completed, .. }) => {
                let entry = history.answer(completed)?;
                adds.acknowledged.push(Added { invoked, completed, process, entry });
            }
            (Input::Read, Outcome::Ok { completed, .. }) => {
                let entries = history.answer(completed)?;
                reads.push(Read { invoked, process, entries });
            }
            _ => (),
        }
    }
    Ok((adds, reads))
}

fn row(history: &History, one: (u32, Entry), other: Option<(u32, Entry)>) -> Vec<Value> {
    let op = |row: u32| Value::from(history.op(row).index);
    let value = |(value, at): Entry| Value::from(format!("{value} at {at}"));
    let mut cells = vec![op(one.0), value(one.1)];
    match other {
        Some(other) => cells.extend([op(other.0), value(other.1)]),
        None => cells.extend([Value::Null, Value::Null]),
    }
    cells
}

impl Monotonic {
    /// Adds that are no larger than what had completed before: one pass in order of rows.
    fn note_order(&self, history: &History, adds: &Adds, rows: &mut Rows) {
        let mut ends: Vec<(u32, usize, bool)> = Vec::new();
        for (number, added) in adds.acknowledged.iter().enumerate() {
            ends.push((added.invoked, number, false));
            ends.push((added.completed, number, true));
        }
        ends.sort_unstable();
        // The largest that has completed, of all processes together or of each by itself.
        let mut largest: FxHashMap<Option<Process>, Added> = FxHashMap::default();
        for (_, number, is_end) in ends {
            let added = adds.acknowledged[number];
            let whose = (!self.real_time).then_some(added.process);
            let before = largest.get(&whose).copied();
            if is_end {
                if before.is_none_or(|before| before.entry.0 < added.entry.0) {
                    largest.insert(whose, added);
                }
            } else if let Some(before) = before.filter(|before| before.entry.0 >= added.entry.0) {
                let other = Some((before.invoked, before.entry));
                let cells = row(history, (added.invoked, added.entry), other);
                rows.entry("nonmonotonic").or_default().push(cells);
            }
        }
    }

    /// What was there when a read looked, and is not in it: an add takes the value after the
    /// largest, so smaller ones were there before larger ones.
    fn note_lost(&self, history: &History, adds: &Adds, read: &Read, rows: &mut Rows) {
        let there: FxHashSet<i64> = read.entries.iter().map(|entry| entry.0).collect();
        let largest = read.entries.iter().map(|entry| entry.0).max();
        let is_due = |added: &&Added| {
            let is_before = added.completed < read.invoked;
            is_before && (self.real_time || added.process == read.process)
                || largest.is_some_and(|largest| added.entry.0 < largest)
        };
        for added in adds.acknowledged.iter().filter(is_due) {
            if !there.contains(&added.entry.0) {
                let other = Some((added.invoked, added.entry));
                let cells = row(history, (read.invoked, added.entry), other);
                rows.entry("lost").or_default().push(cells);
            }
        }
    }
}

/// Values that two adds say they added.
fn note_twice(history: &History, adds: &Adds, rows: &mut Rows) {
    let mut of_value: FxHashMap<i64, Added> = FxHashMap::default();
    for added in &adds.acknowledged {
        if let Some(other) = of_value.insert(added.entry.0, *added) {
            let other = Some((other.invoked, other.entry));
            let cells = row(history, (added.invoked, added.entry), other);
            rows.entry("duplicated").or_default().push(cells);
        }
    }
}

/// What one read has in another order than that of its timestamps.
fn note_order_read(history: &History, read: &Read, rows: &mut Rows) {
    let mut note = |name, one: Entry, other: Option<(u32, Entry)>| {
        rows.entry(name).or_default().push(row(history, (read.invoked, one), other));
    };
    let mut by_time = read.entries.clone();
    by_time.sort_by_key(|(value, at)| (*at, *value));
    for two in by_time.windows(2) {
        if two[1].0 < two[0].0 {
            note("reordered", two[1], Some((read.invoked, two[0])));
        } else if two[1].0 == two[0].0 {
            note("duplicated", two[1], Some((read.invoked, two[0])));
        }
    }
}

/// What one read has beyond what was acknowledged and what may have been added.
fn note_unexpected(
    history: &History,
    known: &FxHashSet<i64>,
    uncertain: usize,
    read: &Read,
    rows: &mut Rows,
) {
    let others = read.entries.iter().filter(|entry| !known.contains(&entry.0));
    for entry in others.skip(uncertain) {
        rows.entry("unexpected").or_default().push(row(history, (read.invoked, *entry), None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = Monotonic::default().check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    #[test]
    fn values_and_timestamps_grow_together() {
        check("0: |- add -> [1,10] -| |- add -> [2,20] -| |- read -> [[1,10],[2,20]] -|", &[]);
        check(
            "0: |- add -> [1,20] -|
             1: |- add -> [2,10] -|  |- read -> [[1,20],[2,10]] -|",
            &["reordered"],
        );
    }

    #[test]
    fn who_begins_later_adds_more() {
        let picture = "
            0: |- add -> [2,10] -|
            1:                     |- add -> [1,20] -|
            2:                                         |- read -> [] -~";
        let reads = "
            3: |- read -> [] -|";
        check(&[picture, reads].concat(), &["nonmonotonic"]);
        let lenient = Monotonic { real_time: false };
        let history = notation::history(&[picture, reads].concat());
        assert_eq!(lenient.check(&history, &Budget::unlimited()).valid, Valid::Valid);
        let one = "0: |- add -> [2,10] -| |- add -> [1,20] -|\n3: |- read -> [] -|";
        let verdict = lenient.check(&notation::history(one), &Budget::unlimited());
        assert_eq!(verdict.valid, Valid::Invalid, "sessions are kept");
    }

    #[test]
    fn no_value_is_added_twice() {
        check(
            "0: |- add -> [1,10] -|
             1: |- add -> [1,20] -|  |- read -> [[1,10],[1,20]] -|",
            &["duplicated"],
        );
    }

    #[test]
    fn what_was_acknowledged_stays() {
        check("0: |- add -> [1,10] -| |- read -> [] -|", &["lost"]);
        check("0: |- add -> [1,10] ----|\n1:  |- read -> [] -|", &[]);
    }

    #[test]
    fn what_is_smaller_was_there_before() {
        let open = "0: |- add -> [1,10] ---------------|\n1: |- add -> [2,20] -|";
        check(&format!("{open}\n2: |- read -> [[2,20]] -|"), &["lost"]);
        check(&format!("{open}\n2: |- read -> [[1,10]] -|"), &[]);
    }

    #[test]
    fn a_read_may_be_stale_where_only_sessions_are_kept() {
        let lenient = Monotonic { real_time: false };
        let judge =
            |picture: &str| lenient.check(&notation::history(picture), &Budget::unlimited()).valid;
        assert_eq!(
            judge("0: |- add -> [1,10] -|\n1:                      |- read -> [] -|"),
            Valid::Valid
        );
        assert_eq!(judge("0: |- add -> [1,10] -| |- read -> [] -|"), Valid::Invalid);
        let two = "0: |- add -> [1,10] -| |- add -> [2,20] -|";
        assert_eq!(judge(&format!("{two}\n1: |- read -> [[2,20]] -|")), Valid::Invalid);
    }

    #[test]
    fn there_are_no_more_values_than_adds() {
        check("0: |- add -~\n1:          |- read -> [[1,10]] -|", &[]);
        check("0: |- add -~\n1:          |- read -> [[1,10],[2,20]] -|", &["unexpected"]);
        check("0: |- add -x |- read -> [[1,10]] -|", &["unexpected"]);
    }

    #[test]
    fn values_that_nobody_read_are_unknown() {
        assert_eq!(check("0: |- add -> [1,10] -|", &[]).valid, Valid::Unknown);
    }
}
