//! Every element that was added stays, for everybody: a set that grows, judged element by element.
//!
//! An element is *known* once its add was acknowledged or some read has seen it. A read invoked
//! after that must have it. If one misses it and no later read has it, the element is **lost**; if
//! a later read has it, that one was **stale**. What nobody added is **unexpected**, and what one
//! read shows twice **duplicated**.
//!
//! The details say how long it took: `stable_latencies_ns` from the moment an element was known to
//! the last read that still missed it (0 where none did), `lost_latencies_ns` to the last that had
//! it, each as quantiles; and the elements that were missed the longest, as `worst_stale`.
//!
//! *What this proves:* for each element by itself, that its reads and adds are linearizable. *What
//! it does not:* that reads agree on the order in which different elements appeared; for that, see
//! [`crate::model::Set`]. The time it takes is linear in the total size of the reads (which are
//! decoded twice, so that memory is linear in the number of elements).
use serde_json::Value;

use crate::{
    Anomaly, Budget, Checker, Datum, Figure, History, Kind, Process, Stream, Verdict,
    stream::fold::BitByBit,
};

mod element;
mod latency;
mod stream;
mod timeline;
mod told;

use element::{Element, Fate};
use stream::Growing;
use timeline::Timeline;
use told::Told;

/// Checks `add v` and `read -> [..]`.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Whether a read that misses what was known before it is a violation. It is, if the set is
    /// said to be linearizable; one that only promises that nothing is lost may be stale.
    pub stale_is_anomaly: bool,
}

impl Default for Set {
    fn default() -> Set {
        Set { stale_is_anomaly: true }
    }
}

impl Checker for Set {
    /// One anomaly a kind, with a table of elements. Unknown if no read succeeded, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        match Timeline::read(history, budget) {
            Ok(timeline) => self.verdict(&timeline, history),
            Err(verdict) => verdict,
        }
    }

    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        Some(Box::new(BitByBit::new(Growing::new(*self))))
    }
}

impl Set {
    fn verdict(&self, timeline: &Timeline, told: &impl Told) -> Verdict {
        let judged = timeline.judge();
        let of = |fate: Fate| judged.iter().filter(move |(_, f)| *f == fate).map(|(e, _)| *e);
        let mut anomalies = Vec::new();
        let mut report = |name, elements: Vec<&Element>, what| {
            if !elements.is_empty() {
                anomalies.push(anomaly(told, name, &elements, what));
            }
        };
        report("lost", of(Fate::Lost).collect(), "known and then in no read any more");
        if self.stale_is_anomaly {
            let what =
                "known, missed by a later read, and seen again after that or at the same time";
            report("stale", of(Fate::Stale).collect(), what);
        }
        let with = |test: fn(&Element) -> bool| -> Vec<&Element> {
            judged.iter().map(|(e, _)| *e).filter(|e| test(e)).collect()
        };
        let unexpected = with(|e| e.unexpected.is_some());
        report("unexpected", unexpected, "read, though nobody had added them by then");
        let duplicated = with(|e| e.duplicated.is_some());
        report("duplicated", duplicated, "more than once in a single read");
        let verdict = Verdict::of(anomalies);
        let verdict = match timeline.reads() {
            0 => Verdict::unknown("the set was never read"),
            _ => verdict,
        };
        latency::with_latencies(details(verdict, timeline, &judged), told, &judged)
    }
}

fn details(verdict: Verdict, timeline: &Timeline, judged: &[(&Element, Fate)]) -> Verdict {
    let fate = |fate: Fate| judged.iter().filter(|(_, f)| *f == fate).count();
    let count = |test: fn(&Element) -> bool| timeline.elements().filter(|e| test(e)).count();
    verdict
        .with("reads", timeline.reads())
        .with("attempted", count(|e| e.added.is_some()))
        .with("acknowledged", count(|e| e.acknowledged.is_some()))
        .with("ok", fate(Fate::Kept))
        .with("stable", fate(Fate::Kept) + fate(Fate::Stale))
        .with("lost", fate(Fate::Lost))
        .with("stale", fate(Fate::Stale))
        .with("never_read", fate(Fate::NeverRead))
        .with("unexpected", count(|e| e.unexpected.is_some()))
        .with("duplicated", count(|e| e.duplicated.is_some()))
        .with("recovered", count(Element::is_recovered))
}

/// The evidence for one kind: a sentence, and a table of the first elements.
fn anomaly(told: &impl Told, name: &str, elements: &[&Element], what: &str) -> Anomaly {
    let op = |row: Option<u32>| row.map_or(Value::Null, |row| told.index(row).into());
    let node =
        |row: Option<u32>| row.and_then(|row| told.node(row)).map_or(Value::Null, Value::from);
    let line = |element: &&Element| {
        let read = element.evidence(name);
        let value = Value::from(&element.value);
        vec![value, op(element.added), node(element.added), op(read), node(read)]
    };
    let first = elements[0];
    let explanation = format!(
        "{} {} {what}. The first: {}{}{}.",
        elements.len(),
        if elements.len() == 1 { "element" } else { "elements" },
        first.value,
        first.added.map_or(String::new(), |r| format!(", added by op {}", told.index(r))),
        first
            .evidence(name)
            .map_or(String::new(), |r| format!("; see the read of op {}", told.index(r))),
    );
    let head = ["element", "add", "add node", "read", "read node"];
    Anomaly::new(name, explanation, Figure::table(&head, elements.iter().map(line)))
}

