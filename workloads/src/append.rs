//! Transactions that append to lists and read them: which consistency model do they keep?
//!
//! A list tells who appended to it, in which order, so that little is left to guess: see
//! [`checkers::txn::append`]. Transactions are as [`crate::transactions`] makes them.
use checkers::txn::append::Append;

use crate::{
    Entry, Params, Workload,
    generator::GeneratorExt,
    transactions::{READS, final_reads, transactions},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "append",
    about: "transactions that append to lists and read them: cycles, aborted and lost writes",
    is_pinned: false,
    build,
};

fn build(params: &Params) -> Workload {
    Workload {
        generator: transactions(params.transactions, "append").clients().boxed(),
        final_generator: final_reads(),
        checker: Box::new(Append(params.held_to())),
        reads: READS,
    }
}
