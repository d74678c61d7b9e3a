//! Multisets of crashed calls that were made use of, by number: a configuration holds a number.
use rustc_hash::FxHashMap;

/// The multisets met so far. Number 0 is the empty one.
pub(super) struct Bags<'a> {
    /// Where these go on from others: the first numbers are theirs.
    base: Option<&'a Bags<'a>>,
    all: Vec<Box<[u32]>>,
    numbers: FxHashMap<Box<[u32]>, u32>,
    bytes: u64,
}

/// The number of the multiset that contains nothing.
pub(super) const EMPTY: u32 = 0;

impl<'a> Bags<'a> {
    pub(super) fn new() -> Bags<'a> {
        let mut bags =
            Bags { base: None, all: Vec::new(), numbers: FxHashMap::default(), bytes: 0 };
        bags.number(Box::default());
        bags
    }

    /// Bags that go on from these.
    pub(super) fn fork(&self) -> Bags<'_> {
        Bags { base: Some(self), all: Vec::new(), numbers: FxHashMap::default(), bytes: 0 }
    }

    /// The bags that a fork has met and its base had not, in the order of their numbers.
    pub(super) fn news(self) -> Vec<Box<[u32]>> {
        self.all
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.offset() + self.all.len() as u32
    }

    /// The number of the first that is not of the base.
    fn offset(&self) -> u32 {
        self.base.map_or(0, Bags::count)
    }

    fn get(&self, bag: u32) -> &[u32] {
        match self.base {
            None => &self.all[bag as usize],
            Some(base) => match bag.checked_sub(base.count()) {
                None => base.get(bag),
                Some(own) => &self.all[own as usize],
            },
        }
    }

    fn find(&self, bag: &[u32]) -> Option<u32> {
        let own = || self.numbers.get(bag).copied();
        self.base.and_then(|base| base.find(bag)).or_else(own)
    }

    /// The number of a bag, a new one if it was not met.
    pub(super) fn number(&mut self, bag: Box<[u32]>) -> u32 {
        if let Some(number) = self.find(&bag) {
            return number;
        }
        let number = self.count();
        // Twice, for the list and the map, and what these keep beside it.
        self.bytes += 2 * (bag.len() * size_of::<u32>() + 24) as u64;
        self.all.push(bag.clone());
        self.numbers.insert(bag, number);
        number
    }

    /// How many there are in a bag.
    pub(super) fn len(&self, bag: u32) -> usize {
        if bag == EMPTY { 0 } else { self.get(bag).len() }
    }

    /// How many of a kind there are in a bag.
    pub(super) fn count_of(&self, bag: u32, kind: u32) -> usize {
        self.get(bag).iter().filter(|&&other| other == kind).count()
    }

    /// The bag with one more of a kind.
    pub(super) fn with(&mut self, bag: u32, kind: u32) -> u32 {
        let old = self.get(bag);
        let place = old.partition_point(|&other| other <= kind);
        let new = [&old[..place], &[kind], &old[place..]].concat();
        self.number(new.into())
    }

    /// Whether all that is in one bag is in the other.
    pub(super) fn is_within(&self, less: u32, more: u32) -> bool {
        if less == more || less == EMPTY {
            return true;
        }
        let (less, more) = (self.get(less), self.get(more));
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
        assert_eq!((bags.count_of(a, 1), bags.len(a)), (2, 3));
        let one = bags.with(EMPTY, 1);
        assert!(bags.is_within(one, a) && !bags.is_within(c, a) && !bags.is_within(a, one));
    }

    #[test]
    fn a_fork_knows_what_was_met_before() {
        let mut bags = Bags::new();
        let one = bags.with(EMPTY, 1);
        let mut fork = bags.fork();
        assert_eq!(fork.with(EMPTY, 1), one);
        let two = fork.with(one, 2);
        assert!(fork.is_within(one, two) && fork.len(two) == 2);
        assert_eq!(fork.news(), [[1, 2].into()]);
    }
}
