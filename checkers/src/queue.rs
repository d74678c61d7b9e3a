//! A queue in no particular order: does everything that was put in come out, once?
//!
//! What comes out without having been put in by then is **unexpected**, what comes out more often
//! than it had been put in **duplicated**. What was acknowledged before the queue was last found
//! empty, and never came out, is **lost**; but as many as there are crashed dequeues may have been
//! taken by those, so nothing is called lost unless more are missing. What never was acknowledged
//! and yet came out is counted as **recovered**.
//!
//! *What this proves:* that values are kept, as multisets. *What it does not:* anything about
//! their order, and that an answer of "empty" was true in the middle of the history; for those, see
//! [`crate::model::FifoQueue`] and [`crate::model::UnorderedQueue`]. The time it takes is that of
//! sorting.
use serde_json::{Value, json};

use crate::{Anomaly, Budget, Checker, Figure, History, Verdict};

mod ledger;

use ledger::{Account, Ledger};

/// Checks `enqueue v`, `dequeue -> v` (null: empty) and `drain -> [..]` (all there is), or what
/// stacks and heaps call the same.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Whether what was acknowledged may be lost.
    pub may_lose: bool,
    /// Whether what was put in once may come out several times.
    pub may_repeat: bool,
}

impl Queue {
    /// Every value comes out at most as often as it was put in.
    pub const AT_MOST_ONCE: Queue = Queue { may_lose: true, may_repeat: false };
    /// Every value comes out at least as often as it was put in.
    pub const AT_LEAST_ONCE: Queue = Queue { may_lose: false, may_repeat: true };
    /// Every value comes out as often as it was put in.
    pub const EXACTLY_ONCE: Queue = Queue { may_lose: false, may_repeat: false };
}

impl Checker for Queue {
    /// One anomaly a kind, with a table of values. Unknown if nothing came out, or where loss
    /// matters and the queue was not drained in the end.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        match Ledger::read(history) {
            Ok(ledger) => self.judge(history, &ledger),
            Err(malformed) => Verdict::malformed(&malformed),
        }
    }
}

impl Queue {
    fn judge(&self, history: &History, ledger: &Ledger) -> Verdict {
        let mut anomalies = Vec::new();
        let mut report = |name, what: &str, of: fn(&Account) -> usize| {
            let accounts: Vec<&Account> =
                ledger.accounts.iter().filter(|account| of(account) > 0).collect();
            if !accounts.is_empty() {
                anomalies.push(anomaly(history, name, what, &accounts, of));
            }
        };
        let missing = ledger.missing();
        let taken_max = ledger.takers();
        let is_lost = taken_max.is_some_and(|takers| missing > takers);
        if is_lost && !self.may_lose {
            let takers = taken_max.unwrap_or(0);
            let what = match takers {
                0 => "acknowledged, and never came out".to_owned(),
                n => format!("acknowledged, and never came out; crashed dequeues took {n} at most"),
            };
            report("lost", &what, |account| account.missing);
        }
        report("unexpected", "came out, though nobody had put it in", |a| a.unexpected.len());
        if !self.may_repeat {
            let what = "came out more often than it had been put in";
            report("duplicated", what, |account| account.duplicated.len());
        }
        let verdict = Verdict::of(anomalies);
        let is_undecided = verdict.anomalies.is_empty();
        let verdict = match () {
            () if is_undecided && ledger.is_untouched() => {
                Verdict::unknown("nothing came out of the queue")
            }
            () if is_undecided && !self.may_lose && ledger.unsettled() > 0 => {
                Verdict::unknown(format!(
                    "{} acknowledged values did not come out, and the queue was never found empty \
                     after that: it was not drained",
                    ledger.unsettled()
                ))
            }
            () => verdict,
        };
        self.details(verdict, ledger, if is_lost { missing } else { 0 })
    }

    fn details(&self, verdict: Verdict, ledger: &Ledger, lost: usize) -> Verdict {
        let sum = |of: fn(&Account) -> usize| ledger.accounts.iter().map(of).sum::<usize>();
        verdict
            .with("attempted", sum(|a| a.begun.len()))
            .with("acknowledged", sum(|a| a.acknowledged))
            .with("dequeued", sum(|a| a.out.len()))
            .with("lost", lost)
            .with("missing", ledger.missing())
            .with("unexpected", sum(|a| a.unexpected.len()))
            .with("duplicated", sum(|a| a.duplicated.len()))
            .with("recovered", sum(Account::recovered))
            .with("crashed_dequeues", ledger.crashed.len())
    }
}

