//! Imagined groups of registers, one group a key.
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
    Sim { workload: "multi-register", bug, functions: &["txn"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Groups { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Groups {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, Group>,
}

/// What each register holds, and what it held before the last transaction.
#[derive(Clone, Default)]
struct Group {
    now: BTreeMap<String, Value>,
    before: BTreeMap<String, Value>,
}

impl Store for Groups {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let group = self.keys.entry(op.key.unwrap_or(0)).or_default();
        let before = group.now.clone();
        let asked = op.value.as_array().cloned().unwrap_or_default();
        let mut answered = Vec::new();
        for (at, access) in asked.iter().enumerate() {
            let name = access[1].as_str().unwrap_or_default();
            if access[0] == "read" {
                let is_stale = bug == "torn-read" && at == 0;
                let held = if is_stale { &group.before } else { &group.now };
                answered.push(json!(["read", name, held.get(name)]));
                continue;
            }
            if bug != "torn-write" || at > 0 {
                group.now.insert(name.to_owned(), access[2].clone());
            }
            answered.push(access.clone());
        }
        if group.now != before {
            group.before = before;
        }
        if is_lost { info() } else { ok(answered) }
    }
}
