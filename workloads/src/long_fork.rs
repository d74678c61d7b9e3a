//! Writes of single keys, each written once, and reads of two keys together: do all reads agree on
//! which write came first?
//!
//! Whoever wrote a key then reads its group, while the other key of the group is being written; the
//! groups that others work on are read now and then as well. After healing each thread reads the
//! first group until it is answered, so that every node is asked. See [`checkers::long_fork`].
use std::collections::BTreeMap;

use checkers::long_fork::LongFork;
use rand::RngExt;
use serde_json::{Value, json};

use crate::{
    Entry, Generator, Params, Workload,
    generator::{Context, GeneratorExt, Next, Thread, each_thread, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "long-fork",
    about: "keys written once and read in pairs: do reads agree on which write came first?",
    is_pinned: false,
    build,
};

/// Keys that are read together.
const GROUP: u64 = 2;

fn build(_: &Params) -> Workload {
    let first = |_: &mut Context| Some(invoke("read", read_of(0)));
    Workload {
        generator: Forks::default().clients().boxed(),
        final_generator: each_thread(move || first.until_ok().boxed()).clients().boxed(),
        checker: Box::new(LongFork),
        reads: &["read"],
    }
}

/// A read of the group that a key is in.
fn read_of(key: u64) -> Value {
    let first = key / GROUP * GROUP;
    (first..first + GROUP).map(|key| json!(["r", key, null])).collect()
}

#[derive(Default)]
struct Forks {
    next: u64,
    /// The key that each thread wrote last, as long as it has not read its group.
    written: BTreeMap<Thread, u64>,
    /// The key that each thread works on.
    at: BTreeMap<Thread, u64>,
}

impl Generator for Forks {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if let Some(key) = self.written.remove(&thread) {
            return Next::Invoke(invoke("read", read_of(key)));
        }
        if self.at.is_empty() || ctx.rng.random() {
            let key = self.next;
            self.next += 1;
            self.written.insert(thread, key);
            self.at.insert(thread, key);
            return Next::Invoke(invoke("write", json!([["w", key, 1]])));
        }
        let others: Vec<u64> = self.at.values().copied().collect();
        Next::Invoke(invoke("read", read_of(*ctx.choose(&others))))
    }
}
