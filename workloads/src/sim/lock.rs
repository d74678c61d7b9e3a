//! Imagined locks, one a key.
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
    Sim { workload: "lock", bug, functions: &["acquire", "release"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Locks { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Locks {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, Lock>,
}

#[derive(Default)]
struct Lock {
    holder: Option<Value>,
    token: u64,
}

impl Store for Locks {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let lock = self.keys.entry(op.key.unwrap_or(0)).or_default();
        let is_mine = lock.holder.as_ref() == Some(&op.value);
        let done = match (&*op.f, bug) {
            ("acquire", bug) if lock.holder.is_none() || bug == "two-holders" => {
                lock.token += u64::from(bug != "same-token");
                lock.holder = Some(op.value.clone());
                ok(lock.token)
            }
            ("acquire", _) => fail("held by another"),
            (_, "released-by-anybody") => {
                lock.holder = None;
                ok(op.value.clone())
            }
            _ if is_mine => {
                lock.holder = None;
                ok(op.value.clone())
            }
            _ => fail("not the holder"),
        };
        if is_lost { info() } else { done }
    }
}
