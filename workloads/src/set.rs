//! A set that only grows: is what was acknowledged still there in the end, on every node?
//!
//! Every element is added once, and now and then the set is read; after healing, each thread reads
//! until it is answered, so that every node is asked.
use checkers::set::Set;
use rand::RngExt;

use crate::{
    Entry, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "set",
    about: "a growing set: unique adds, read by every node in the end; lost, stale, unexpected?",
    is_pinned: false,
    build,
};

/// One call in so many is a read: a read is as long as the set.
const ADDS_PER_READ: u32 = 50;

fn build(_: &Params) -> Workload {
    let mut next = 0u64;
    let calls = move |ctx: &mut Context| {
        if ctx.rng.random_ratio(1, ADDS_PER_READ) {
            return finally::read(ctx);
        }
        next += 1;
        Some(invoke("add", next))
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until_ok(finally::read),
        checker: Box::new(Set::default()),
        reads: &["read"],
    }
}
