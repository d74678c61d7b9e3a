//! netsplit: the controller. Everything that touches the world.
//!
//! A run goes through these, in order: [`cli`] resolves a [`test`]; a [`testbed`] gives nodes,
//! each reached through a [`remote`]; a [`system`] runs on them as a [`cluster`], joined by a
//! [`net`]; [`run`] drives a workload's ops against it while the [`nemesis`] injects faults, noting
//! each in the [`ledger`] first, on a [`disk`] that can lose its power where that is asked for; the
//! history lands in the [`store`]; [`findings`] judges it, and
//! [`report`] draws it. [`zoo`] holds the reference systems that ship inside the binary.
//!
//! # Invariants
//!
//! 1. *The journal decides what happened.* An invocation is written before it is sent, a
//!    completion after it is received; the order of the file is the order of truth.
//! 2. *When in doubt, indefinite.* An error, a time-out, a panic is `info`; `fail` needs proof.
//! 3. *Every wait has a deadline.* A hung client never hangs a run.
//! 4. *No pass without evidence.* Too little traffic, no read after healing or a fault without
//!    proof of effect makes a verdict unknown.
//! 5. *Harness failure is not system failure.* It has verdicts and exit codes of its own.
//! 6. *Every fault can be undone*, with what stands in the ledger, by another process.
//! 7. *Same seed, same schedule.*
//! 8. *A checker enters the house when it has convicted a wrong store and acquitted a right one.*
//! 9. *Checkers neither panic nor lie about limits.*
//! 10. *A violation dominates.*
pub mod capture;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod disk;
pub mod doctor;
pub mod exit;
pub mod findings;
pub mod junit;
pub mod ledger;
pub mod nemesis;
pub mod net;
pub mod remote;
pub mod report;
pub mod result;
pub mod route;
pub mod run;
pub mod store;
pub mod system;
pub mod test;
pub mod testbed;
pub mod zoo;