/// An ok read of a history: its two rows.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    pub(crate) invoked: u32,
    pub(crate) completed: u32,
}

impl Read {
    /// The same where so many rows come before.
    fn after(self, base: u32) -> Read {
        Read { invoked: base + self.invoked, completed: base + self.completed }
    }
}

/// The reads that answered with a list, in order of invocation.
pub(crate) fn reads(history: &History) -> Vec<Read> {
    let asked = history
        .ops()
        .filter(|op| op.kind == Kind::Invoke && op.f == "read" && op.process != Process::Nemesis);
    let ended = asked.filter_map(|op| {
        let done = history.pair(op.row)?;
        let is_list = done.kind == Kind::Ok && done.value.starts_with('[');
        is_list.then_some(Read { invoked: op.row, completed: done.row })
    });
    ended.collect()
}

/// The elements that a read answered.
pub(crate) fn seen(history: &History, read: &Read) -> Result<Vec<Datum>, Verdict> {
    history.answer(read.completed).map_err(|malformed| Verdict::malformed(&malformed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    fn judge(picture: &str) -> Verdict {
        Set::default().check(&notation::history(picture), &Budget::unlimited())
    }

    #[test]
    fn what_another_read_has_at_the_same_time_is_stale_not_lost() {
        check(
            "0: |- add 1 -|  |---- read -> [] ----|
             1:                |- read -> [1] -|",
            &["stale"],
        );
    }

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = judge(picture);
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    #[test]
    fn an_acknowledged_element_may_not_vanish() {
        let verdict = check("0: |- add 1 -| |- add 2 -| |- read -> [2] -|", &["lost"]);
        assert!(
            verdict.anomalies[0].explanation.contains("1, added by op 0; see the read of op 5")
        );
        assert_eq!((&verdict.details["lost"], &verdict.details["ok"]), (&1.into(), &1.into()));
    }

    #[test]
    fn an_element_once_seen_is_known_even_if_its_add_crashed() {
        check("0: |- add 1 -~\n1:   |- read -> [] -| |- read -> [1] -|", &[]);
        check("0: |- add 1 -~\n1:   |- read -> [1] -| |- read -> [] -|", &["lost"]);
    }

    #[test]
    fn a_stale_read_is_a_violation_only_where_reads_must_be_fresh() {
        let picture = "0: |- add 1 -| |- read -> [] -| |- read -> [1] -|";
        check(picture, &["stale"]);
        let lenient = Set { stale_is_anomaly: false };
        let verdict = lenient.check(&notation::history(picture), &Budget::unlimited());
        assert_eq!((verdict.valid, &verdict.details["stale"]), (Valid::Valid, &1.into()));
    }

    #[test]
    fn a_read_that_overlaps_the_add_may_miss_it() {
        check("0: |- add 1 -----|\n1:    |- read -> [] -| |- read -> [1] -|", &[]);
        check("0: |- add 1 -|\n1:    |- read -> [] ----|", &[]);
    }

    #[test]
    fn what_nobody_added_is_unexpected() {
        check("0: |- read -> [9] -|", &["unexpected"]);
        check("0: |- add 1 -x |- read -> [1] -|", &["unexpected"]);
        check("0: |- read -> [1] -| |- add 1 -|", &["unexpected"]);
        check("0: |- read -> [1] -------|\n1:    |- add 1 -|", &[]);
    }

    #[test]
    fn an_element_is_in_a_read_once() {
        check("0: |- add 1 -| |- read -> [1,1] -|", &["duplicated"]);
    }

    #[test]
    fn a_set_that_nobody_read_is_unknown() {
        assert_eq!(judge("0: |- add 1 -|").valid, Valid::Unknown);
        assert_eq!(judge("0: |- add 1 -| |- read -> null -|").valid, Valid::Unknown);
    }

    #[test]
    fn latencies_run_from_the_moment_an_element_is_known() {
        let verdict = judge(
            "0: |- add 1 -| |- add 2 -|     |- read -> [1] -| |- read -> [2] -|
             1:                             |- read -> [2] -|",
        );
        // Element 1 is known in column 11, and read for the last time from column 29 on. Element 2
        // is known in column 23, and missed by that read alone.
        let all = |ms: u64| {
            let ns = Value::from(ms * 1_000_000);
            let of = ["p0", "p50", "p95", "p99", "p100"].map(|name| (name.to_owned(), ns.clone()));
            Value::Object(of.into_iter().collect())
        };
        assert_eq!(verdict.details["lost_latencies_ns"], all(18), "{verdict:?}");
        assert_eq!(verdict.details["stable_latencies_ns"], all(6));
        let worst = &verdict.details["worst_stale"];
        assert_eq!((&worst[0]["element"], &worst[0]["for_ns"]), (&2.into(), &6_000_000.into()));
    }

    #[test]
    fn crashed_adds_that_were_seen_are_recovered() {
        let verdict = check("0: |- add 1 -~\n1: |- add 2 -~ \n2:           |- read -> [1] -|", &[]);
        assert_eq!(verdict.details["recovered"], 1);
    }
}
