//! Several registers, read and written together, one such group a key: is every transaction seen
//! whole?
//!
//! Transactions read some registers and write others; written values are distinct per key. After
//! healing, all registers of every key are read at once.
use checkers::{independent::Independent, linearizable::Linearizable, model::MultiRegister};
use rand::RngExt;
use serde_json::{Value, json};

use crate::{
    Entry, Invocation, Params, Workload,
    finally::EveryKey,
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "multi-register",
    about: "three registers a key, read and written together: is every transaction seen whole?",
    is_pinned: false,
    build,
};

const NAMES: [&str; 3] = ["x", "y", "z"];

/// Calls on a key at most: whether they have an order is hard to tell of more.
const OPS_MAX: u32 = 100;

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, .. } = *params;
    let one_key = move |_| {
        let mut next = 0u64;
        let calls = move |ctx: &mut Context| Some(transaction(ctx, &mut next));
        calls.limit_near(u64::from(ops_per_key.min(OPS_MAX))).boxed()
    };
    Workload {
        generator: independent(nodes, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(|_| read_all()).clients().boxed(),
        checker: Box::new(Independent(Linearizable(MultiRegister::default()))),
        reads: &[],
    }
}

/// Reads all, or writes some and reads the rest of some.
fn transaction(ctx: &mut Context, next: &mut u64) -> Invocation {
    if ctx.rng.random_bool(0.4) {
        return read_all();
    }
    let mut accesses = Vec::new();
    for name in NAMES {
        match ctx.rng.random_range(0..4) {
            0 => (),
            1 => accesses.push(json!(["read", name, null])),
            _ => {
                *next += 1;
                accesses.push(json!(["write", name, next]));
            }
        }
    }
    if accesses.is_empty() { read_all() } else { invoke("txn", accesses) }
}

fn read_all() -> Invocation {
    let accesses: Vec<Value> = NAMES.iter().map(|name| json!(["read", name, null])).collect();
    invoke("txn", accesses)
}
