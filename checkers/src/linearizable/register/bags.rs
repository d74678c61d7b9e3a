//! Multisets of crashed calls that were made use of, by number: a configuration holds a number.
use rustc_hash::FxHashMap;

/// The multisets met so far. Number 0 is the empty one.
pub(super) struct Bags {
    all: Vec<Box<[u32]>>,
    numbers: FxHashMap<Box<[u32]>, u32>,
    bytes: u64,
}

/// The number of the multiset that contains nothing.
pub(super) const EMPTY: u32 = 0;

impl Bags {
    pub(super) fn new() -> Bags {
        let empty: Box<[u32]> = Box::default();
        let numbers = [(empty.clone(), EMPTY)].into_iter().collect();
        Bags { all: vec![empty], numbers, bytes: 0 }
    }

    /// How many there are in a bag.
    pub(super) fn len(&self, bag: u32) -> usize {
        self.all[bag as usize].len()
    }

    /// How many of a kind there are in a bag.
    pub(super) fn count(&self, bag: u32, kind: u32) -> usize {
        self.all[bag as usize].iter().filter(|&&other| other == kind).count()
    }

    /// The bag with one more of a kind.
    pub(super) fn with(&mut self, bag: u32, kind: u32) -> u32 {
        let old = &self.all[bag as usize];
        let place = old.partition_point(|&other| other <= kind);
        let new: Box<[u32]> = [&old[..place], &[kind], &old[place..]].concat().into();
        if let Some(&number) = self.numbers.get(&new) {
            return number;
        }
        let number = self.all.len() as u32;
        // Twice, for the list and the map, and what these keep beside it.
        self.bytes += 2 * (new.len() * size_of::<u32>() + 24) as u64;
        self.all.push(new.clone());
        self.numbers.insert(new, number);
        number
    }

    /// Whether all that is in one bag is in the other.
    pub(super) fn is_within(&self, less: u32, more: u32) -> bool {
        if less == more || less == EMPTY {
            return true;
        }
        let (less, more) = (&self.all[less as usize], &self.all[more as usize]);
        let mut rest = more.iter();
        less.len() < more.len() && less.iter().all(|kind| rest.any(|other| other == kind))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bags_have_one_number() {
        let mut bags = Bags::new();
        let mut bag = |kinds: &[u32]| kinds.iter().fold(EMPTY, |bag, &kind| bags.with(bag, kind));
        let (a, b, c) = (bag(&[1, 2, 1]), bag(&[2, 1, 1]), bag(&[2, 2]));
        assert_eq!(a, b);
        assert_eq!((bags.count(a, 1), bags.len(a)), (2, 3));
        let one = bags.with(EMPTY, 1);
        assert!(bags.is_within(one, a) && !bags.is_within(c, a) && !bags.is_within(a, one));
    }
}
