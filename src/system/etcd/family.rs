//! Workloads that etcd answers in the same way, each by a client of its own.
use anyhow::{Context, anyhow};
use checkers::Op;
use workloads::{Client, Failure, Params};

use super::{
    adya_g2, bank, consensus, counter, election, fenced_counter, kv::Kv, lease, lock, log,
    monotonic, queue, registers, sets, transactions, unique_ids,
};

/// Some workloads, and how they are answered.
pub(super) struct Family {
    /// Their names.
    pub(super) workloads: &'static [&'static str],
    /// The functions that are answered.
    pub(super) functions: &'static [&'static str],
    /// Makes a client of a connection.
    pub(super) client: fn(Kv, &Params) -> Box<dyn Client>,
}

/// All of them.
pub(super) const ALL: &[Family] = &[
    adya_g2::FAMILY,
    bank::FAMILY,
    consensus::FAMILY,
    counter::FAMILY,
    election::FAMILY,
    fenced_counter::FAMILY,
    lease::FAMILY,
    lock::FAMILY,
    log::FAMILY,
    monotonic::FAMILY,
    queue::FAMILY,
    registers::FAMILY,
    sets::FAMILY,
    sets::KEYED,
    transactions::FAMILY,
    transactions::NUMBERED,
    transactions::NAMED,
    unique_ids::FAMILY,
];

/// The family of a workload.
pub(super) fn find(workload: &str) -> Option<&'static Family> {
    ALL.iter().find(|family| family.workloads.contains(&workload))
}

/// The key that an op is about.
pub(super) fn key(op: &Op) -> Result<u32, Failure> {
    Ok(op.key.context("it is about no key")?)
}

/// A function that nobody said would be answered.
pub(super) fn unknown(op: &Op) -> Failure {
    anyhow!("etcd has no answer to {}", op.f).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_one_family() {
        for entry in workloads::ALL {
            let of = ALL.iter().filter(|family| family.workloads.contains(&entry.name));
            // Nobody can compare what a predicate would have matched.
            let is_answered = entry.name != "closed-predicate";
            assert_eq!(of.count(), usize::from(is_answered), "{}", entry.name);
        }
    }
}
