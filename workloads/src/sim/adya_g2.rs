//! Imagined tables into which one row a key may be inserted.
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
    Sim { workload: "adya-g2", bug, functions: &["insert", "read"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Tables { bug, rng: stream(seed, "sim"), rows: BTreeMap::new() })
}

struct Tables {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    rows: BTreeMap<u32, Vec<Value>>,
}

impl Store for Tables {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let is_old = self.bug == Some("write-skew") && self.rng.random_bool(0.1);
        let rows = self.rows.entry(op.key.unwrap_or(0)).or_default();
        let done = match &*op.f {
            "read" => ok(rows.clone()),
            _ if !rows.is_empty() && !is_old => fail("there is a row"),
            _ => {
                let ids = op.value.as_array().into_iter().flatten();
                rows.extend(ids.filter(|id| !id.is_null()).cloned());
                ok(op.value.clone())
            }
        };
        if is_lost { info() } else { done }
    }
}
