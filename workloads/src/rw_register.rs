//! Transactions that write and read registers: which consistency model do they keep?
//!
//! A register does not tell what it held before, so less can be concluded than from lists; see
//! [`checkers::txn::rw_register`]. Where strict serializability is asked for, every key must be
//! linearizable by itself, and its versions are ordered by that. Transactions are as
//! [`crate::transactions`] makes them.
use checkers::txn::{Assume, Options, rw_register::RwRegister};

use crate::{
    Entry, Params, Workload,
    generator::GeneratorExt,
    transactions::{READS, final_reads, transactions},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "rw-register",
    about: "transactions that write and read registers: cycles, aborted and lost writes",
    is_pinned: false,
    build,
};

fn build(params: &Params) -> Workload {
    let held_to = params.held_to();
    let is_strict = held_to.consistency.iter().any(|model| model.name == "strong-serializable");
    let assume = Assume { linearizable_keys: is_strict, ..Assume::default() };
    Workload {
        generator: transactions(params.transactions, "w").clients().boxed(),
        final_generator: final_reads(),
        checker: Box::new(RwRegister(Options { assume, ..held_to })),
        reads: READS,
    }
}
