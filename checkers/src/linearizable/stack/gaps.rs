//! Where stays have gaps between them, as more and more are taken away.
use crate::linearizable::passages::Passage;

/// For each stay, how many others go on when it begins: where none does, there is a gap before it.
/// A tree of minima (bottom-up, each node relative to those above it) finds the next such place.
pub(super) struct Gaps {
    /// Of each stay, the place behind the last one that begins before it ends.
    ends: Vec<u32>,
    minima: Vec<u32>,
    /// How much less all below a node are than they say.
    less: Vec<u32>,
}

/// What a gap that was found already counts.
const FOUND: u32 = u32::MAX / 2;

impl Gaps {
    /// Of stays in the order in which they begin.
    pub(super) fn new(stays: &[Passage]) -> Gaps {
        let count = stays.len();
        let end = |stay: &Passage| stays.partition_point(|s| s.enqueue.1 < stay.dequeue.0) as u32;
        let ends: Vec<u32> = stays.iter().map(end).collect();
        let mut begun = vec![0_i64; count + 1];
        for (place, &end) in ends.iter().enumerate() {
            // It goes on when those behind it begin.
            begun[place + 1] += 1;
            begun[end as usize] -= 1;
        }
        let leaves = count.next_power_of_two();
        let mut minima = vec![FOUND; 2 * leaves];
        let mut going_on = 0;
        for (place, change) in begun[..count].iter().enumerate() {
            going_on += change;
            minima[leaves + place] = going_on as u32;
        }
        for node in (1..leaves).rev() {
            minima[node] = minima[2 * node].min(minima[2 * node + 1]);
        }
        Gaps { ends, minima, less: vec![0; leaves] }
    }

    /// Takes a stay away.
    pub(super) fn remove(&mut self, place: usize) {
        let leaves = self.less.len();
        let (first, end) = (place + 1, self.ends[place] as usize);
        if first >= end {
            return;
        }
        let (mut left, mut right) = (first + leaves, end + leaves);
        while left < right {
            if left % 2 == 1 {
                self.lower(left);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                self.lower(right);
            }
            (left, right) = (left / 2, right / 2);
        }
        self.update(first + leaves);
        self.update(end - 1 + leaves);
    }

    fn lower(&mut self, node: usize) {
        self.minima[node] -= 1;
        if let Some(less) = self.less.get_mut(node) {
            *less += 1;
        }
    }

    /// Corrects the minima above a node.
    fn update(&mut self, mut node: usize) {
        while node > 1 {
            node /= 2;
            let least = self.minima[2 * node].min(self.minima[2 * node + 1]);
            self.minima[node] = least - self.less[node];
        }
    }

    /// A stay before which there is a gap, each once.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.minima[1] > 0 {
            return None;
        }
        let leaves = self.less.len();
        let (mut node, mut less) = (1, 0);
        while node < leaves {
            less += self.less[node];
            node = if self.minima[2 * node] == less { 2 * node } else { 2 * node + 1 };
        }
        self.minima[node] = FOUND;
        self.update(node);
        Some(node - leaves)
    }
}
