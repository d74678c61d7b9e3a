//! Imagined tables of values that grow, with timestamps.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "monotonic", bug, functions: &["add", "read"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(Table { bug, rng: stream(seed, "sim"), rows: Vec::new(), clock: 0 })
}

struct Table {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    /// Values with their timestamps.
    rows: Vec<(i64, i64)>,
    clock: i64,
}

impl Store for Table {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        if self.rng.random_bool(0.05) {
            return fail("conflict");
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let done = match &*op.f {
            "read" => ok(json!(self.rows)),
            _ => self.add(bug),
        };
        if is_lost { info() } else { done }
    }
}

impl Table {
    fn add(&mut self, bug: &str) -> Completion {
        self.clock += self.rng.random_range(1..=10);
        let missed = if bug == "stale-maximum" { 3 } else { 0 };
        let seen = self.rows.len().saturating_sub(missed);
        let largest = self.rows[..seen].iter().map(|row| row.0).max().unwrap_or(0);
        let at = if bug == "clock-goes-back" { self.clock - 50 } else { self.clock };
        if bug != "lost-add" {
            self.rows.push((largest + 1, at));
        }
        ok(json!([largest + 1, at]))
    }
}
