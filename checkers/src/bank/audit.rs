//! What reads of all accounts showed: of each fault how often, and the reads that show it best.
use serde_json::Value;

use crate::Verdict;

/// What can be wrong with the balances that a read shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    WrongTotal,
    NegativeValue,
    NilBalance,
    UnexpectedKey,
}

impl Fault {
    pub(super) const ALL: [Fault; 4] =
        [Fault::WrongTotal, Fault::NegativeValue, Fault::NilBalance, Fault::UnexpectedKey];

    /// What the field calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fault::WrongTotal => "wrong-total",
            Fault::NegativeValue => "negative-value",
            Fault::NilBalance => "nil-balance",
            Fault::UnexpectedKey => "unexpected-key",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Fault::WrongTotal => "the balances add up to another sum than at the start",
            Fault::NegativeValue => "a balance is below zero",
            Fault::NilBalance => "an account has no balance",
            Fault::UnexpectedKey => "there is an account that nobody opened",
        }
    }
}

/// A read that shows a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    /// Row of its completion.
    pub(super) row: u32,
    /// The sum of its balances.
    pub(super) total: i128,
    /// How much is wrong, in the measure of its fault.
    pub(super) badness: i128,
}

/// The reads that show a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sightings {
    pub(super) count: u64,
    pub(super) worst: Sighting,
    first: Sighting,
    last: Sighting,
    lowest: Sighting,
    highest: Sighting,
}

impl Sightings {
    fn new(it: Sighting) -> Sightings {
        Sightings { count: 0, worst: it, first: it, last: it, lowest: it, highest: it }
    }

    fn add(&mut self, it: Sighting) {
        self.count += 1;
        self.last = it;
        if it.badness > self.worst.badness {
            self.worst = it;
        }
        if it.total < self.lowest.total {
            self.lowest = it;
        }
        if it.total > self.highest.total {
            self.highest = it;
        }
    }

    /// The reads to look at, each with what it is an example of, in order of the history.
    pub(super) fn examples(&self) -> Vec<(String, Sighting)> {
        let mut examples: Vec<(String, Sighting)> = Vec::new();
        for (word, it) in [
            ("first", self.first),
            ("last", self.last),
            ("worst", self.worst),
            ("lowest", self.lowest),
            ("highest", self.highest),
        ] {
            match examples.iter_mut().find(|(_, known)| known.row == it.row) {
                Some((words, _)) => *words += &format!(", {word}"),
                None => examples.push((word.to_owned(), it)),
            }
        }
        examples.sort_by_key(|(_, it)| it.row);
        examples
    }
}

/// All that was seen.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Reads that were answered.
    pub(super) reads: usize,
    /// By fault, in the order of [`Fault::ALL`].
    seen: [Option<Sightings>; 4],
}

impl Audit {
    pub(super) fn note(&mut self, fault: Fault, it: Sighting) {
        self.seen[fault as usize].get_or_insert(Sightings::new(it)).add(it);
    }

    pub(super) fn of(&self, fault: Fault) -> Option<&Sightings> {
        self.seen[fault as usize].as_ref()
    }

    /// The verdict with counts; totals are texts, since they may exceed what JSON numbers hold.
    pub(super) fn details(&self, verdict: Verdict) -> Verdict {
        let mut verdict = verdict.with("reads", self.reads);
        for fault in Fault::ALL {
            let count = self.of(fault).map_or(0, |seen| seen.count);
            verdict = verdict.with(&fault.name().replace('-', "_"), count);
        }
        if let Some(wrong) = self.of(Fault::WrongTotal) {
            let text = |it: Sighting| Value::from(it.total.to_string());
            verdict = verdict
                .with("lowest_total", text(wrong.lowest))
                .with("highest_total", text(wrong.highest));
        }
        verdict
    }
}
