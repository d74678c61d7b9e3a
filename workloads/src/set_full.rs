//! A set that only grows, read all the time: does anything get lost, and how long does it take
//! until everybody sees an element?
//!
//! Unlike [`crate::set`], a stale read is measured and not condemned: the set need not be
//! linearizable, but what was acknowledged must stay once the system has settled.
use checkers::set::Set;
use rand::RngExt;

use crate::{
    Entry, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "set-full",
    about: "a growing set, read often: lost, unexpected, duplicated? How stale are its reads?",
    is_pinned: false,
    build,
};

/// So many elements in the set make a read as rare as one call in two; twice as many, in three.
const ADDS_PER_READ: u64 = 100;

fn build(_: &Params) -> Workload {
    let mut next = 0u64;
    // A read is as long as the set. So they get rarer as it grows, and all together stay linear.
    let calls = move |ctx: &mut Context| {
        let shares = next / ADDS_PER_READ + 2;
        if ctx.rng.random_range(0..shares) == 0 {
            return finally::read(ctx);
        }
        next += 1;
        Some(invoke("add", next))
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::settle_first(finally::each_thread_until_ok(finally::read)),
        checker: Box::new(Set { stale_is_anomaly: false }),
        reads: &["read"],
    }
}
