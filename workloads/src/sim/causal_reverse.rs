//! Imagined growing sets, one a key, whose writes may become visible late.
use std::collections::BTreeMap;

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "causal-reverse", bug, functions: &["read", "write"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Sets { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Sets {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    /// Of each key what is visible, and what is not yet.
    keys: BTreeMap<u32, (Vec<Value>, Vec<Value>)>,
}

impl Store for Sets {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let (visible, late) = self.keys.entry(op.key.unwrap_or(0)).or_default();
        let done = match (&*op.f, bug) {
            ("read", "phantom") => ok([&visible[..], &[json!(1_000_000)]].concat()),
            ("read", _) => ok(visible.clone()),
            ("write", "late") => {
                late.push(op.value.clone());
                ok(op.value.clone())
            }
            _ => {
                visible.push(op.value.clone());
                if self.rng.random_bool(0.3) {
                    visible.append(late);
                }
                ok(op.value.clone())
            }
        };
        if is_lost { info() } else { done }
    }
}