/// The evidence for one kind: a sentence, and a table of the first values.
fn anomaly(
    history: &History,
    name: &str,
    what: &str,
    accounts: &[&Account],
    times: fn(&Account) -> usize,
) -> Anomaly {
    let ops = |rows: &[u32]| -> Value {
        let indices: Vec<u32> = rows.iter().take(8).map(|&row| history.op(row).index).collect();
        json!(indices)
    };
    let line = |account: &&Account| {
        let value = Value::from(&account.value);
        vec![value, times(account).into(), ops(&account.begun), ops(&account.out)]
    };
    let first = accounts[0];
    let all: usize = accounts.iter().map(|account| times(account)).sum();
    let put = first
        .begun
        .first()
        .map_or(String::new(), |&row| format!(", put in by op {}", history.op(row).index));
    let out = first
        .out
        .last()
        .map_or(String::new(), |&row| format!(", last given out by op {}", history.op(row).index));
    let values = if all == 1 { "value" } else { "values" };
    let explanation = format!("{all} {values} {what}. The first: {}{put}{out}.", first.value);
    let head = ["value", "times", "enqueue", "dequeue"];
    Anomaly::new(name, explanation, Figure::table(&head, accounts.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(queue: Queue, picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = queue.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{picture}: {verdict:?}");
        verdict
    }

    const STRICT: Queue = Queue::EXACTLY_ONCE;

    #[test]
    fn what_was_acknowledged_comes_out() {
        let put = "0: |- enqueue 1 -| |- enqueue 2 -| |- dequeue -> 2 -|";
        check(STRICT, &format!("{put} |- dequeue -> 1 -| |- dequeue -> null -|"), &[]);
        let lost = check(STRICT, &format!("{put} |- dequeue -> null -|"), &["lost"]);
        let expected = "1 value acknowledged, and never came out. The first: 1, put in by op 0.";
        assert_eq!(lost.anomalies[0].explanation, expected);
        check(Queue::AT_MOST_ONCE, &format!("{put} |- dequeue -> null -|"), &[]);
    }

    #[test]
    fn nothing_is_lost_before_the_queue_was_found_empty() {
        let verdict = check(STRICT, "0: |- enqueue 1 -| |- enqueue 2 -| |- dequeue -> 2 -|", &[]);
        assert_eq!(verdict.valid, Valid::Unknown);
        let late = "0: |- dequeue -> null -| |- enqueue 1 -|";
        assert_eq!(check(STRICT, late, &[]).valid, Valid::Unknown);
        let both = "0: |- enqueue 1 -| |- dequeue -> 1 -| |- enqueue 2 -|";
        let overlaps = format!("{both}\n1: {:35} |- dequeue -> null -|", "");
        assert_eq!(check(STRICT, &overlaps, &[]).valid, Valid::Unknown);
        let all_out = format!("{both} |- dequeue -> 2 -|");
        assert_eq!(check(STRICT, &all_out, &[]).valid, Valid::Valid);
    }

    #[test]
    fn crashed_dequeues_may_have_taken_what_is_missing_but_no_more() {
        let crashed = "1: |- dequeue -~\n";
        let one = "0: |- enqueue 1 -| |- dequeue -> null -|";
        let verdict = check(STRICT, &format!("{crashed}{one} |- enqueue 3 -|"), &[]);
        assert_eq!((&verdict.details["missing"], &verdict.details["lost"]), (&1.into(), &0.into()));
        let two = "0: |- enqueue 1 -| |- enqueue 2 -| |- dequeue -> null -|";
        check(STRICT, &format!("{crashed}{two}"), &["lost"]);
        let afterwards = format!("{one}\n1: {:50} |- dequeue -~", "");
        check(STRICT, &afterwards, &["lost"]);
    }

    #[test]
    fn a_drain_takes_all_there_is() {
        let put = "0: |- enqueue 1 -| |- enqueue 2 -|";
        check(STRICT, &format!("{put} |- drain -> [2,1] -|"), &[]);
        check(STRICT, &format!("{put} |- drain -> [2] -|"), &["lost"]);
        let crashed = format!("{put} |- dequeue -> 2 -| |- dequeue -> null -|\n1: |- drain -~");
        check(STRICT, &crashed, &[]);
        let afterwards = format!("{put} |- drain -> [2] -|\n1: {:60} |- drain -~", "");
        check(STRICT, &afterwards, &["lost"]);
    }

    #[test]
    fn what_nobody_had_put_in_is_unexpected() {
        check(STRICT, "0: |- dequeue -> 7 -| |- dequeue -> null -|", &["unexpected"]);
        check(STRICT, "0: |- enqueue 7 -x |- dequeue -> 7 -| |- drain -> [] -|", &["unexpected"]);
        let before = "0: |- dequeue -> 7 -| |- enqueue 7 -| |- dequeue -> 7 -| |- drain -> [] -|";
        check(STRICT, before, &["unexpected"]);
        check(Queue::AT_LEAST_ONCE, before, &["unexpected"]);
    }

    #[test]
    fn what_comes_out_twice_had_to_be_put_in_twice() {
        let twice = "|- dequeue -> 7 -| |- dequeue -> 7 -| |- dequeue -> null -|";
        let once = format!("0: |- enqueue 7 -| {twice}");
        check(STRICT, &once, &["duplicated"]);
        check(Queue::AT_LEAST_ONCE, &once, &[]);
        check(STRICT, &format!("0: |- enqueue 7 -| |- enqueue 7 -| {twice}"), &[]);
        let crashed = format!("1: |- enqueue 7 -~\n0: |- enqueue 7 -| {twice}");
        assert_eq!(check(STRICT, &crashed, &[]).details["recovered"], 1);
    }
}
