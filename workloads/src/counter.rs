//! A counter that goes up and down: was each read within what the adds allow?
//!
//! Adds are of different sizes, so that one that is lost or done twice shows in the sum. After
//! healing each thread reads until it is answered, so that every node is asked.
use checkers::counter::Counter;
use rand::RngExt;

use crate::{
    Entry, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "counter",
    about: "a counter: increments, decrements, reads; is each read within what they allow?",
    is_pinned: false,
    build,
};

/// The most that one call adds or takes.
const STEP_MAX: i64 = 5;

fn build(_: &Params) -> Workload {
    let calls = |ctx: &mut Context| match ctx.rng.random_range(0..4) {
        0 | 1 => Some(invoke("increment", ctx.rng.random_range(1..=STEP_MAX))),
        2 => Some(invoke("decrement", ctx.rng.random_range(1..=STEP_MAX))),
        _ => finally::read(ctx),
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until_ok(finally::read),
        checker: Box::new(Counter::default()),
        reads: &["read"],
    }
}
