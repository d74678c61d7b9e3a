//! Imagined elections.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "election", bug, functions: &["leader"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Nodes { bug, rng: stream(seed, "sim"), term: 1, leader: 0, before: (1, 0) })
}

struct Nodes {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    term: u64,
    leader: u64,
    /// What those that hear of it late still believe.
    before: (u64, u64),
}

const NODES: u64 = 5;

impl Store for Nodes {
    fn effect(&mut self, _: Nanos, _: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        if self.rng.random_bool(0.02) {
            self.before = (self.term, self.leader);
            self.term += u64::from(self.bug != Some("same-term"));
            self.leader = self.rng.random_range(0..NODES);
        }
        let name = |leader: u64| format!("n{}", leader + 1);
        match self.rng.random_range(0..20) {
            0 => ok(json!([self.term, null])),
            1..5 => ok(json!([self.before.0, name(self.before.1)])),
            // Each of two halves has voted for one.
            5 if self.bug == Some("split-vote") => ok(json!([self.term, name(self.leader ^ 1)])),
            _ => ok(json!([self.term, name(self.leader)])),
        }
    }
}
