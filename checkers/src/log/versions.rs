//! Where the records of each key are: their order, as far as anybody was told.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Finding,
    txns::{Act, Fate, Record, Txns},
};

/// The order of each key's records. What only failed transactions sent is left out.
pub(super) struct Versions {
    /// By key: the offsets at which there is something, in order.
    offsets: Vec<Vec<i64>>,
    /// By value: the first offset at which it was seen.
    offset_of: Vec<Option<i64>>,
}

impl Versions {
    /// From what acknowledgements and polls say; finds where they contradict each other.
    pub(super) fn read(txns: &Txns, findings: &mut Vec<Finding>) -> Versions {
        let mut offsets = vec![Vec::new(); txns.keys.len()];
        let mut told: FxHashMap<(u32, i64), (u32, u32)> = FxHashMap::default();
        let mut known = FxHashSet::default();
        let mut seen: Vec<Option<(i64, u32)>> = vec![None; txns.values.len()];
        for (record, row) in records(txns) {
            let Record { key, offset, value } = record;
            // What many were told is looked at once.
            let is_new = known.insert((key, offset, value));
            if !is_new || txns.fate_of(value) == Some(Fate::Failed) {
                continue;
            }
            let (there, first) = *told.entry((key, offset)).or_insert_with(|| {
                offsets[key as usize].push(offset);
                (value, row)
            });
            let text = |value: u32| &txns.values[value as usize].1;
            if there != value {
                let (one, other) = (text(there), text(value));
                let what = format!("offset {offset} has {one}, and has {other}");
                let rows = vec![first, row];
                findings.push(Finding { class: "inconsistent-offsets", key, what, rows });
            }
            let (before, first) = *seen[value as usize].get_or_insert((offset, row));
            if before != offset {
                let what = format!("{} is at offset {before} and at {offset}", text(value));
                let rows = vec![first, row];
                findings.push(Finding { class: "duplicate", key, what, rows });
            }
        }
        for of_key in &mut offsets {
            of_key.sort_unstable();
        }
        let offset_of = seen.into_iter().map(|seen| seen.map(|(offset, _)| offset)).collect();
        Versions { offsets, offset_of }
    }

    /// The place of an offset among those of its key, from 0.
    pub(super) fn rank(&self, key: u32, offset: i64) -> usize {
        self.offsets[key as usize].partition_point(|&other| other < offset)
    }

    /// The place of a value among those of its key, where it is known.
    pub(super) fn rank_of(&self, key: u32, value: u32) -> Option<usize> {
        self.offset_of[value as usize].map(|offset| self.rank(key, offset))
    }

    /// How many places there are.
    pub(super) fn count(&self) -> usize {
        self.offsets.iter().map(Vec::len).sum()
    }
}

/// Every record that somebody was told the offset of, each with the row that told it; one that
/// many were told of again and again.
fn records(txns: &Txns) -> impl Iterator<Item = (Record, u32)> {
    txns.all.iter().flat_map(|txn| {
        let of_act = |act: &Act| match act {
            Act::Send { key, value, offset: Some(offset) } => {
                vec![Record { key: *key, value: *value, offset: *offset }]
            }
            Act::Send { .. } => Vec::new(),
            Act::Poll(records) => records.clone(),
        };
        txn.acts.iter().flat_map(of_act).map(|record| (record, txn.row))
    })
}
