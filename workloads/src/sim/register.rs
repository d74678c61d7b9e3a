//! Imagined registers, one a key.
use std::collections::BTreeMap;

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "register", bug, functions: &["read", "write", "cas"], convicted_min, build }
}

/// The same registers, each used by one process.
pub(super) const fn causal(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "causal", functions: &["read", "write"], ..sim(bug, convicted_min) }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Registers { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Registers {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, Vec<Value>>, // Every value there was; the last one is current.
}

impl Store for Registers {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let values = self.keys.entry(op.key.unwrap_or(0)).or_insert_with(|| vec![Value::Null]);
        let current = values[values.len() - 1].clone();
        let done = match (&*op.f, bug) {
            ("read", "stale-read") => ok(values[values.len().saturating_sub(3)].clone()),
            ("read", _) => ok(current),
            ("write", "lost-write") => ok(op.value.clone()),
            ("write", "failed-write-happens") => {
                values.push(op.value.clone());
                fail("not done, it says")
            }
            ("cas", bug) if op.value[0] != current && bug != "cas-without-compare" => {
                fail("expected another value")
            }
            ("cas", _) => {
                values.push(op.value[1].clone());
                ok(op.value.clone())
            }
            _ => {
                values.push(op.value.clone());
                ok(op.value.clone())
            }
        };
        if is_lost { info() } else { done }
    }
}
