//! Whether each process polls the records of a key in their order, without a gap.
use rustc_hash::FxHashMap;

use super::{
    Finding,
    txns::{Fate, Record, Step, Txn, Txns},
    versions::Versions,
};
use crate::Process;

/// Where a process is in a key: the place it polled last, and the row that told.
type Position = (usize, u32);

/// Finds skips and steps back, within transactions and between those of a process.
pub(super) fn find(txns: &Txns, versions: &Versions, findings: &mut Vec<Finding>) {
    let mut processes: FxHashMap<Process, FxHashMap<u32, Position>> = FxHashMap::default();
    for (process, step) in &txns.steps {
        let positions = processes.entry(*process).or_default();
        match step {
            // What it had and keeps, it goes on with.
            Step::Assign(keys) => positions.retain(|key, _| keys.contains(key)),
            Step::Subscribe => positions.clear(),
            Step::Txn(number) => {
                let txn = &txns.all[*number as usize];
                if txn.fate == Fate::Happened {
                    follow(txns, versions, txn, positions, findings);
                } else if txn.has_poll {
                    // Nobody knows whether it goes on from here or from before.
                    positions.clear();
                }
            }
        }
    }
}

fn follow(
    txns: &Txns,
    versions: &Versions,
    txn: &Txn,
    positions: &mut FxHashMap<u32, Position>,
    findings: &mut Vec<Finding>,
) {
    for record in txn.polled() {
        let Record { key, offset, value } = *record;
        if txns.fate_of(value) == Some(Fate::Failed) {
            continue; // It has no place; that it was polled is another matter.
        }
        let rank = versions.rank(key, offset);
        let Some((before, row)) = positions.insert(key, (rank, txn.row)) else { continue };
        let is_within = row == txn.row;
        let class = match (rank, is_within) {
            _ if rank == before + 1 => continue,
            _ if rank > before => {
                if is_within {
                    "int-poll-skip"
                } else {
                    "poll-skip"
                }
            }
            (_, true) => "int-nonmonotonic-poll",
            (_, false) => "nonmonotonic-poll",
        };
        let what = match rank.checked_sub(before + 1) {
            Some(missed) => format!("{missed} passed over before offset {offset}"),
            None => format!("back to offset {offset}"),
        };
        let rows = if is_within { vec![row] } else { vec![row, txn.row] };
        findings.push(Finding { class, key, what, rows });
    }
}
