//! Queues, one a key: first in, first out? Is every one linearizable?
//!
//! Values are distinct per key, and each key sees a bounded number of calls. In the end every
//! queue is drained, so that what was lost shows.
use checkers::{independent::Independent, linearizable::Linearizable, model::FifoQueue};
use rand::RngExt;
use serde_json::Value;

use crate::{
    Entry, Params, Workload,
    finally::{self, EveryKey},
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "fifo-queue",
    about: "queues, one a key: first in, first out; linearizable?",
    is_pinned: false,
    build,
};

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, .. } = *params;
    let one_key = move |_| {
        let mut next = 0u64;
        let calls = move |ctx: &mut Context| {
            if ctx.rng.random_bool(0.5) {
                return Some(invoke("dequeue", Value::Null));
            }
            next += 1;
            Some(invoke("enqueue", next))
        };
        calls.limit_near(u64::from(ops_per_key)).boxed()
    };
    let drained = EveryKey::until(finally::is_null, |_| invoke("dequeue", Value::Null));
    Workload {
        generator: independent(nodes, one_key).clients().boxed(),
        final_generator: drained.clients().boxed(),
        checker: Box::new(Independent(Linearizable(FifoQueue::default()))),
        reads: &[],
    }
}
