//! What reads of all accounts showed: of each fault how often, and the reads that show it best.
use serde_json::Value;

use crate::{OpRef, Verdict, stream::fold::Told};

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
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// Row of its completion, in the whole history.
    row: u32,
    pub(super) told: Told,
    /// What it answered.
    pub(super) balances: String,
    /// The sum of its balances.
    pub(super) total: i128,
    /// How much is wrong, in the measure of its fault.
    badness: i128,
}

impl Sighting {
    /// What a read, whose completion is this op, at this row, shows.
    pub(super) fn new(row: u32, op: &OpRef<'_>, total: i128, badness: i128) -> Sighting {
        let told = Told { index: op.index, node: op.node.map(str::to_owned) };
        Sighting { row, told, balances: op.value.to_string(), total, badness }
    }
}

/// The reads that show a fault.
#[derive(Clone, Debug)]
pub(super) struct Sightings {
    pub(super) count: u64,
    pub(super) worst: Sighting,
    first: Sighting,
    last: Sighting,
    lowest: Sighting,
    highest: Sighting,
}

impl Sightings {
    fn new(it: &Sighting) -> Sightings {
        let [worst, first, last, lowest, highest] = [(); 5].map(|()| it.clone());
        Sightings { count: 0, worst, first, last, lowest, highest }
    }

    /// Reads may come in any order. Of such as are alike, the first counts.
    fn add(&mut self, it: &Sighting) {
        self.count += 1;
        let keep = |place: &mut Sighting, rank: fn(&Sighting) -> (i128, i128)| {
            if rank(it) > rank(place) {
                place.clone_from(it);
            }
        };
        keep(&mut self.first, |it| (0, -i128::from(it.row)));
        keep(&mut self.last, |it| (0, i128::from(it.row)));
        keep(&mut self.worst, |it| (it.badness, -i128::from(it.row)));
        keep(&mut self.lowest, |it| (-it.total, -i128::from(it.row)));
        keep(&mut self.highest, |it| (it.total, -i128::from(it.row)));
    }

    /// The reads to look at, each with what it is an example of, in order of the history.
    pub(super) fn examples(&self) -> Vec<(String, Sighting)> {
        let mut examples: Vec<(String, Sighting)> = Vec::new();
        for (word, it) in [
            ("first", &self.first),
            ("last", &self.last),
            ("worst", &self.worst),
            ("lowest", &self.lowest),
            ("highest", &self.highest),
        ] {
            match examples.iter_mut().find(|(_, known)| known.row == it.row) {
                Some((words, _)) => *words += &format!(", {word}"),
                None => examples.push((word.to_owned(), it.clone())),
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
    pub(super) fn note(&mut self, fault: Fault, it: &Sighting) {
        self.seen[fault as usize].get_or_insert_with(|| Sightings::new(it)).add(it);
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
            let text = |it: &Sighting| Value::from(it.total.to_string());
            verdict = verdict
                .with("lowest_total", text(&wrong.lowest))
                .with("highest_total", text(&wrong.highest));
        }
        verdict
    }
}
