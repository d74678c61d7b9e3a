//! Each add reads the largest value there is and adds one more: do values grow with the database's
//! timestamps, and with time?
//!
//! Now and then all are read; after healing each thread reads until it is answered. Strict
//! serializability is what is asked, unless another consistency model is named: then only each
//! process's own adds need be in order. See [`checkers::monotonic`].
use checkers::monotonic::Monotonic;
use rand::RngExt;
use serde_json::Value;

use crate::{
    Entry, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "monotonic",
    about: "adds of one more than the largest, with timestamps: reordered, duplicated, lost?",
    is_pinned: false,
    build,
};

/// One call in so many is a read: a read is as long as all adds.
const ADDS_PER_READ: u32 = 50;

fn build(params: &Params) -> Workload {
    let held_to = params.held_to().consistency;
    let calls = |ctx: &mut Context| match ctx.rng.random_ratio(1, ADDS_PER_READ) {
        true => finally::read(ctx),
        false => Some(invoke("add", Value::Null)),
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until_ok(finally::read),
        checker: Box::new(Monotonic {
            real_time: held_to.iter().any(|model| model.name == "strong-serializable"),
        }),
        reads: &["read"],
    }
}
