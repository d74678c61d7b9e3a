//! The same stores, asked call by call.
use checkers::{Nanos, Op, Process};
use rand::RngExt;
use serde_json::{Value, json};

use super::{
    ALL, Objects,
    db::{Db, Mop},
};
use crate::{
    Params,
    generator::{Completion, stream},
    sim::{self, Store, fail, info, ok},
};

/// A store of lists, with the isolation that the bug is named for.
pub(in crate::sim) const fn lists(bug: Option<&'static str>, convicted_min: u32) -> sim::Sim {
    let build = |bug, seed, _: &Params| build(Objects::Lists, bug, seed);
    sim::Sim { workload: "append", bug, functions: &["read", "txn"], convicted_min, build }
}

/// The same of registers.
pub(in crate::sim) const fn registers(bug: Option<&'static str>, convicted_min: u32) -> sim::Sim {
    let build = |bug, seed, _: &Params| build(Objects::Registers, bug, seed);
    sim::Sim { workload: "rw-register", bug, functions: &["read", "txn"], convicted_min, build }
}

/// The same of registers that are written once. The right store provides no more than snapshot
/// isolation.
pub(in crate::sim) const fn forks(bug: Option<&'static str>, convicted_min: u32) -> sim::Sim {
    let build = |bug: Option<&'static str>, seed, _: &Params| {
        build(Objects::Registers, bug.or(Some("snapshot-isolation")), seed)
    };
    sim::Sim { workload: "long-fork", functions: &["read", "write"], convicted_min, bug, build }
}

fn build(objects: Objects, bug: Option<&'static str>, seed: u64) -> Box<dyn Store> {
    let sim = ALL.iter().find(|sim| bug == Some(sim.name)).unwrap_or(&ALL[0]);
    Box::new(Transactions { objects, db: Db::new(sim.isolation, stream(seed, "sim")) })
}

struct Transactions {
    objects: Objects,
    db: Db,
}

impl Store for Transactions {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        // Some calls lose their answer, after or before they took effect.
        if self.db.chance.random_bool(0.01) {
            return info();
        }
        let is_lost = self.db.chance.random_bool(0.01);
        let mut mops: Vec<Mop> = op.value.as_array().into_iter().flatten().map(mop).collect();
        let site = if let Process::Client(process) = op.process { process as usize % 2 } else { 0 };
        match self.db.run(site, &mut mops) {
            _ if is_lost => info(),
            true => ok(self.answer(&op.value, &mops)),
            false => fail("conflict"),
        }
    }
}

impl Transactions {
    /// What was asked, with what was read.
    fn answer(&self, asked: &Value, mops: &[Mop]) -> Value {
        let answered =
            asked.as_array().into_iter().flatten().zip(mops).map(|(asked, mop)| match mop {
                Mop::Write(..) => asked.clone(),
                Mop::Read(key, list) if self.objects == Objects::Lists => json!(["r", key, list]),
                Mop::Read(key, list) => json!(["r", key, list.last()]),
            });
        answered.collect()
    }
}

fn mop(value: &Value) -> Mop {
    let number = |at: usize| value[at].as_u64().unwrap_or_default() as u32;
    match value[0] == "r" {
        true => Mop::Read(number(1), Vec::new()),
        false => Mop::Write(number(1), number(2)),
    }
}
