//! Imagined consensus, one instance a key.
use std::collections::BTreeMap;

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["propose", "read", "await"];
    Sim { workload: "consensus", bug, functions, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Instances { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Instances {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, Value>,
}

impl Store for Instances {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let key = op.key.unwrap_or(0);
        // Some instances never decide, some on what nobody has proposed.
        let is_odd = key % 10 == 3;
        let decision = self.keys.entry(key).or_default();
        match self.bug {
            Some("never-decides") if is_odd => return ok(Value::Null),
            Some("invention") if is_odd => return ok(7_777_777),
            _ => (),
        }
        if bug == "forgets" {
            *decision = Value::Null;
        }
        if &*op.f != "read" && (decision.is_null() || bug == "decides-early") {
            *decision = op.value.clone();
        }
        if is_lost { info() } else { ok(decision.clone()) }
    }
}
