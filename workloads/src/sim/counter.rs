//! Imagined counters.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["increment", "decrement", "read"];
    Sim { workload: "counter", bug, functions, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Counter { bug, rng: stream(seed, "sim"), value: 0, before: 0 })
}

struct Counter {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    value: i64,
    /// What it was at a past read.
    before: i64,
}

impl Store for Counter {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let step = op.value.as_i64().unwrap_or(0) * if &*op.f == "decrement" { -1 } else { 1 };
        let done = match (&*op.f, bug) {
            ("read", "stale-read") => ok(self.before),
            ("read", _) => {
                if self.rng.random_bool(0.1) {
                    self.before = self.value;
                }
                ok(self.value)
            }
            (_, "lost-add") => ok(op.value.clone()),
            (_, bug) => {
                self.value += if bug == "done-twice" { 2 * step } else { step };
                ok(op.value.clone())
            }
        };
        if is_lost { info() } else { done }
    }
}
