//! A log in partitions, such as Kafka: sends, polls, transactions of both, readers that come and go.
//!
//! Every process is assigned keys, or subscribes to them, before it polls, and now and then again.
//! Values are distinct. In the end each thread starts anew, is assigned every key, and polls until
//! nothing new has come for a while, so that what is not seen by then is lost.
use std::collections::BTreeSet;

use checkers::{
    Kind, Op, Process,
    log::{CAUGHT_UP, Log},
};
use rand::RngExt;
use serde_json::{Value, json};

use crate::{
    Entry, Generator, Invocation, Params, Workload,
    generator::{Context, GeneratorExt, Next, Thread, each_thread, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "log",
    about: "a log in partitions: sends, polls, transactions; lost, skipped, reordered?",
    is_pinned: true,
    build,
};

/// Partitions.
const KEYS: u32 = 4;
/// Parts of a transaction at most.
const PARTS_MAX: u32 = 4;
/// One call in so many changes what a process reads.
const CALLS_PER_MOVE: u32 = 50;
/// One call in so many crashes its client.
const CALLS_PER_CRASH: u32 = 200;
/// So many polls in a row without a record end the last phase.
const IDLE_POLLS: u32 = CAUGHT_UP + 2;

fn build(params: &Params) -> Workload {
    let calls = Calls {
        can_subscribe: params.has("subscribe"),
        can_crash: params.has("crash"),
        has_transactions: params.has("txn"),
        next: 0,
        readers: BTreeSet::new(),
    };
    Workload {
        generator: calls.clients().boxed(),
        final_generator: each_thread(CatchUp::default).clients().boxed(),
        checker: Box::new(Log),
        reads: &[],
    }
}

/// What to do while faults strike.
struct Calls {
    can_subscribe: bool,
    can_crash: bool,
    has_transactions: bool,
    /// The value sent last.
    next: u64,
    /// The processes that know what to read.
    readers: BTreeSet<Process>,
}

impl Generator for Calls {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let is_reader = self.readers.contains(&ctx.process(thread));
        if !is_reader || ctx.rng.random_ratio(1, CALLS_PER_MOVE) {
            return Next::Invoke(self.move_about(ctx));
        }
        if self.can_crash && ctx.rng.random_ratio(1, CALLS_PER_CRASH) {
            return Next::Invoke(invoke("crash", Value::Null));
        }
        if self.has_transactions && ctx.rng.random_bool(0.3) {
            let count = ctx.rng.random_range(1..=PARTS_MAX);
            let parts: Vec<Value> = (0..count).map(|_| self.part(ctx)).collect();
            return Next::Invoke(invoke("txn", parts));
        }
        let part = self.part(ctx);
        let f = if part[0] == "send" { "send" } else { "poll" };
        Next::Invoke(invoke(f, vec![part]))
    }

    fn update(&mut self, _: &Context, event: &Op) {
        match (event.kind, &*event.f) {
            (Kind::Ok, "assign" | "subscribe") => drop(self.readers.insert(event.process)),
            (Kind::Info, _) => drop(self.readers.remove(&event.process)),
            _ => (),
        }
    }
}

impl Calls {
    fn move_about(&self, ctx: &mut Context) -> Invocation {
        let mut keys: Vec<u32> = (0..KEYS).filter(|_| ctx.rng.random_bool(0.5)).collect();
        if keys.is_empty() {
            keys.push(ctx.rng.random_range(0..KEYS));
        }
        let subscribes = self.can_subscribe && ctx.rng.random_bool(0.5);
        invoke(if subscribes { "subscribe" } else { "assign" }, keys)
    }

    fn part(&mut self, ctx: &mut Context) -> Value {
        if ctx.rng.random_bool(0.5) {
            return json!(["poll"]);
        }
        self.next += 1;
        json!(["send", ctx.rng.random_range(0..KEYS), self.next])
    }
}

/// On one thread: leaves what it had read behind, and reads every key from beginning to end.
#[derive(Default)]
struct CatchUp {
    has_left: bool,
    reader: Option<Process>,
    idle: u32,
}

impl Generator for CatchUp {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.idle >= IDLE_POLLS {
            return Next::Exhausted;
        }
        Next::Invoke(match self.reader {
            Some(reader) if reader == ctx.process(thread) => invoke("poll", json!([["poll"]])),
            _ if self.has_left => invoke("assign", (0..KEYS).collect::<Vec<_>>()),
            _ => invoke("assign", Vec::<u32>::new()),
        })
    }

    fn update(&mut self, _: &Context, event: &Op) {
        match (event.kind, &*event.f) {
            (Kind::Ok, "assign") if self.has_left => self.reader = Some(event.process),
            // A process that is new has nothing to leave.
            (Kind::Ok, "assign") | (Kind::Info, _) => self.has_left = true,
            (Kind::Ok, "poll") if has_records(&event.value) => self.idle = 0,
            (Kind::Ok, "poll") => self.idle += 1,
            _ => (),
        }
    }
}

fn has_records(answer: &Value) -> bool {
    let polled = answer[0][1].as_object();
    polled.is_some_and(|keys| {
        keys.values().any(|of_key| of_key.as_array().is_some_and(|r| !r.is_empty()))
    })
}
