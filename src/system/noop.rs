//! A system that is none: a store inside the controller, which answers at once.
//!
//! It measures the harness itself, and it lies on demand: with a bug it is the imagined store of
//! that name which the workload's own tests convict.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use checkers::{Kind, Nanos, Op};
use serde::Deserialize;
use serde_json::Value;
use workloads::{
    Client, Failure, Params,
    generator::Completion,
    sim::{self, Sim, Store, fail, ok},
};

use super::{Bug, Entry, Options, Recipe, System, typed};
use crate::{cluster::Node, remote::Program};

/// In the list of systems.
pub const ENTRY: Entry = Entry {
    name: "noop",
    about: "a store inside the controller that answers at once: measures the harness itself",
    options: &[],
    bugs: &[
        bug("stale-read", "register", "some reads answer what was overwritten"),
        bug("lost-write", "register", "some acknowledged writes never happened"),
        bug("cas-without-compare", "register", "some compare-and-sets do not compare"),
        bug("failed-write-happens", "register", "some writes that failed happened"),
        bug("lost-add", "set", "some acknowledged adds never happened"),
        bug("phantom", "set", "some reads have an element that nobody added"),
        bug("duplicate", "set", "some reads have an element twice"),
        bug("rollback", "set-full", "some elements that were read are gone for a while"),
        bug("done-twice", "counter", "some increments happen twice"),
        bug("delivered-twice", "queue", "some elements are dequeued twice"),
        bug("failed-enqueue-happens", "queue", "some enqueues that failed happened"),
        bug("lost-enqueue", "total-queue", "some acknowledged enqueues never happened"),
        bug("failed-dequeue-takes", "total-queue", "some dequeues that failed took an element"),
        bug("last-in-first-out", "fifo-queue", "some dequeues take the youngest element"),
        bug("restart", "unique-ids", "ids begin anew now and then"),
        bug("clock", "unique-ids", "ids come from a clock that is too coarse"),
        bug("torn-read", "multi-register", "some reads are half old and half new"),
        bug("torn-write", "multi-register", "some writes are half done"),
        bug("two-holders", "lock", "now and then two hold the lock"),
        bug("same-token", "lock", "two holders get the same token"),
        bug("released-by-anybody", "lock", "who does not hold the lock can release it"),
        bug("fast-clock", "lease", "leases expire sooner than their holders were told"),
        bug("renewed-by-anybody", "lease", "who holds the lease no more can renew it"),
        bug("same-term", "election", "a term goes on when the leader changes"),
        bug("split-vote", "election", "two are elected in one term"),
        bug("no-fencing", "fenced-counter", "who does not lead any more still writes"),
        bug("refused-yet-written", "fenced-counter", "some writes that were refused happened"),
        bug("decides-early", "consensus", "some decide before a majority has agreed"),
        bug("invention", "consensus", "some decide on what nobody had proposed"),
        bug("forgets", "consensus", "decisions are forgotten"),
        bug("never-decides", "consensus", "some never decide"),
        bug("lost-send", "log", "some acknowledged records are not there"),
        bug("aborted-send", "log", "some records of aborted transactions are there"),
        bug("own-sends", "log", "transactions poll what they send themselves"),
        bug("sent-twice", "log", "some records are there twice"),
        bug("offset-reused", "log", "some offsets have two records"),
        bug("skipped", "log", "some polls pass over a record"),
        bug("read-again", "log", "some polls begin one record too early"),
        bug("reordered", "log", "some polls have the last record first"),
        bug("read-skew", "bank", "some reads see half a transfer"),
        bug("money-created", "bank", "some transfers add what they did not take"),
        bug("overdrawn", "bank", "accounts go below zero"),
        bug("lost-update", "append", "some transactions overwrite what they have not seen"),
        bug("stale-reads", "append", "some transactions read an old state"),
        bug("aborted-reads", "append", "some transactions read what was aborted"),
        bug("snapshot-isolation", "append", "transactions see snapshots, and write skew"),
        bug("write-skew", "closed-predicate", "transactions find what was there a while ago"),
        bug("stale-index", "closed-predicate", "an index by which rows are found lags behind"),
        bug("aborted-rows", "closed-predicate", "some rows of aborted transactions are found"),
        bug("missed-row", "closed-predicate", "some questions miss a row that matches"),
    ],
    build,
};

