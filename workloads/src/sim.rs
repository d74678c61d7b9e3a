//! Imagined systems, right ones and wrong ones with named bugs, for testing workloads and
//! checkers without a cluster.
//!
//! A right store takes effect at one moment, so its histories are linearizable by construction; a
//! wrong one departs from it in one way only.
mod adya_g2;
mod bank;
mod causal_reverse;
mod closed_predicate;
mod consensus;
mod counter;
mod election;
mod fenced_counter;
mod lease;
mod lock;
mod log;
mod monotonic;
mod multi_register;
mod queue;
mod register;
mod set;
pub mod transactions;
mod unique_ids;

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

use crate::{Params, generator::Completion};

/// An imagined system.
pub trait Store: Send {
    /// The call takes effect now; this is how it will end.
    fn effect(&mut self, now: Nanos, op: &Op) -> Completion;
}

/// An imagined system by name.
pub struct Sim {
    /// The workload it answers.
    pub workload: &'static str,
    /// Its bug; of a right store, none.
    pub bug: Option<&'static str>,
    /// The functions it answers.
    pub functions: &'static [&'static str],
    /// Of 20 seeds, how many the workload must convict; a right store, no seed may.
    pub convicted_min: u32,
    /// Builds it with its bug, as its workload is told; chance comes from the seed.
    pub build: fn(bug: Option<&'static str>, seed: u64, params: &Params) -> Box<dyn Store>,
}

/// All of them.
pub const ALL: &[Sim] = &[
    adya_g2::sim(None, 0),
    adya_g2::sim(Some("write-skew"), 20),
    transactions::lists(None, 0),
    transactions::lists(Some("lost-update"), 20),
    transactions::lists(Some("stale-reads"), 20),
    transactions::lists(Some("aborted-reads"), 20),
    transactions::lists(Some("snapshot-isolation"), 20),
    bank::sim(None, 0),
    bank::sim(Some("lost-update"), 20),
    bank::sim(Some("read-skew"), 20),
    bank::sim(Some("money-created"), 20),
    bank::sim(Some("overdrawn"), 20),
    register::causal(None, 0),
    register::causal(Some("stale-read"), 20),
    register::causal(Some("lost-write"), 20),
    causal_reverse::sim(None, 0),
    causal_reverse::sim(Some("late"), 20),
    causal_reverse::sim(Some("phantom"), 20),
    closed_predicate::sim(None, 0),
    closed_predicate::sim(Some("write-skew"), 20),
    closed_predicate::sim(Some("stale-index"), 20),
    closed_predicate::sim(Some("aborted-rows"), 20),
    closed_predicate::sim(Some("missed-row"), 20),
    transactions::forks(None, 0),
    transactions::forks(Some("parallel-snapshot-isolation"), 20),
    transactions::forks(Some("aborted-reads"), 20),
    monotonic::sim(None, 0),
    monotonic::sim(Some("clock-goes-back"), 20),
    monotonic::sim(Some("stale-maximum"), 20),
    monotonic::sim(Some("lost-add"), 20),
    transactions::registers(None, 0),
    transactions::registers(Some("lost-update"), 20),
    transactions::registers(Some("stale-reads"), 20),
    transactions::registers(Some("aborted-reads"), 20),
    transactions::registers(Some("snapshot-isolation"), 20),
    register::sim(None, 0),
    register::sim(Some("stale-read"), 20),
    register::sim(Some("lost-write"), 20),
    register::sim(Some("cas-without-compare"), 20),
    register::sim(Some("failed-write-happens"), 20),
    set::sim(None, 0),
    set::sim(Some("lost-add"), 20),
    set::sim(Some("stale-read"), 20),
    set::sim(Some("phantom"), 20),
    set::sim(Some("duplicate"), 20),
    set::lagging(None, 0),
    set::lagging(Some("lost-add"), 20),
    set::lagging(Some("rollback"), 20),
    set::lagging(Some("phantom"), 20),
    set::lagging(Some("duplicate"), 20),
    counter::sim(None, 0),
    counter::sim(Some("lost-add"), 20),
    counter::sim(Some("done-twice"), 20),
    counter::sim(Some("stale-read"), 20),
    queue::at_most_once(None, 0),
    queue::at_most_once(Some("delivered-twice"), 20),
    queue::at_most_once(Some("failed-enqueue-happens"), 20),
    queue::at_most_once(Some("phantom"), 20),
    queue::at_least_once(None, 0),
    queue::at_least_once(Some("lost-enqueue"), 20),
    queue::at_least_once(Some("failed-dequeue-takes"), 20),
    queue::at_least_once(Some("phantom"), 20),
    queue::fifo(None, 0),
    queue::fifo(Some("lost-enqueue"), 20),
    queue::fifo(Some("delivered-twice"), 20),
    queue::fifo(Some("last-in-first-out"), 20),
    unique_ids::sim(None, 0),
    unique_ids::sim(Some("restart"), 20),
    unique_ids::sim(Some("clock"), 20),
    multi_register::sim(None, 0),
    multi_register::sim(Some("torn-read"), 20),
    multi_register::sim(Some("torn-write"), 20),
    lock::sim(None, 0),
    lock::sim(Some("two-holders"), 20),
    lock::sim(Some("same-token"), 20),
    lock::sim(Some("released-by-anybody"), 19),
    lease::sim(None, 0),
    lease::sim(Some("fast-clock"), 20),
    lease::sim(Some("renewed-by-anybody"), 20),
    lease::sim(Some("same-token"), 20),
    election::sim(None, 0),
    election::sim(Some("same-term"), 20),
    election::sim(Some("split-vote"), 20),
    fenced_counter::sim(None, 0),
    fenced_counter::sim(Some("no-fencing"), 20),
    fenced_counter::sim(Some("refused-yet-written"), 20),
    consensus::sim(None, 0),
    consensus::sim(Some("decides-early"), 20),
    consensus::sim(Some("invention"), 20),
    consensus::sim(Some("forgets"), 20),
    consensus::sim(Some("never-decides"), 20),
    log::sim(None, 0),
    log::sim(Some("lost-send"), 20),
    log::sim(Some("aborted-send"), 20),
    log::sim(Some("own-sends"), 20),
    log::sim(Some("sent-twice"), 20),
    log::sim(Some("offset-reused"), 20),
    log::assigned(None, 0),
    log::assigned(Some("skipped"), 20),
    log::assigned(Some("read-again"), 20),
    log::assigned(Some("reordered"), 20),
];

/// The call was answered.
pub fn ok(value: impl Into<Value>) -> Completion {
    Completion { kind: Kind::Ok, value: value.into(), error: None }
}

/// The call did nothing.
pub fn fail(why: &str) -> Completion {
    Completion { kind: Kind::Fail, value: Value::Null, error: Some(why.into()) }
}

/// The call's fate is unknown to its client.
fn info() -> Completion {
    Completion { kind: Kind::Info, value: Value::Null, error: Some("timed out".into()) }
}
