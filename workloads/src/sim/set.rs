//! Imagined growing sets.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Sim, Store, info, ok};
use crate::generator::{Completion, stream};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "set", bug, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64) -> Box<dyn Store> {
    Box::new(Elements { bug, rng: stream(seed, "sim"), all: Vec::new() })
}

struct Elements {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    all: Vec<Value>,
}

impl Store for Elements {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let done = match (&*op.f, bug) {
            ("add", "lost-add") => ok(op.value.clone()),
            ("add", _) => {
                self.all.push(op.value.clone());
                ok(op.value.clone())
            }
            (_, "stale-read") => ok(self.all[..self.all.len() * 9 / 10].to_vec()),
            (_, "phantom") => ok([&self.all[..], &[json!(1_000_000)]].concat()),
            (_, "duplicate") => ok([&self.all[..], &self.all[..1.min(self.all.len())]].concat()),
            _ => ok(self.all.clone()),
        };
        if is_lost { info() } else { done }
    }
}