/// A bug of an imagined store, seen best in its workload.
const fn bug(name: &'static str, workload: &'static str, about: &'static str) -> Bug {
    Bug { name, about, recipe: Recipe { workload: Some(workload), ..Recipe::NONE } }
}

/// There are no options.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {}

fn build(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>> {
    let Typed {} = typed(ENTRY.name, options)?;
    Ok(Arc::new(Noop {
        bug: bug.map(|bug| bug.name),
        store: OnceLock::new(),
        since: Instant::now(),
    }))
}

struct Noop {
    bug: Option<&'static str>,
    store: OnceLock<Shared>,
    /// The one clock of the store, whoever asks.
    since: Instant,
}

type Shared = Arc<Mutex<Box<dyn Store>>>;

impl Noop {
    /// The imagined store of a workload, where there is one with this bug.
    fn sim(&self, workload: &str) -> Option<&'static Sim> {
        sim::ALL.iter().find(|sim| sim.workload == workload && sim.bug == self.bug)
    }

    /// Makes the store of a workload: the imagined one, which loses answers too, or, where it
    /// costs the harness nothing, one that loses none.
    fn make(&self, workload: &str, params: &Params) -> Option<Box<dyn Store>> {
        let sim = self.sim(workload)?;
        Some(match (workload, self.bug) {
            ("register", None) => Box::new(Registers::default()),
            ("set", None) => Box::new(Elements::default()),
            _ => (sim.build)(self.bug, 0, params),
        })
    }
}

#[async_trait]
impl System for Noop {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn is_imagined(&self) -> bool {
        true
    }

    fn functions(&self, workload: &str) -> &'static [&'static str] {
        self.sim(workload).map_or(&[], |sim| sim.functions)
    }

    fn daemon(&self, _: &Node, _: &[Node]) -> Option<Program> {
        None
    }

    async fn await_ready(&self, _: &Node) -> Result<()> {
        Ok(())
    }

    async fn open(&self, _: &Node, workload: &str, params: &Params) -> Result<Box<dyn Client>> {
        let store = self.make(workload, params).context("noop has no store for this workload")?;
        let store = self.store.get_or_init(|| Arc::new(Mutex::new(store))).clone();
        Ok(Box::new(Asked { store, since: self.since }))
    }
}

/// A client: a hand on the store.
struct Asked {
    store: Shared,
    since: Instant,
}

#[async_trait]
impl Client for Asked {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let now = self.since.elapsed().as_nanos() as Nanos;
        let done = self.store.lock().unwrap_or_else(PoisonError::into_inner).effect(now, op);
        let why = || done.error.as_deref().unwrap_or_default().to_owned();
        match done.kind {
            Kind::Ok => Ok(done.value),
            Kind::Fail => Err(Failure::Definite(why())),
            Kind::Info | Kind::Invoke => Err(Failure::Indefinite(why())),
        }
    }
}

/// Registers that are right and lose no answer: of each key, its value.
#[derive(Default)]
struct Registers(HashMap<u32, Value>);

impl Store for Registers {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        let current = self.0.entry(op.key.unwrap_or(0)).or_default();
        match &*op.f {
            "read" => return ok(current.clone()),
            "write" => current.clone_from(&op.value),
            _ if *current == op.value[0] => current.clone_from(&op.value[1]),
            _ => return fail("expected another value"),
        }
        ok(op.value.clone())
    }
}

/// A set that is right and loses no answer.
#[derive(Default)]
struct Elements(Vec<Value>);

impl Store for Elements {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if &*op.f == "read" {
            return ok(self.0.clone());
        }
        self.0.push(op.value.clone());
        ok(op.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_offered_is_one_of_an_imagined_store() {
        for bug in ENTRY.bugs {
            let system = build(Some(bug), &Options::new()).expect("it is built");
            let workload = bug.recipe.workload.expect("a workload");
            assert!(!system.functions(workload).is_empty(), "{} in {workload}", bug.name);
        }
    }

    #[test]
    fn a_bug_of_one_workload_is_none_of_another() {
        let bug = ENTRY.bugs.iter().find(|bug| bug.name == "lost-add");
        let system = build(bug, &Options::new()).expect("it is built");
        assert!(system.functions("register").is_empty());
    }
}
