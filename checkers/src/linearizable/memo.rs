//! The configurations that the search has been in: exact, compact, in order of arrival.

/// A set of keys of equally many words. Keys lie end to end in one arena; an open-addressing
/// table beside it holds their numbers, so a key costs its words and at most eight bytes more.
pub(super) struct Memo {
    width: usize,
    keys: Vec<u64>,
    table: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Memo {
    /// An empty set of keys of so many words.
    pub(super) fn new(width: usize) -> Memo {
        Memo { width, keys: Vec::new(), table: vec![EMPTY; 64] }
    }

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.keys.len() / self.width
    }

    /// Bytes it holds, with what the next growth will need.
    pub(super) fn bytes(&self) -> u64 {
        (self.keys.capacity() * 8 * 2 + self.table.len() * 4 * 3) as u64
    }

    /// The keys, in the order in which they came.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u64]> {
        self.keys.chunks_exact(self.width)
    }

    /// A key, by its place in that order.
    pub(super) fn key(&self, place: usize) -> &[u64] {
        &self.keys[place * self.width..(place + 1) * self.width]
    }

    /// Adds a key; false if it was there.
    pub(super) fn insert(&mut self, key: &[u64]) -> bool {
        debug_assert_eq!(key.len(), self.width);
        if self.len() * 2 >= self.table.len() {
            self.grow();
        }
        let at = self.find(key);
        if self.table[at] != EMPTY {
            return false;
        }
        self.table[at] = self.len() as u32;
        self.keys.extend_from_slice(key);
        true
    }

    /// Where the key is, or the empty place where it belongs.
    fn find(&self, key: &[u64]) -> usize {
        let mask = self.table.len() - 1;
        let mut at = hash(key) as usize & mask;
        loop {
            let number = self.table[at];
            let start = number as usize * self.width;
            if number == EMPTY || self.keys[start..start + self.width] == *key {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.table = vec![EMPTY; self.table.len() * 2];
        let mask = self.table.len() - 1;
        for (number, key) in self.keys.chunks_exact(self.width).enumerate() {
            let mut at = hash(key) as usize & mask;
            while self.table[at] != EMPTY {
                at = (at + 1) & mask;
            }
            self.table[at] = number as u32;
        }
    }
}

/// Multiplies and folds, so that every bit of a key reaches the low bits, which pick the place.
fn hash(key: &[u64]) -> u64 {
    let fold = |hash: u64, &word: &u64| {
        let product = u128::from(hash ^ word) * 0x9e37_79b9_7f4a_7c15;
        (product >> 64) as u64 ^ product as u64
    };
    let hash = key.iter().fold(0x2545_f491_4f6c_dd1d, fold);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once() {
        let mut memo = Memo::new(2);
        for round in [true, false] {
            for i in 0..10_000_u64 {
                assert_eq!(memo.insert(&[i % 100, i / 100]), round, "{i}");
            }
        }
        assert_eq!(memo.len(), 10_000);
        assert_eq!(memo.keys().nth(101), Some(&[1, 1][..]));
    }
}
