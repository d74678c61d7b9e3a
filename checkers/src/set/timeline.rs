//! When each element was added, seen and missed.
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{
    Read,
    element::{Element, Fate, Sighting},
    reads, seen,
};
use crate::{Budget, Datum, History, Outcome, Verdict};

/// All elements of a history.
#[derive(Default)]
pub(super) struct Timeline {
    elements: Vec<Element>,
    numbers: FxHashMap<Datum, u32>,
    reads: Vec<Read>,
    /// Whether something was read that should not have been.
    has_wrong: bool,
    /// Whether something was missed that was known.
    has_missed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Add(Datum),
    Read,
}

const OUT_OF_TIME: &str = "out of time while comparing the reads of the set";

impl Timeline {
    /// Takes in a whole history.
    ///
    /// # Errors
    /// The verdict where it cannot: a value that does not fit, or out of time.
    pub(super) fn read(history: &History, budget: &Budget) -> Result<Timeline, Verdict> {
        let mut timeline = Timeline::default();
        timeline.take_in(history, 0, budget)?;
        timeline.end();
        Ok(timeline)
    }

    /// Takes in the part of a history that begins after so many rows: first who knew what since
    /// when, then who missed what after that. No call may be open at its end but such as failed or
    /// crashed.
    ///
    /// # Errors
    /// The verdict where it cannot: a value that does not fit, or out of time.
    pub(super) fn take_in(
        &mut self,
        part: &History,
        base: u32,
        budget: &Budget,
    ) -> Result<(), Verdict> {
        self.note_adds(part, base)?;
        let first = self.reads.len();
        let reads = reads(part);
        for read in &reads {
            if budget.is_over() {
                return Err(Verdict::unknown(OUT_OF_TIME));
            }
            self.note_sightings(base, read, seen(part, read)?);
        }
        self.reads.extend(reads.iter().map(|read| read.after(base)));
        for (number, read) in (first as u32..).zip(&reads) {
            if budget.is_over() {
                return Err(Verdict::unknown(OUT_OF_TIME));
            }
            self.note_gaps(number, seen(part, read)?);
        }
        Ok(())
    }

    /// Notes what no read has seen since it was missed: nothing follows.
    pub(super) fn end(&mut self) {
        let number = self.reads.len() as u32;
        for element in &mut self.elements {
            element.last_missed = gap(element, &self.reads, number).or(element.last_missed);
        }
    }

    /// Whether what was taken in is a violation, whatever follows; where reads may be stale, what
    /// they miss is none.
    pub(super) fn is_violated(&self, stale_is_anomaly: bool) -> bool {
        let number = self.reads.len() as u32;
        let is_missed = || self.elements.iter().any(|e| gap(e, &self.reads, number).is_some());
        self.has_wrong || stale_is_anomaly && (self.has_missed || is_missed())
    }

    /// The elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    /// Number of reads that answered.
    pub(super) fn reads(&self) -> usize {
        self.reads.len()
    }

    /// What became of each element, in order of their first appearance.
    pub(super) fn judge(&self) -> Vec<(&Element, Fate)> {
        let fate = |element: &Element| {
            let known = element.known().unwrap_or(u32::MAX);
            element.fate(self.reads.len() - first_after(&self.reads, known))
        };
        let mut judged: Vec<_> = self.elements.iter().map(|e| (e, fate(e))).collect();
        judged.sort_by_key(|(element, _)| element.appeared());
        judged
    }

    fn element(&mut self, value: Datum) -> &mut Element {
        let new = self.elements.len() as u32;
        let number = *self.numbers.entry(value.clone()).or_insert(new);
        if number == new {
            self.elements.push(Element::new(value));
        }
        &mut self.elements[number as usize]
    }

    fn note_adds(&mut self, part: &History, base: u32) -> Result<(), Verdict> {
        let calls = part.calls::<Input, serde::de::IgnoredAny>();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            let Input::Add(value) = call.input else { continue };
            let element = self.element(value);
            match call.outcome {
                Outcome::Fail => continue,
                Outcome::Info => (),
                Outcome::Ok { completed, .. } => {
                    let completed = base + completed;
                    let first = element.acknowledged.map_or(completed, |row| row.min(completed));
                    element.acknowledged = Some(first);
                }
            }
            element.added.get_or_insert(base + call.invoked);
        }
        Ok(())
    }

    /// Who saw what first, and what should not have been seen so.
    fn note_sightings(&mut self, base: u32, read: &Read, mut values: Vec<Datum>) {
        let completed = base + read.completed;
        for value in &values {
            let element = self.element(value.clone());
            let first = element.first_seen.map_or(completed, |row| row.min(completed));
            element.first_seen = Some(first);
            element.seen_until = element.seen_until.max(Some(completed));
            if element.added.is_none_or(|added| added > completed) {
                element.unexpected.get_or_insert(completed);
                self.has_wrong = true;
            }
        }
        values.sort_unstable();
        for pair in values.windows(2).filter(|pair| pair[0] == pair[1]) {
            self.element(pair[0].clone()).duplicated.get_or_insert(completed);
            self.has_wrong = true;
        }
    }

    /// Between this read and the one that saw an element before lie reads that missed it.
    fn note_gaps(&mut self, number: u32, values: Vec<Datum>) {
        let reads = std::mem::take(&mut self.reads);
        let Read { invoked, completed: row } = reads[number as usize];
        for value in values {
            let element = self.element(value);
            let missed = gap(element, &reads, number);
            element.last_missed = missed.or(element.last_missed);
            element.last_seen = Some(Sighting { read: number, invoked, row });
            self.has_missed |= missed.is_some();
        }
        self.reads = reads;
    }
}

/// The last read before the n-th that missed an element, if it had to see it: those since it was
/// last seen that were invoked after it was known.
fn gap(element: &Element, reads: &[Read], number: u32) -> Option<Sighting> {
    let known = element.known()?;
    let next = element.last_seen.map_or(0, |sighting| sighting.read + 1);
    let last = number.checked_sub(1).filter(|last| *last >= next)?;
    let Read { invoked, completed: row } = reads[last as usize];
    (invoked > known).then_some(Sighting { read: last, invoked, row })
}

/// The number of the first read invoked after a row.
fn first_after(reads: &[Read], row: u32) -> usize {
    reads.partition_point(|read| read.invoked < row)
}
