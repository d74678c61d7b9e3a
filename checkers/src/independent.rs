//! Many independent objects, one history: each key is judged by itself.
//!
//! Linearizability is local: a history is linearizable if and only if each object's part is
//! (Herlihy and Wing, 1990, theorem 1). So keys are checked in parallel, the largest first.
//!
//! **Fairness.** All keys share one budget of time, and one key can be exponentially harder than
//! the others. So keys are checked in rounds: in each, every undecided key may look at the budget
//! so many times, which a checker does every so many steps; the allotment grows from round to
//! round. A hard key thus delays the others by no more than a constant factor, and what a round
//! decides depends on the history alone, not on the machine's speed. Restarting costs at most a
//! seventh of the last allotment, since allotments grow eightfold; the last key that is undecided
//! delays nobody, and is given all that is left. Memory is divided among the threads.
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;

use crate::{Budget, Checker, History, Valid, Verdict, compose::guard, stream::Stream};

/// Lifts a checker of one object to histories of many.
#[derive(Clone, Debug, Default)]
pub struct Independent<C>(
    /// The checker of one object.
    pub C,
);

/// How often a key may look at the budget in the first round.
pub(crate) const POLLS_FIRST: u64 = 256;
/// By how much the allotment grows from round to round.
pub(crate) const GROWTH: u64 = 8;

struct Part {
    key: Option<u32>,
    history: History,
    verdict: Option<Verdict>,
}

impl<C: Checker> Checker for Independent<C> {
    /// The worst verdict of any key. `parts` holds the keys that are not valid; the details say
    /// how many there were of each. A history without keys is one object, judged directly.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        check_keys(&self.0, history, budget)
    }

    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        self.0.stream()
    }
}

fn check_keys(checker: &dyn Checker, history: &History, budget: &Budget) -> Verdict {
    let parts = history.by_key().into_iter();
    let mut parts: Vec<Part> =
        parts.map(|(key, history)| Part { key, history, verdict: None }).collect();
    if parts.iter().all(|part| part.key.is_none()) {
        return checker.check(history, budget);
    }
    parts.sort_by_key(|part| (std::cmp::Reverse(part.history.len()), part.key));
    let mut polls = POLLS_FIRST;
    loop {
        let undecided: Vec<&mut Part> =
            parts.iter_mut().filter(|part| part.verdict.is_none()).collect();
        match undecided.len() {
            0 => break,
            1 => polls = u64::MAX,
            _ => (),
        }
        let threads = rayon::current_num_threads().min(undecided.len()) as u64;
        let bytes_max = budget.bytes_max / threads;
        // A bridge hands them out one by one, and so in this order: the largest first.
        undecided
            .into_iter()
            .par_bridge()
            .for_each(|part| part.check(checker, polls, bytes_max, budget));
        polls = polls.saturating_mul(GROWTH);
    }
    summary(&mut parts.into_iter().map(|part| (part.key, part.history.len(), part.verdict)))
}

impl Part {
    /// Checks one key within an allotment. It stays undecided where more of that might help.
    fn check(&mut self, checker: &dyn Checker, polls: u64, bytes_max: u64, whole: &Budget) {
        let polled = Arc::new(AtomicU64::new(0));
        let (counter, time) = (polled.clone(), whole.clone());
        let allotment = Budget::new(bytes_max, move || {
            counter.fetch_add(1, Ordering::Relaxed) >= polls || time.is_over()
        });
        let name =
            self.key.map_or_else(|| "of ops without a key".into(), |key| format!("of key {key}"));
        let verdict = guard(&name, checker, &self.history, &allotment);
        let ran_out = polled.load(Ordering::Relaxed) > polls;
        if verdict.valid != Valid::Unknown || !ran_out || whole.is_over() {
            self.verdict = Some(verdict);
        }
    }
}

/// What is worth keeping of thousands of verdicts.
pub(crate) fn summary(
    parts: &mut dyn Iterator<Item = (Option<u32>, usize, Option<Verdict>)>,
) -> Verdict {
    let (mut keys, mut ops) = (0_usize, 0);
    let mut counts = [0_usize; 3];
    let mut kept = Vec::new();
    let mut has_bug = false;
    for (key, ops_of_key, verdict) in parts {
        keys += 1;
        ops += ops_of_key;
        let Some(mut verdict) = verdict else { continue };
        counts[verdict.valid as usize] += 1;
        has_bug |= verdict.details.contains_key("bug");
        for anomaly in &mut verdict.anomalies {
            anomaly.key = key;
        }
        if verdict.valid != Valid::Valid {
            kept.push((key.map_or_else(|| "no key".into(), |key| key.to_string()), verdict));
        }
    }
    let [valid, unknown, invalid] = counts;
    let summary = Verdict::compose(kept)
        .with("keys", keys)
        .with("ops", ops)
        .with("valid", valid)
        .with("unknown", unknown)
        .with("invalid", invalid);
    if has_bug { summary.with("bug", true) } else { summary }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        linearizable::Linearizable,
        model::{MultiRegister, Register},
        notation,
    };

    fn judge(picture: &str, budget: &Budget) -> Verdict {
        let history = notation::history(picture);
        Independent(Linearizable(Register::default())).check(&history, budget)
    }

    #[test]
    fn one_bad_key_is_kept_and_named() {
        let verdict = judge(
            "0: |- [1] write 5 -| |- [2] write 6 -| |- [1] read -> 5 -|
             1:                                     |- [2] read -> null -|",
            &Budget::unlimited(),
        );
        assert_eq!(verdict.valid, Valid::Invalid);
        assert_eq!(verdict.parts.keys().collect::<Vec<_>>(), ["2"]);
        assert_eq!(verdict.all_anomalies()[0].key, Some(2));
        assert_eq!((&verdict.details["keys"], &verdict.details["ops"]), (&2.into(), &8.into()));
    }

    #[test]
    fn ops_without_keys_are_one_object() {
        let verdict = judge("0: |- write 5 -| |- read -> 5 -|", &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.parts.len()), (Valid::Valid, 0));
        assert!(verdict.details.contains_key("configurations"));
    }

    #[test]
    fn a_hard_key_starves_nobody() {
        // A read from nowhere behind 24 concurrent writes: 2^24 configurations, all in vain.
        let mut picture = String::new();
        for process in 0..24 {
            let write = format!(r#"[0] txn [["write","x",{process}]]"#);
            picture += &format!("{process}: |- {write} -----------------------|\n");
        }
        picture += r#"90: |- [0] txn [["read","x",null]] -> [["read","x",91]] -|"#;
        for process in 100..164 {
            let write = format!(r#"[{process}] txn [["write","x",1]]"#);
            picture += &format!("\n{process}: {:80} |- {write} -|", "");
        }
        let polls = AtomicU64::new(0);
        let budget = Budget::new(1 << 30, move || polls.fetch_add(1, Ordering::Relaxed) > 1500);
        let history = notation::history(&picture);
        let checker = Independent(Linearizable(MultiRegister::default()));
        let verdict = checker.check(&history, &budget);
        assert_eq!(verdict.valid, Valid::Unknown);
        assert_eq!(verdict.details["valid"], 64);
        assert!(verdict.parts["0"].why().unwrap().contains("out of time"));
    }
}
