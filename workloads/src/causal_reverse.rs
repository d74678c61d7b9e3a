//! Blind writes of unique values, and reads of all there are of a key: is a write ever seen without
//! one that had completed before it began?
//!
//! Half the calls are reads; a key sees a bounded number of calls, so that reads stay short. After
//! healing, every key is read once more. See [`checkers::causal_reverse`].
use checkers::{Independent, causal_reverse::CausalReverse};
use rand::RngExt;
use serde_json::Value;

use crate::{
    Entry, Params, Workload,
    finally::{self, EveryKey},
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "causal-reverse",
    about: "unique writes and reads of all: is a later write seen without an earlier one?",
    is_pinned: false,
    build,
};

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, .. } = *params;
    let one_key = move |_| {
        let mut next = 0u64;
        let calls = move |ctx: &mut Context| {
            if ctx.rng.random() {
                return finally::read(ctx);
            }
            next += 1;
            Some(invoke("write", next))
        };
        calls.limit_near(u64::from(ops_per_key)).boxed()
    };
    Workload {
        generator: independent(nodes, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(|_| invoke("read", Value::Null)).clients().boxed(),
        checker: Box::new(Independent(CausalReverse)),
        reads: &["read"],
    }
}
