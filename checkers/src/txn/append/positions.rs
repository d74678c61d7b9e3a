//! Where each element stands in a list.
use rustc_hash::FxHashMap;

use super::super::{atom::Atom, graph::NONE};

/// Places of elements: an array where they are numbers close to each other, as they mostly are.
#[derive(Default)]
pub(super) struct Positions {
    least: i64,
    dense: Vec<u32>,
    sparse: FxHashMap<Atom, u32>,
}

impl Positions {
    /// Takes in a list, in which every element counts where it stands first. Returns the places
    /// of those that stood there before.
    pub(super) fn set(&mut self, elements: &[Option<Atom>]) -> Vec<usize> {
        self.dense.clear();
        self.sparse.clear();
        let numbers = || elements.iter().filter_map(|e| e.and_then(Atom::as_number));
        let (least, most) = numbers().fold((i64::MAX, i64::MIN), |(a, b), n| (a.min(n), b.max(n)));
        let span = if least <= most { most.abs_diff(least) } else { 0 };
        if least <= most && span < 8 * elements.len() as u64 + 64 {
            self.least = least;
            self.dense.resize(span as usize + 1, NONE);
        }
        let mut repeated = Vec::new();
        for (place, element) in elements.iter().enumerate() {
            let Some(element) = element else { continue };
            let slot = match self.slot(*element) {
                Some(slot) => &mut self.dense[slot],
                None => self.sparse.entry(*element).or_insert(NONE),
            };
            match *slot {
                NONE => *slot = place as u32,
                _ => repeated.push(place),
            }
        }
        repeated
    }

    fn slot(&self, element: Atom) -> Option<usize> {
        let slot = usize::try_from(element.as_number()?.checked_sub(self.least)?).ok()?;
        (slot < self.dense.len()).then_some(slot)
    }

    /// Where an element stands first.
    pub(super) fn get(&self, element: Atom) -> Option<usize> {
        let place = match self.slot(element) {
            Some(slot) => self.dense[slot],
            None if self.sparse.is_empty() => NONE,
            None => *self.sparse.get(&element)?,
        };
        (place != NONE).then_some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::txn::atom::Names;

    #[test]
    fn elements_are_found_where_they_stand_first() {
        let mut names = Names::default();
        let mut atoms = |texts: &[&str]| -> Vec<Option<Atom>> {
            texts.iter().map(|text| Some(names.atom(text))).collect()
        };
        let all = ["5", "-9000000", "\"a\"", "7", "5", "9000000", "\"a\""];
        let list = atoms(&all);
        let mut positions = Positions::default();
        assert_eq!(positions.set(&list), [4, 6]);
        for (text, place) in [("5", 0), ("-9000000", 1), ("\"a\"", 2), ("9000000", 5)] {
            assert_eq!(positions.get(atoms(&[text])[0].unwrap()), Some(place));
        }
        assert_eq!(positions.get(atoms(&["6"])[0].unwrap()), None);
        assert!(positions.set(&atoms(&["1", "3", "2"])).is_empty());
        assert_eq!(positions.get(atoms(&["2"])[0].unwrap()), Some(2));
        assert_eq!(positions.get(atoms(&["5"])[0].unwrap()), None);
    }
}
