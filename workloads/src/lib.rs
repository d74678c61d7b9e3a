//! What to ask of a system. Decides; never does IO.
//!
//! A [`Workload`] is a value: a [`Generator`] that decides what each thread does next, another for
//! the reads after healing, and the checker that judges what came of it. A [`Client`] is the
//! contract with a system. The [`Scheduler`](generator::Scheduler) turns a generator into ops
//! without knowing a clock, so the real run and [`simulate`](generator::simulate()) drive the same
//! code.
//!
//! Start at [`generator`], the guide to generators; then [`set`], a workload in one short file.

pub mod adya_g2;
pub mod append;
pub mod bank;
pub mod causal;
pub mod causal_reverse;
pub mod client;
pub mod closed_predicate;
pub mod consensus;
pub mod counter;
pub mod election;
pub mod fenced_counter;
pub mod fifo_queue;
mod finally;
pub mod generator;
pub mod lease;
pub mod lock;
pub mod log;
pub mod long_fork;
pub mod monotonic;
pub mod multi_register;
pub mod queue;
pub mod register;
pub mod rw_register;
pub mod set;
pub mod set_full;
pub mod sim;
pub mod total_queue;
pub mod transactions;
pub mod unique_ids;

use checkers::{
    Checker,
    txn::{self, levels::Model},
};
use serde::{Deserialize, Serialize};

pub use client::{Client, Failure, Foreseen};
pub use generator::{Generator, Invocation};

/// What to ask, and who judges the answers.
pub struct Workload {
    /// What to ask while faults strike.
    pub generator: Box<dyn Generator>,
    /// What to ask after healing: reads, each until it is answered.
    pub final_generator: Box<dyn Generator>,
    /// Who judges.
    pub checker: Box<dyn Checker>,
    /// The functions that change nothing: when their fate is unknown, they may count as failed.
    pub reads: &'static [&'static str],
}

/// What a workload may be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Client threads.
    pub concurrency: u32,
    /// Nodes; thread `i` talks to node `i mod nodes`.
    pub nodes: u32,
    /// Calls on one independent key, at most, before a fresh one takes its place; keys end at
    /// different times.
    pub ops_per_key: u32,
    /// Whether one thread a key only writes and the others only read, each at a node of its own.
    pub roles: bool,
    /// The functions the system answers.
    pub functions: Vec<String>,
    /// What transactions look like.
    #[serde(default)]
    pub transactions: transactions::Shape,
    /// What a bank is like.
    #[serde(default)]
    pub bank: bank::Shape,
    /// The models that transactions are held to; where there is none, strict serializability.
    #[serde(default)]
    pub consistency: Vec<&'static Model>,
}

/// A workload by name.
pub struct Entry {
    /// As `--workload` takes it.
    pub name: &'static str,
    /// One line for `netsplit list`.
    pub about: &'static str,
    /// Whether a process has to stay with its node for the checker to be right.
    pub is_pinned: bool,
    /// Builds it.
    pub build: fn(&Params) -> Workload,
}

/// The table of contents.
pub const ALL: &[Entry] = &[
    adya_g2::ENTRY,
    append::ENTRY,
    bank::ENTRY,
    causal::ENTRY,
    causal_reverse::ENTRY,
    closed_predicate::ENTRY,
    consensus::ENTRY,
    counter::ENTRY,
    election::ENTRY,
    fenced_counter::ENTRY,
    fifo_queue::ENTRY,
    lease::ENTRY,
    lock::ENTRY,
    log::ENTRY,
    long_fork::ENTRY,
    monotonic::ENTRY,
    multi_register::ENTRY,
    queue::ENTRY,
    register::ENTRY,
    rw_register::ENTRY,
    set::ENTRY,
    set_full::ENTRY,
    total_queue::ENTRY,
    unique_ids::ENTRY,
];

/// The workload of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

impl Default for Params {
    fn default() -> Params {
        Params {
            concurrency: 10,
            nodes: 5,
            ops_per_key: 200,
            roles: false,
            functions: Vec::new(),
            transactions: transactions::Shape::default(),
            bank: bank::Shape::default(),
            consistency: Vec::new(),
        }
    }
}

impl Params {
    /// Whether the system answers this function.
    pub fn has(&self, f: &str) -> bool {
        self.functions.iter().any(|known| known == f)
    }

    /// What checkers of transactions are told.
    fn held_to(&self) -> txn::Options {
        match &self.consistency[..] {
            [] => txn::Options::default(),
            models => txn::Options { consistency: models.to_vec(), ..txn::Options::default() },
        }
    }
}
