//! Whether what a process sends one after the other is there in that order.
use rustc_hash::FxHashMap;

use super::{
    Finding,
    txns::{Act, Step, Txns},
    versions::Versions,
};

/// Finds sends to places before that of an earlier send of the same process, and within a
/// transaction places between.
pub(super) fn find(txns: &Txns, versions: &Versions, findings: &mut Vec<Finding>) {
    let mut last = FxHashMap::default();
    for (process, step) in &txns.steps {
        let Step::Txn(number) = step else { continue };
        let txn = &txns.all[*number as usize];
        for act in &txn.acts {
            let Act::Send { key, offset: Some(offset), .. } = *act else { continue };
            let rank = versions.rank(key, offset);
            let Some((before, row)) = last.insert((*process, key), (rank, txn.row)) else {
                continue;
            };
            let is_within = row == txn.row;
            let (class, what) = match (rank > before, is_within) {
                (true, true) if rank > before + 1 => ("int-send-skip", "not next to"),
                (true, _) => continue,
                (false, true) => ("int-nonmonotonic-send", "not after"),
                (false, false) => ("nonmonotonic-send", "not after"),
            };
            let what = format!("sent to offset {offset}, {what} what was sent before");
            let rows = if is_within { vec![row] } else { vec![row, txn.row] };
            findings.push(Finding { class, key, what, rows });
        }
    }
}
