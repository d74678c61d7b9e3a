//! Imagined counters under a lease.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["increment", "read"];
    Sim { workload: "fenced-counter", bug, functions, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Fenced { bug, rng: stream(seed, "sim"), value: 0, paused: None })
}

struct Fenced {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    value: u64,
    /// What a leader read that was paused before it wrote.
    paused: Option<u64>,
}

impl Store for Fenced {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let has_bug = self.rng.random_bool(0.1);
        let done = match &*op.f {
            "read" => ok(self.value),
            _ if has_bug => {
                let read = self.paused.replace(self.value);
                match (self.bug, read) {
                    // Somebody else led meanwhile, and nobody turns the late write away.
                    (Some("no-fencing"), Some(read)) => {
                        self.value = read + 1;
                        ok(self.value)
                    }
                    (Some("refused-yet-written"), _) => {
                        self.value += 1;
                        fail("an old token")
                    }
                    _ => fail("an old token"),
                }
            }
            _ => {
                self.value += 1;
                ok(self.value)
            }
        };
        if is_lost { info() } else { done }
    }
}
