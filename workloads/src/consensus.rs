//! One-shot consensus, one instance a key: agreement, validity, integrity, termination.
//!
//! Threads propose values of their own and ask what was decided. In the end, every instance gets
//! one more proposal that is waited for.
use checkers::{consensus::Consensus, independent::Independent};
use rand::RngExt;
use serde_json::Value;

use crate::{
    Entry, Params, Workload,
    finally::EveryKey,
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "consensus",
    about: "one decision a key: do all agree, for good, on something that was proposed?",
    is_pinned: true,
    build,
};

/// Calls on an instance at most: once it has decided, there is little to learn.
const OPS_MAX: u32 = 20;

/// What is proposed in the end, beyond all other values.
const LAST: u32 = 1_000_000;

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, .. } = *params;
    let one_key = move |_| {
        let mut next = 0u32;
        let calls = move |ctx: &mut Context| {
            if ctx.rng.random_bool(0.4) {
                return Some(invoke("read", Value::Null));
            }
            next += 1;
            Some(invoke("propose", next))
        };
        calls.limit_near(u64::from(ops_per_key.min(OPS_MAX))).boxed()
    };
    Workload {
        generator: independent(nodes, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(|_| invoke("await", LAST)).clients().boxed(),
        checker: Box::new(Independent(Consensus)),
        // What is asked in the end proposes as well.
        reads: &[],
    }
}
