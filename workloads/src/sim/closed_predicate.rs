//! Imagined tables whose rows are found by predicate.
use std::collections::{BTreeMap, VecDeque};

use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["read", "txn"];
    Sim { workload: "closed-predicate", bug, functions, convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    let (rows, undo, aborted) = (Rows::new(), VecDeque::new(), Rows::new());
    Box::new(Table { bug, rng: stream(seed, "sim"), rows, undo, aborted })
}

type Rows = BTreeMap<u64, u64>;

/// Commits that are remembered.
const OLD_MAX: usize = 3;

struct Table {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    rows: Rows,
    /// What the rows that the latest commits changed were before, the latest first.
    undo: VecDeque<BTreeMap<u64, Option<u64>>>,
    /// What the latest transaction that failed would have written.
    aborted: Rows,
}

/// A transaction that runs.
struct Run {
    /// What rows are to it, where that is not what they are.
    seen: BTreeMap<u64, Option<u64>>,
    /// The same for reads by predicate, which may ask an index.
    indexed: BTreeMap<u64, Option<u64>>,
    written: BTreeMap<u64, Option<u64>>,
}

impl Store for Table {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let mut run = self.begin();
        let mops = op.value.as_array().into_iter().flatten();
        let answer: Option<Vec<Value>> = mops.map(|mop| self.mop(mop, &mut run)).collect();
        let done = match answer {
            Some(answer) if self.commit(&run) => ok(answer),
            _ => fail("conflict"),
        };
        if is_lost { info() } else { done }
    }
}

impl Table {
    fn begin(&mut self) -> Run {
        let old = self.old();
        let none = BTreeMap::new;
        let (seen, indexed) = match self.bug {
            Some("write-skew") => (old.clone(), old),
            Some("stale-index") => (none(), old),
            Some("aborted-rows") => {
                let is_seen = self.rng.random_bool(0.2);
                let rows = self.aborted.iter().filter(|_| is_seen);
                (none(), rows.map(|(key, value)| (*key, Some(*value))).collect())
            }
            _ => (none(), none()),
        };
        Run { seen, indexed, written: none() }
    }

    /// What some rows were a few commits ago.
    fn old(&mut self) -> BTreeMap<u64, Option<u64>> {
        let count = self.rng.random_range(0..=self.undo.len());
        let commits = self.undo.iter().take(count);
        commits.flatten().map(|(key, value)| (*key, *value)).collect()
    }

    /// Runs a micro-operation; `None` where it cannot be done.
    fn mop(&mut self, mop: &Value, run: &mut Run) -> Option<Value> {
        let key = mop[1].as_u64().unwrap_or_default();
        let here = [&run.written, &run.seen].into_iter().find_map(|rows| rows.get(&key).copied());
        let here = here.unwrap_or_else(|| self.rows.get(&key).copied());
        let (is_there, value) = (here.is_some(), mop[2].as_u64());
        match mop[0].as_str()? {
            "r" => return Some(json!(["r", key, here])),
            "rp" => return Some(json!(["rp", mop[1], self.find(&mop[1], run)])),
            "insert" if !is_there => run.written.insert(key, value),
            "w" if is_there => run.written.insert(key, value),
            "delete" if is_there => run.written.insert(key, None),
            _ => return None,
        };
        Some(mop.clone())
    }

    fn find(&mut self, predicate: &Value, run: &Run) -> Map<String, Value> {
        let matches = |value: u64| match (predicate[1].as_u64(), predicate[2].as_u64()) {
            (Some(modulus), Some(remainder)) => value % modulus == remainder,
            _ => true,
        };
        let mut all: BTreeMap<u64, Option<u64>> =
            self.rows.iter().map(|(key, value)| (*key, Some(*value))).collect();
        all.extend(&run.indexed);
        all.extend(&run.written);
        let found = all.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let mut found: Vec<(u64, u64)> = found.filter(|(_, value)| matches(*value)).collect();
        if self.bug == Some("missed-row") && self.rng.random_bool(0.05) {
            found.pop();
        }
        found.into_iter().map(|(key, value)| (key.to_string(), json!(value))).collect()
    }

    /// Whether it commits, unless what it wrote was written since the state that it saw.
    fn commit(&mut self, run: &Run) -> bool {
        let conflicts = run.written.keys().any(|key| run.seen.contains_key(key));
        if conflicts || self.rng.random_bool(0.02) {
            let rows = run.written.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
            self.aborted = rows.collect();
            return false;
        }
        let written = run.written.keys();
        let before = written.map(|key| (*key, self.rows.get(key).copied())).collect();
        self.undo.push_front(before);
        self.undo.truncate(OLD_MAX);
        for (key, value) in &run.written {
            match value {
                Some(value) => drop(self.rows.insert(*key, *value)),
                None => drop(self.rows.remove(key)),
            }
        }
        true
    }
}
