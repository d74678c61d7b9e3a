//! Records that should not have been polled at all.
use super::{
    Finding,
    txns::{Fate, Txns},
};

/// Finds what was polled before it was committed, though it failed, or though nobody sent it.
pub(super) fn find(txns: &Txns, findings: &mut Vec<Finding>) {
    for (number, txn) in txns.all.iter().enumerate() {
        for record in txn.polled() {
            let sender = txns.senders[record.value as usize];
            let sent = sender.map(|sender| &txns.all[sender as usize]);
            let (class, what) = match sent {
                None => ("unexpected", "which nobody sent"),
                Some(sent) if sent.invoked > txn.row => ("unexpected", "which nobody had sent"),
                Some(sent) if sent.fate == Fate::Failed => ("G1a", "whose send had failed"),
                Some(_) if sender == Some(number as u32) => {
                    ("precommitted-read", "which it sent itself")
                }
                Some(_) => continue,
            };
            let value = &txns.values[record.value as usize].1;
            let what = format!("{value} was polled, {what}");
            let rows = sent.map(|sent| sent.row).into_iter().chain([txn.row]).collect();
            findings.push(Finding { class, key: record.key, what, rows });
        }
    }
}
