//! A counter that only the holder of a lease may write: does a fencing token keep late writes out?
//!
//! Each increment takes the lease, reads the counter and writes one more, under its token; it
//! answers what it wrote. Two that wrote the same lost an update: one of them had lost the lease,
//! did not know it, and was not turned away.
use checkers::counter::Counter;
use rand::RngExt;

use crate::{
    Entry, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "fenced-counter",
    about: "a counter written by whoever leads, under its token: is an increment ever lost?",
    is_pinned: false,
    build,
};

fn build(_: &Params) -> Workload {
    let calls = |ctx: &mut Context| match ctx.rng.random_range(0..4) {
        0 => finally::read(ctx),
        _ => Some(invoke("increment", 1)),
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until_ok(finally::read),
        checker: Box::new(Counter { tells: true, ..Counter::default() }),
        reads: &["read"],
    }
}
