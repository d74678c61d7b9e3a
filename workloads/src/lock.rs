//! Locks, one a key, with fencing tokens: does one thread at a time hold each, and do its tokens
//! grow?
//!
//! A thread takes the lock and gives it back. It says who it is, since its processes change: one
//! that crashed while it asked does not know whether it holds the lock, and gives it back in case.
//! A lock that expires by itself is another matter: it takes a clock to judge.
use std::collections::BTreeMap;

use checkers::{
    Kind, Op, Process, independent::Independent, linearizable::Linearizable, model::FencedMutex,
};

use crate::{
    Entry, Generator, Params, Workload,
    generator::{Context, GeneratorExt, Next, Thread, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "lock",
    about: "locks, one a key, with fencing tokens: one holder at a time, and growing tokens?",
    is_pinned: false,
    build,
};

/// Calls a thread in the end: enough to give back what it holds, and to be answered.
const LAST_CALLS: u32 = 4;

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, concurrency, .. } = *params;
    let one_key = move |_| Rounds::default().limit_near(u64::from(ops_per_key)).boxed();
    let locks = || independent(nodes, one_key).clients();
    Workload {
        generator: locks().boxed(),
        final_generator: locks().limit(u64::from(concurrency * LAST_CALLS)).boxed(),
        checker: Box::new(Independent(Linearizable(FencedMutex::default()))),
        reads: &[],
    }
}

/// Taking a lock and giving it back, on every thread.
#[derive(Default)]
struct Rounds {
    /// Whether a thread may hold the lock; one that never asked, from an earlier phase.
    may_hold: BTreeMap<u32, bool>,
}

impl Generator for Rounds {
    fn next(&mut self, _: &mut Context, thread: Thread) -> Next {
        let Thread::Client(owner) = thread else { return Next::Pending(None) };
        let f = if self.may_hold.get(&owner) == Some(&false) { "acquire" } else { "release" };
        Next::Invoke(invoke(f, owner))
    }

    fn update(&mut self, ctx: &Context, event: &Op) {
        let Process::Client(_) = event.process else { return };
        let Thread::Client(owner) = ctx.thread(event.process) else { return };
        match (event.kind, &*event.f) {
            (Kind::Invoke, _) => (),
            (Kind::Info, _) | (Kind::Ok, "acquire") => drop(self.may_hold.insert(owner, true)),
            _ => drop(self.may_hold.insert(owner, false)),
        }
    }
}
