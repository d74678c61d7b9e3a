//! When each element was added, seen and missed.
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{
    Read,
    element::{Element, Fate, Sighting},
    reads, seen,
};
use crate::{Budget, Datum, History, Outcome, Verdict};

/// All elements of a history, in order of their first appearance.
pub(super) struct Timeline {
    elements: Vec<Element>,
    numbers: FxHashMap<Datum, u32>,
    reads: Vec<Read>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Add(Datum),
    Read,
}

const OUT_OF_TIME: &str = "out of time while comparing the reads of the set";

impl Timeline {
    /// Reads all of it: first who knew what since when, then who missed what after that.
    ///
    /// # Errors
    /// The verdict where it cannot: a value that does not fit, or out of time.
    pub(super) fn read(history: &History, budget: &Budget) -> Result<Timeline, Verdict> {
        let mut timeline =
            Timeline { elements: Vec::new(), numbers: FxHashMap::default(), reads: reads(history) };
        timeline.note_adds(history)?;
        let reads = std::mem::take(&mut timeline.reads);
        for read in &reads {
            if budget.is_over() {
                return Err(Verdict::unknown(OUT_OF_TIME));
            }
            timeline.note_sightings(history, read)?;
        }
        for (number, read) in reads.iter().enumerate() {
            if budget.is_over() {
                return Err(Verdict::unknown(OUT_OF_TIME));
            }
            timeline.note_gaps(history, &reads, number as u32, read)?;
        }
        timeline.note_last_gaps(&reads);
        timeline.reads = reads;
        Ok(timeline)
    }

    /// The elements, in order of their first appearance.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    /// Number of reads that answered.
    pub(super) fn reads(&self) -> usize {
        self.reads.len()
    }

    /// What became of each element.
    pub(super) fn judge(&self) -> Vec<(&Element, Fate)> {
        let fate = |element: &Element| {
            let known = element.known().unwrap_or(u32::MAX);
            element.fate(self.reads.len() - first_after(&self.reads, known))
        };
        self.elements.iter().map(|element| (element, fate(element))).collect()
    }

    fn element(&mut self, value: Datum) -> &mut Element {
        let new = self.elements.len() as u32;
        let number = *self.numbers.entry(value.clone()).or_insert(new);
        if number == new {
            self.elements.push(Element::new(value));
        }
        &mut self.elements[number as usize]
    }

    fn note_adds(&mut self, history: &History) -> Result<(), Verdict> {
        let calls = history.calls::<Input, serde::de::IgnoredAny>();
        for call in calls.map_err(|malformed| Verdict::malformed(&malformed))? {
            let Input::Add(value) = call.input else { continue };
            let element = self.element(value);
            match call.outcome {
                Outcome::Fail => continue,
                Outcome::Info => (),
                Outcome::Ok { completed, .. } => {
                    let first = element.acknowledged.map_or(completed, |row| row.min(completed));
                    element.acknowledged = Some(first);
                }
            }
            element.added.get_or_insert(call.invoked);
        }
        Ok(())
    }

    /// Who saw what first, and what should not have been seen so.
    fn note_sightings(&mut self, history: &History, read: &Read) -> Result<(), Verdict> {
        let mut values = seen(history, read)?;
        for value in &values {
            let element = self.element(value.clone());
            let first = element.first_seen.map_or(read.completed, |row| row.min(read.completed));
            element.first_seen = Some(first);
            element.seen_until = element.seen_until.max(Some(read.completed));
            if element.added.is_none_or(|added| added > read.completed) {
                element.unexpected.get_or_insert(read.completed);
            }
        }
        values.sort_unstable();
        for pair in values.windows(2).filter(|pair| pair[0] == pair[1]) {
            self.element(pair[0].clone()).duplicated.get_or_insert(read.completed);
        }
        Ok(())
    }

    /// Between this read and the one that saw an element before lie reads that missed it.
    fn note_gaps(
        &mut self,
        history: &History,
        reads: &[Read],
        number: u32,
        read: &Read,
    ) -> Result<(), Verdict> {
        for value in seen(history, read)? {
            let element = self.element(value);
            note_gap(element, reads, number);
            element.last_seen =
                Some(Sighting { read: number, invoked: read.invoked, row: read.completed });
        }
        Ok(())
    }

    fn note_last_gaps(&mut self, reads: &[Read]) {
        for element in &mut self.elements {
            note_gap(element, reads, reads.len() as u32);
        }
    }
}

/// Notes the last read before the n-th that missed an element, if it had to see it: those since it
/// was last seen that were invoked after it was known.
fn note_gap(element: &mut Element, reads: &[Read], number: u32) {
    let Some(known) = element.known() else { return };
    let next = element.last_seen.map_or(0, |sighting| sighting.read + 1);
    if let Some(last) = number.checked_sub(1)
        && last >= next
        && reads[last as usize].invoked > known
    {
        let Read { invoked, completed: row } = reads[last as usize];
        element.last_missed = Some(Sighting { read: last, invoked, row });
    }
}

/// The number of the first read invoked after a row.
fn first_after(reads: &[Read], row: u32) -> usize {
    reads.partition_point(|read| read.invoked < row)
}
