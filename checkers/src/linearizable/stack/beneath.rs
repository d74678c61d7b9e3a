//! Which value may lie beneath all others.
use crate::linearizable::passages::Passage;

/// The values that are left, by when their stays begin. A tree of extremes (bottom-up).
pub(super) struct Beneath {
    /// When each value's pop completes, and when it is invoked.
    popped: Vec<(u32, u32)>,
    nodes: Vec<Extremes>,
}

/// What was taken from a part.
pub(super) enum Taken {
    /// This value.
    Value(usize),
    /// Nothing is left of it.
    Empty,
    /// There is no value that may lie beneath the others.
    Nobody,
}

/// Of some values that are left.
#[derive(Clone, Copy)]
struct Extremes {
    /// The first of them.
    first: u32,
    /// The first stay that begins after a push was invoked, and whose push: where no earlier stay
    /// is left, it can come first. Only of those of which that is not yet known.
    before: (u32, u32),
    /// The last completion of a pop, and whose, of those that can be pushed before all others.
    popped: (u32, u32),
    /// The last invocation of a pop.
    leaves: u32,
}

const NONE: u32 = u32::MAX;
const NOTHING: Extremes =
    Extremes { first: NONE, before: (NONE, NONE), popped: (0, NONE), leaves: 0 };

impl Extremes {
    fn and(self, other: Extremes) -> Extremes {
        Extremes {
            first: self.first.min(other.first),
            before: self.before.min(other.before),
            popped: self.popped.max(other.popped),
            leaves: self.leaves.max(other.leaves),
        }
    }
}

impl Beneath {
    /// Of stays in the order in which they begin.
    pub(super) fn new(stays: &[Passage]) -> Beneath {
        let first_after = |invoked| stays.partition_point(|stay| stay.enqueue.1 < invoked) as u32;
        let before: Vec<u32> = stays.iter().map(|stay| first_after(stay.enqueue.0)).collect();
        let popped: Vec<_> = stays.iter().map(|s| (s.dequeue.1, s.dequeue.0)).collect();
        let leaves = stays.len().next_power_of_two();
        let mut nodes = vec![NOTHING; 2 * leaves];
        for (place, before) in before.iter().enumerate() {
            nodes[leaves + place] = Extremes {
                first: place as u32,
                before: (*before, place as u32),
                popped: NOTHING.popped,
                leaves: popped[place].1,
            };
        }
        let mut beneath = Beneath { popped, nodes };
        (1..leaves).rev().for_each(|node| beneath.update(node));
        beneath
    }

    fn update(&mut self, node: usize) {
        self.nodes[node] = self.nodes[2 * node].and(self.nodes[2 * node + 1]);
    }

    fn set(&mut self, place: usize, extremes: Extremes) {
        let mut node = place + self.nodes.len() / 2;
        self.nodes[node] = extremes;
        while node > 1 {
            node /= 2;
            self.update(node);
        }
    }

    fn extremes(&self, first: usize, last: usize) -> Extremes {
        let leaves = self.nodes.len() / 2;
        let (mut left, mut right) = (first + leaves, last + 1 + leaves);
        let mut extremes = NOTHING;
        while left < right {
            if left % 2 == 1 {
                extremes = extremes.and(self.nodes[left]);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                extremes = extremes.and(self.nodes[right]);
            }
            (left, right) = (left / 2, right / 2);
        }
        extremes
    }

    /// Takes away a value of a part that may lie beneath all others of it.
    pub(super) fn take(&mut self, first: usize, last: usize) -> Taken {
        loop {
            let extremes = self.extremes(first, last);
            if extremes.first == NONE {
                return Taken::Empty;
            }
            let (before, place) = extremes.before;
            if before <= extremes.first {
                let place = place as usize;
                self.set(place, self.known_first(place));
                continue;
            }
            let (popped, place) = extremes.popped;
            if place == NONE || popped < extremes.leaves {
                return Taken::Nobody;
            }
            self.set(place as usize, NOTHING);
            return Taken::Value(place as usize);
        }
    }

    /// A value that can be pushed before all others.
    fn known_first(&self, place: usize) -> Extremes {
        let (popped, leaves) = self.popped[place];
        Extremes {
            first: place as u32,
            before: NOTHING.before,
            popped: (popped, place as u32),
            leaves,
        }
    }
}
