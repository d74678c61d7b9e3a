//! Transactions that poll each other's records in a circle.
use super::txns::Txns;
use crate::{
    Budget,
    txn::{
        anomalies::Name,
        graph::{Csr, Kinds},
        search,
    },
};

/// The shortest circles; `None` when the budget is over, or looking was too much work.
pub(super) fn find(txns: &Txns, budget: &Budget) -> Option<Vec<Vec<u32>>> {
    let count = txns.all.len() as u32;
    let mut edges = Vec::new();
    for (number, txn) in txns.all.iter().enumerate() {
        let senders = txn.polled().filter_map(|record| txns.senders[record.value as usize]);
        let others = senders.filter(|sender| *sender != number as u32);
        edges.extend(others.map(|sender| (sender, number as u32, Kinds::WR)));
    }
    edges.sort_unstable_by_key(|(from, to, _)| (*from, *to));
    edges.dedup_by_key(|(from, to, _)| (*from, *to));
    let graph = Csr::of(count, count, &edges);
    let cycles = search::cycles(&graph, &[Name::G1c], budget)?;
    if !cycles.undecided.is_empty() {
        return None;
    }
    let found = cycles.found.into_iter();
    Some(found.map(|(_, cycle)| cycle.0.into_iter().map(|(txn, _)| txn).collect()).collect())
}
