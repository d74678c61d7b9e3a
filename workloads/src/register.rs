//! Registers, one a key: read, write, compare-and-set. Is every key linearizable?
//!
//! Written values are distinct per key, so that a lost or stale value shows, and each key sees a
//! bounded number of calls, so that its history stays checkable whatever the run's length. A
//! compare-and-set asks for the value last seen, so that many succeed. After healing, every key is
//! read once more.
use checkers::{
    Kind, Op, independent::Independent, linearizable::Linearizable, model::CasRegister,
    weaker::Classified,
};
use rand::RngExt;
use serde_json::{Value, json};

use crate::{
    Entry, Generator, Params, Workload,
    finally::EveryKey,
    generator::{Context, GeneratorExt, Next, Thread, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "register",
    about: "registers, one a key: read, write, compare-and-set; linearizable?",
    is_pinned: false,
    build,
};

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, roles, .. } = *params;
    let can_cas = params.has("cas");
    let one_key = move |key| {
        let writer = roles.then_some(key % nodes);
        let calls = OneKey { can_cas, writer, nodes, next: 0, seen: Value::Null };
        calls.limit_near(u64::from(ops_per_key)).boxed()
    };
    let model = CasRegister::default();
    let strong = Independent(Linearizable(model.clone()));
    Workload {
        generator: independent(nodes, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(|_| invoke("read", Value::Null)).clients().boxed(),
        checker: Box::new(Classified { strong, model }),
        reads: &["read"],
    }
}

/// The calls on one key.
struct OneKey {
    can_cas: bool,
    /// Of the threads at this key, by the node they talk to: the only one that writes.
    writer: Option<u32>,
    nodes: u32,
    /// The value written last.
    next: u64,
    /// The value some call saw or wrote last, for the next compare-and-set to expect.
    seen: Value,
}

impl Generator for OneKey {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let Thread::Client(i) = thread else { return Next::Pending(None) };
        let is_reader = match self.writer {
            Some(writer) => i % self.nodes != writer,
            None => ctx.rng.random_bool(0.5),
        };
        if is_reader {
            return Next::Invoke(invoke("read", Value::Null));
        }
        self.next += 1;
        let is_cas = self.can_cas && !self.seen.is_null() && ctx.rng.random_bool(0.5);
        Next::Invoke(match is_cas {
            true => invoke("cas", json!([self.seen, self.next])),
            false => invoke("write", self.next),
        })
    }

    fn update(&mut self, _: &Context, event: &Op) {
        if event.kind != Kind::Ok {
            return;
        }
        match &*event.f {
            "cas" => self.seen = event.value[1].clone(),
            _ => self.seen = event.value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::generator::{Completion, Timing, phases, simulate};

    fn params(roles: bool) -> Params {
        let functions = ["read", "write", "cas"].map(String::from).to_vec();
        Params { ops_per_key: 50, roles, functions, ..Params::default() }
    }

    fn run(params: &Params, limit: u64) -> Vec<Op> {
        let workload = build(params);
        let nodes = (1..=5).map(|i| format!("n{i}").into()).collect();
        let generator =
            phases(vec![workload.generator.limit(limit).boxed(), workload.final_generator]);
        let mut fails = 0;
        simulate(generator, Context::new(10, nodes, 3), Timing::default(), move |_, op| {
            fails += 1;
            let kind = if fails % 7 == 0 { Kind::Fail } else { Kind::Ok };
            Completion { kind, value: op.value.clone(), error: None }
        })
    }

    #[test]
    fn every_key_is_read_in_the_end_until_it_is_answered() {
        let ops = run(&params(false), 1_000);
        let invoked = ops.iter().filter(|op| op.kind == Kind::Invoke);
        let last_write = invoked.clone().rfind(|op| &*op.f != "read").unwrap().index;
        let keys: BTreeSet<_> = invoked.map(|op| op.key.unwrap()).collect();
        assert!(keys.len() >= 20);
        let answered = ops.iter().filter(|op| op.index > last_write && op.kind == Kind::Ok);
        let answered: BTreeSet<_> = answered.map(|op| op.key.unwrap()).collect();
        assert_eq!(keys, answered);
    }

    #[test]
    fn written_values_are_distinct() {
        let mut seen = BTreeSet::new();
        for op in run(&params(false), 1_000) {
            if op.kind == Kind::Invoke && &*op.f == "write" {
                assert!(seen.insert((op.key, op.value.to_string())), "{op:?}");
            }
        }
    }

    #[test]
    fn keys_end_one_by_one() {
        let params = Params { ops_per_key: 100, ..params(false) };
        let mut calls: BTreeMap<u32, u32> = BTreeMap::new();
        let ops = run(&params, 3_000);
        let invoked = ops.iter().filter(|op| op.kind == Kind::Invoke);
        let last = invoked.clone().nth(2_999).unwrap().index;
        invoked
            .filter(|op| op.index <= last)
            .for_each(|op| *calls.entry(op.key.unwrap()).or_default() += 1);
        // The last key of each of the two groups of threads is cut short.
        let newest = calls.len() as u32 - 2;
        let done: Vec<u32> = calls.into_iter().filter(|c| c.0 < newest).map(|c| c.1).collect();
        assert!(done.iter().all(|n| (90..=100).contains(n)), "{done:?}");
        assert!(done.iter().collect::<BTreeSet<_>>().len() > 3, "{done:?}");
    }

    #[test]
    fn with_roles_a_key_has_one_writer_at_a_node_of_its_own() {
        let mut writers: BTreeMap<u32, BTreeSet<_>> = BTreeMap::new();
        let mut readers: BTreeMap<u32, BTreeSet<_>> = BTreeMap::new();
        for op in run(&params(true), 1_000).iter().filter(|op| op.kind == Kind::Invoke) {
            let role = if &*op.f == "read" { &mut readers } else { &mut writers };
            role.entry(op.key.unwrap()).or_default().insert(op.node.clone());
        }
        assert!(writers.values().all(|nodes| nodes.len() == 1));
        assert!(readers.values().any(|nodes| nodes.len() == 4));
    }
}
