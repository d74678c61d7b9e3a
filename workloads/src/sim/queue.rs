//! Imagined queues, one a key.
use std::collections::{BTreeMap, VecDeque};

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{Sim, Store, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

const FUNCTIONS: &[&str] = &["enqueue", "dequeue"];

/// A queue that loses some of what it acknowledged, and says nothing.
pub(super) const fn at_most_once(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let build = |bug, seed, _: &Params| build(bug, seed, "lost-enqueue");
    Sim { workload: "queue", bug, functions: FUNCTIONS, convicted_min, build }
}

/// A queue that delivers some of it twice.
pub(super) const fn at_least_once(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let build = |bug, seed, _: &Params| build(bug, seed, "delivered-twice");
    Sim { workload: "total-queue", build, ..at_most_once(bug, convicted_min) }
}

/// First in, first out, once.
pub(super) const fn fifo(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let build = |bug, seed, _: &Params| build(bug, seed, "");
    Sim { workload: "fifo-queue", build, ..at_most_once(bug, convicted_min) }
}

fn build(bug: Option<&'static str>, seed: u64, habit: &'static str) -> Box<dyn Store> {
    Box::new(Queues { bug, habit, rng: stream(seed, "sim"), keys: BTreeMap::new() })
}

struct Queues {
    bug: Option<&'static str>,
    /// What is no bug of it, since it promises nothing else.
    habit: &'static str,
    rng: ChaCha8Rng,
    keys: BTreeMap<u32, VecDeque<Value>>,
}

impl Store for Queues {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1));
        let habit = Some(self.habit).filter(|_| self.rng.random_bool(0.05));
        let queue = self.keys.entry(op.key.unwrap_or(0)).or_default();
        let done = match (&*op.f, bug.or(habit).unwrap_or("")) {
            ("enqueue", "lost-enqueue") => ok(op.value.clone()),
            ("enqueue", "failed-enqueue-happens") => {
                queue.push_back(op.value.clone());
                super::fail("not done, it says")
            }
            ("enqueue", _) => {
                queue.push_back(op.value.clone());
                ok(op.value.clone())
            }
            ("dequeue", "delivered-twice") => ok(queue.front().cloned().unwrap_or_default()),
            ("dequeue", "failed-dequeue-takes") => {
                queue.pop_front();
                super::fail("not done, it says")
            }
            ("dequeue", "last-in-first-out") => ok(queue.pop_back().unwrap_or_default()),
            ("dequeue", "phantom") => ok(1_000_000),
            _ => ok(queue.pop_front().unwrap_or_default()),
        };
        if is_lost { info() } else { done }
    }
}
