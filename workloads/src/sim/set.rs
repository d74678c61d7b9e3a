//! Imagined growing sets.
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
    Sim { workload: "set", bug, functions: &["add", "read"], convicted_min, build }
}

/// Sets whose followers lag behind, as those that are consistent eventually do.
pub(super) const fn lagging(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let build = |bug, seed, _: &Params| {
        Box::new(Lagging { leader: elements(bug, seed), added: Vec::new() }) as Box<dyn Store>
    };
    Sim { workload: "set-full", build, ..sim(bug, convicted_min) }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    Box::new(elements(bug, seed))
}

fn elements(bug: Option<&'static str>, seed: u64) -> Elements {
    Elements { bug, rng: stream(seed, "sim"), all: Vec::new() }
}

struct Elements {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    all: Vec<Value>,
}

/// Node n1 leads; the others see an element so long after it was added.
const LAG: Nanos = 20_000_000;

struct Lagging {
    leader: Elements,
    added: Vec<Nanos>,
}

impl Store for Lagging {
    fn effect(&mut self, now: Nanos, op: &Op) -> Completion {
        let is_stale = &*op.f == "read" && op.node.as_deref() != Some("n1");
        let has_come = self.added.partition_point(|added| added + LAG <= now);
        let from = if is_stale { has_come } else { self.leader.all.len() };
        let to_come = self.leader.all.split_off(from);
        let done = self.leader.effect(now, op);
        self.leader.all.extend(to_come);
        self.added.resize(self.leader.all.len(), now);
        done
    }
}

impl Store for Elements {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let done = match (&*op.f, bug) {
            ("add", "lost-add") => ok(op.value.clone()),
            ("add", bug) => {
                if bug == "rollback" {
                    self.all.truncate(self.all.len().saturating_sub(3));
                }
                self.all.push(op.value.clone());
                ok(op.value.clone())
            }
            (_, "stale-read") => ok(self.all[..self.all.len() * 9 / 10].to_vec()),
            (_, "phantom") => ok([&self.all[..], &[json!(1_000_000)]].concat()),
            (_, "duplicate") => ok([&self.all[..], &self.all[..1.min(self.all.len())]].concat()),
            _ => ok(self.all.clone()),
        };
        if is_lost { info() } else { done }
    }
}
