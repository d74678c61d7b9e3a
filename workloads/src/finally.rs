//! The end of every workload: main phase, healing, a wait, final reads.
//!
//! The controller makes the phases one after another; a workload says what the last one asks. What
//! many workloads ask stands here: every node until it is answered, or every key.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

use crate::{
    Generator, Invocation,
    generator::{Context, GeneratorExt, Next, Thread, each_thread, invoke, pause, phases},
};

/// How long a system that promises to become consistent eventually has for it after healing.
pub(crate) const SETTLE: Nanos = 5_000_000_000;

/// A read of all there is.
pub(crate) fn read(_: &mut Context) -> Option<Invocation> {
    Some(invoke("read", Value::Null))
}

/// Each thread asks until it is answered, so that every node is asked.
pub(crate) fn each_thread_until_ok(
    ask: fn(&mut Context) -> Option<Invocation>,
) -> Box<dyn Generator> {
    each_thread_until(|op| op.kind == Kind::Ok, ask)
}

/// Each thread asks until a completion is enough.
pub(crate) fn each_thread_until(
    is_enough: fn(&Op) -> bool,
    ask: fn(&mut Context) -> Option<Invocation>,
) -> Box<dyn Generator> {
    each_thread(move || Until { is_enough, ask, is_done: false }).clients().boxed()
}

/// Whether a call was answered, and with nothing.
pub(crate) fn is_null(op: &Op) -> bool {
    op.kind == Kind::Ok && op.value.is_null()
}

/// On one thread: again and again until a completion is enough.
struct Until {
    is_enough: fn(&Op) -> bool,
    ask: fn(&mut Context) -> Option<Invocation>,
    is_done: bool,
}

impl Generator for Until {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        if self.is_done {
            Next::Exhausted
        } else {
            (self.ask)(ctx).map_or(Next::Exhausted, Next::Invoke)
        }
    }

    fn update(&mut self, _: &Context, event: &Op) {
        self.is_done |= event.kind != Kind::Invoke && (self.is_enough)(event);
    }
}

/// The same after a wait for the system to settle.
pub(crate) fn settle_first(then: Box<dyn Generator>) -> Box<dyn Generator> {
    phases(vec![pause(SETTLE).boxed(), then]).boxed()
}

/// One call about every key that was ever asked for, each again until it is answered to
/// satisfaction.
pub(crate) struct EveryKey {
    ask: fn(u32) -> Invocation,
    is_enough: fn(&Op) -> bool,
    known: BTreeSet<u32>,
    todo: Option<VecDeque<u32>>,
    asking: BTreeMap<u32, u32>, // Calls in flight, by key.
}

impl EveryKey {
    /// Asks this about every key until it is answered at all.
    pub(crate) fn until_ok(ask: fn(u32) -> Invocation) -> EveryKey {
        EveryKey::until(|op| op.kind == Kind::Ok, ask)
    }

    /// Asks this about every key until a completion is enough.
    pub(crate) fn until(is_enough: fn(&Op) -> bool, ask: fn(u32) -> Invocation) -> EveryKey {
        let (known, asking) = (BTreeSet::new(), BTreeMap::new());
        EveryKey { ask, is_enough, known, todo: None, asking }
    }
}

impl Generator for EveryKey {
    fn next(&mut self, _: &mut Context, thread: Thread) -> Next {
        if !matches!(thread, Thread::Client(_)) {
            return Next::Pending(None);
        }
        let known = &self.known;
        let todo = self.todo.get_or_insert_with(|| known.iter().copied().collect());
        match todo.pop_front() {
            Some(key) => {
                *self.asking.entry(key).or_default() += 1;
                Next::Invoke(Invocation { key: Some(key), ..(self.ask)(key) })
            }
            None if self.asking.is_empty() => Next::Exhausted,
            None => Next::Pending(None),
        }
    }

    fn update(&mut self, _: &Context, event: &Op) {
        let Some(key) = event.key else { return };
        self.known.insert(key);
        if let Some(todo) = &mut self.todo
            && event.kind != Kind::Invoke
            && self.asking.remove(&key).is_some()
            && !(self.is_enough)(event)
        {
            todo.push_back(key);
        }
    }
}
