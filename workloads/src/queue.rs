//! A queue whose values may get lost, but come out no more often than they were put in.
//!
//! Every value is put in once. In the end each thread takes values out until there are none, so
//! that what was kept shows.
use checkers::{Checker, queue::Queue};
use rand::RngExt;
use serde_json::Value;

use crate::{
    Entry, Invocation, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "queue",
    about: "a queue: does each value come out once at most, and only what was put in?",
    is_pinned: false,
    build: |_| distinct_values(Box::new(Queue::AT_MOST_ONCE)),
};

/// Values in, values out, drained in the end.
pub(crate) fn distinct_values(checker: Box<dyn Checker>) -> Workload {
    let mut next = 0u64;
    let calls = move |ctx: &mut Context| {
        if ctx.rng.random_bool(0.5) {
            return take(ctx);
        }
        next += 1;
        Some(invoke("enqueue", next))
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until(finally::is_null, take),
        checker,
        reads: &[],
    }
}

fn take(_: &mut Context) -> Option<Invocation> {
    Some(invoke("dequeue", Value::Null))
}
