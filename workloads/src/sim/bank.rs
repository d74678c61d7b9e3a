//! Imagined banks.
use checkers::{Nanos, Op};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    bank::Shape,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { workload: "bank", bug, functions: &["read", "transfer"], convicted_min, build }
}

fn build(bug: Option<&'static str>, seed: u64, params: &Params) -> Box<dyn Store> {
    let Shape { accounts, total, .. } = params.bank;
    let mut balances = vec![0; accounts as usize];
    balances[0] = total;
    Box::new(Accounts { bug, rng: stream(seed, "sim"), states: vec![balances] })
}

struct Accounts {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    /// Every state there was, the last one current.
    states: Vec<Vec<i64>>,
}

impl Store for Accounts {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let done = match &*op.f {
            "read" => self.read(bug),
            _ => self.transfer(bug, &op.value),
        };
        if is_lost { info() } else { done }
    }
}

impl Accounts {
    fn old(&self) -> &[i64] {
        &self.states[self.states.len().saturating_sub(3)]
    }

    fn read(&self, bug: &str) -> Completion {
        let mut balances = self.states[self.states.len() - 1].clone();
        if bug == "read-skew" {
            let half = balances.len() / 2;
            balances[..half].copy_from_slice(&self.old()[..half]);
        }
        let named = balances
            .iter()
            .enumerate()
            .map(|(name, balance)| (name.to_string(), Value::from(*balance)));
        ok(Value::Object(named.collect()))
    }

    fn transfer(&mut self, bug: &str, value: &Value) -> Completion {
        let number = |name: &str| value[name].as_i64().unwrap_or_default();
        let (from, to, amount) = (number("from") as usize, number("to") as usize, number("amount"));
        let mut balances = self.states[self.states.len() - 1].clone();
        if bug == "lost-update" {
            // What others did to these two in between is overwritten.
            (balances[from], balances[to]) = (self.old()[from], self.old()[to]);
        }
        if balances[from] < amount && bug != "overdrawn" {
            return fail("too little");
        }
        if bug != "money-created" {
            balances[from] -= amount;
        }
        balances[to] += amount;
        self.states.push(balances);
        ok(value.clone())
    }
}
