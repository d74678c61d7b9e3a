//! The micro-operations of each key, which is how versions are looked at.
use std::ops::Range;

use super::decode::Txns;

/// A micro-operation and the transaction it is of.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its number among all.
    pub mop: u32,
    /// Whose it is.
    pub txn: u32,
}

/// The micro-operations of each key, in order of transactions.
pub struct ByKey {
    /// Where the entries of each key begin, and at last where they all end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// Entries that are looked at by one thread at a time.
const SHARE: u32 = 1 << 14;

impl ByKey {
    /// Sorts the micro-operations of a history by key.
    pub fn group(txns: &Txns<'_>) -> ByKey {
        let mut starts = vec![0_u32; txns.key_atoms.len() + 1];
        for key in &txns.keys {
            starts[*key as usize + 1] += 1;
        }
        for key in 1..starts.len() {
            starts[key] += starts[key - 1];
        }
        let mut fill = starts.clone();
        let mut entries = vec![Entry { mop: 0, txn: 0 }; txns.keys.len()];
        for txn in 0..txns.len() as u32 {
            for mop in txns.mops(txn) {
                let place = &mut fill[txns.keys[mop] as usize];
                entries[*place as usize] = Entry { mop: mop as u32, txn };
                *place += 1;
            }
        }
        ByKey { starts, entries }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was done with a key.
    pub fn entries(&self, key: usize) -> &[Entry] {
        &self.entries[self.starts[key] as usize..self.starts[key + 1] as usize]
    }

    /// Ranges of keys with about as many entries each, so that threads share the work evenly.
    pub fn shares(&self) -> Vec<Range<usize>> {
        let mut shares = Vec::new();
        let mut from = 0;
        while from < self.len() {
            let enough = self.starts[from] + SHARE;
            let to =
                self.starts.partition_point(|start| *start <= enough).clamp(from + 1, self.len());
            shares.push(from..to);
            from = to;
        }
        shares
    }
}
