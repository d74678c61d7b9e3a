//! Imagined leases, one a key.
use std::collections::BTreeMap;

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["acquire", "renew", "release"];
    Sim { workload: "lease", bug, functions, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Leases { bug, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Leases {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, Lease>,
}

#[derive(Default)]
struct Lease {
    holder: Value,
    until: Nanos,
    token: u64,
}

const TTL_MS: u64 = 60;

impl Store for Leases {
    fn effect(&mut self, now: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.unwrap_or("");
        let lease = self.keys.entry(op.key.unwrap_or(0)).or_default();
        let is_free = lease.holder.is_null() || now >= lease.until;
        let is_mine = lease.holder == op.value && !is_free;
        let lasts = if bug == "fast-clock" { TTL_MS / 2 } else { TTL_MS };
        let done = match &*op.f {
            "acquire" if is_free => {
                let is_new = bug != "same-token" || self.rng.random_bool(0.9);
                lease.token += u64::from(is_new);
                lease.holder = op.value.clone();
                lease.until = now + lasts * 1_000_000;
                ok(json!([lease.token, TTL_MS]))
            }
            "renew" if is_mine || bug == "renewed-by-anybody" => {
                lease.until = now + lasts * 1_000_000;
                ok(json!([lease.token, TTL_MS]))
            }
            "release" if is_mine => {
                lease.holder = Value::Null;
                ok(op.value.clone())
            }
            _ => fail("held by another"),
        };
        if is_lost { info() } else { done }
    }
}
