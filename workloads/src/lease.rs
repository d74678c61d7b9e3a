//! Leases that expire, one a key: does one thread at a time believe that it holds each?
//!
//! Who is granted a lease keeps it for a while, renews it or gives it back; who is refused, asks
//! again. Threads say who they are, since their processes change.
use std::collections::{BTreeMap, BTreeSet};

use checkers::{Kind, Nanos, Op, Process, independent::Independent, lease::Lease};
use rand::RngExt;

use crate::{
    Entry, Generator, Params, Workload,
    generator::{Context, GeneratorExt, Next, Thread, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "lease",
    about: "leases that expire, one a key: one holder at a time, and growing tokens?",
    is_pinned: false,
    build,
};

/// Threads that want one lease: of more, most would be refused most of the time.
const RIVALS: u32 = 3;

/// Calls a thread in the end: enough for a lease to expire and to be granted again.
const LAST_CALLS: u32 = 10;

fn build(params: &Params) -> Workload {
    let Params { nodes, ops_per_key, concurrency, .. } = *params;
    let one_key = move |_| Holders::default().limit_near(u64::from(ops_per_key)).boxed();
    let leases = || independent(nodes.min(RIVALS), one_key).clients();
    Workload {
        generator: leases().boxed(),
        final_generator: leases().limit(u64::from(concurrency * LAST_CALLS)).boxed(),
        checker: Box::new(Independent(Lease)),
        reads: &[],
    }
}

/// How long leases are taken to last until one was granted: longer than those of most systems, and
/// short enough for one that is held to expire within a thread's last calls.
const LASTS: Nanos = 2_000_000_000;

/// What each thread believes to hold, and for how long it was told so.
struct Holders {
    held: BTreeMap<u32, Nanos>,
    /// Who was refused, and has not waited since.
    refused: BTreeSet<u32>,
    /// How long the last lease was to last.
    lasts: Nanos,
}

impl Default for Holders {
    fn default() -> Holders {
        Holders { held: BTreeMap::new(), refused: BTreeSet::new(), lasts: LASTS }
    }
}

impl Generator for Holders {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let Thread::Client(owner) = thread else { return Next::Pending(None) };
        if self.refused.remove(&owner) {
            return Next::Sleep(self.lasts / 4);
        }
        let Some(&lasts) = self.held.get(&owner) else {
            return Next::Invoke(invoke("acquire", owner));
        };
        match ctx.rng.random_range(0..8) {
            0 | 1 => Next::Invoke(invoke("release", owner)),
            2 | 3 => Next::Invoke(invoke("renew", owner)),
            // Part of the time it lasts, so that some leases are renewed, and some expire.
            _ => Next::Sleep(lasts / ctx.rng.random_range(2..5)),
        }
    }

    fn update(&mut self, ctx: &Context, event: &Op) {
        let Process::Client(_) = event.process else { return };
        let Thread::Client(owner) = ctx.thread(event.process) else { return };
        let lasts = event.value[1].as_u64().map(|ms| ms.saturating_mul(1_000_000));
        match (event.kind, &*event.f) {
            (Kind::Invoke, _) => (),
            (Kind::Ok, "acquire" | "renew") => {
                self.lasts = lasts.unwrap_or(0);
                self.held.insert(owner, self.lasts);
            }
            (Kind::Fail, "acquire") => drop(self.refused.insert(owner)),
            _ => drop(self.held.remove(&owner)),
        }
    }
}
