//! Imagined sources of ids.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "unique-ids", bug, functions: &["generate"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Ids { bug, rng: stream(seed, "sim"), last: 0 })
}

struct Ids {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    last: u64,
}

impl Store for Ids {
    fn effect(&mut self, now: Nanos, _: &Op) -> Completion {
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        match bug {
            // Nobody wrote down which ids were given.
            "restart" => self.last = self.last.saturating_sub(self.rng.random_range(0..50)),
            "clock" => self.last = now / 1_000_000,
            _ => self.last += 1,
        }
        if self.rng.random_bool(0.01) { info() } else { ok(self.last) }
    }
}
