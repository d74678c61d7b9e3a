//! The guide to generators: they decide what each thread does next.
//!
//! A generator is asked for one *thread* at a time, when that thread is free:
//!
//! * [`Next::Invoke`]: do this now.
//! * [`Next::Pending`]: nothing for this thread yet; ask again at that time, or after any event.
//! * [`Next::Rest`]: the same for many threads at once, so that the others need not be asked.
//! * [`Next::Sleep`]: do nothing for so long, as if it were an op.
//! * [`Next::Exhausted`]: nothing for any thread, ever again.
//!
//! It learns what happened through [`Generator::update`], which sees every op of every thread. It
//! never waits, and it has no clock: the time and all chance come in the [`Context`], so the same
//! seed and the same completions give the same run.
//!
//! Threads are workers, numbered from 0; one more belongs to the nemesis. A thread runs one
//! process at a time, and a new one after an `info`. Thread `i` talks to node `i mod nodes`.
//!
//! | here | in Jepsen | |
//! |---|---|---|
//! | a closure | a function | asked again each time; `None` ends it |
//! | [`limit`](GeneratorExt::limit) | `limit`, `once` | at most so many ops |
//! | [`mix`] | `mix` | a random one of several, each time |
//! | [`any`] | `any` | the first of several that has something |
//! | [`clients`](GeneratorExt::clients), [`nemesis`](GeneratorExt::nemesis) | same | for those threads only |
//! | [`each_thread`] | `each-thread` | a copy for every client thread |
//! | [`phases`] | `phases` | one after another, all threads at rest between |
//! | [`time_limit`](GeneratorExt::time_limit) | `time-limit` | ends so long after its first op |
//! | [`stagger`](GeneratorExt::stagger) | `stagger` | random gaps with this mean |
//! | [`pause`] | `sleep` | no op for so long |
//! | [`until_ok`](GeneratorExt::until_ok) | `until-ok` | again until it succeeds once |
//! | [`independent`] | `independent/concurrent-generator` | groups of threads, each on keys of its own |
mod basic;
mod context;
mod free;
mod in_flight;
mod independent;
mod phases;
mod scheduler;
mod simulate;
mod threads;
mod time;
mod wait;

use std::{collections::BTreeSet, sync::Arc};

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

pub use basic::{any, mix};
pub use context::{Context, stream};
pub use independent::independent;
pub use phases::phases;
pub use scheduler::{Completion, Scheduler, Step};
pub use simulate::{Timing, simulate};
pub use threads::each_thread;
pub use time::pause;
use wait::earliest;
pub use wait::{Threads, Wait};

/// Decides what each thread does next.
pub trait Generator: Send {
    /// What should `thread` do now? Called only for a free thread.
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next;

    /// An invocation or a completion happened, on any thread.
    fn update(&mut self, _ctx: &Context, _event: &Op) {}
}

/// A generator's answer for one thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Do this now.
    Invoke(Invocation),
    /// Do nothing for so long. The thread is busy meanwhile; the history does not know.
    Sleep(Nanos),
    /// Nothing for this thread yet: ask again at this time, or after the next event.
    Pending(Option<Nanos>),
    /// Nothing for this thread, nor for others: those in the [`Wait`] need not be asked before it
    /// is over.
    Rest(Wait),
    /// Nothing for any thread, ever again.
    Exhausted,
}

impl Next {
    /// What two generators together have for the thread, when neither has an op for it.
    fn and(self, other: Next) -> Next {
        match (self, other) {
            (Next::Exhausted, next) | (next, Next::Exhausted) => next,
            (Next::Rest(a), Next::Rest(b)) => Next::Rest(a.and(b)),
            (a, b) => Next::Pending(earliest(a.until(), b.until())),
        }
    }

    fn until(&self) -> Option<Nanos> {
        match self {
            Next::Pending(until) => *until,
            Next::Rest(wait) => wait.until,
            _ => None,
        }
    }

    /// The same, but to be asked again at this time.
    fn at_most(self, until: Nanos) -> Next {
        match self {
            Next::Pending(at) => Next::Pending(earliest(at, Some(until))),
            Next::Rest(wait) => Next::Rest(wait.at_most(until)),
            next => next,
        }
    }

    /// The same, of a generator that knows of these threads only.
    fn within(self, threads: Threads) -> Next {
        match self {
            Next::Rest(wait) => Next::Rest(wait.within(threads)),
            next => next,
        }
    }
}

/// What a thread is to ask of the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The function.
    pub f: Arc<str>,
    /// Which independent object it is about.
    pub key: Option<u32>,
    /// The argument.
    pub value: Value,
}

/// An invocation of `f` with this argument, on no particular key.
pub fn invoke(f: impl Into<Arc<str>>, value: impl Into<Value>) -> Invocation {
    Invocation { f: f.into(), key: None, value: value.into() }
}

/// A worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thread {
    /// A client thread, from 0.
    Client(u32),
    /// The one that injects faults.
    Nemesis,
}

impl Generator for Box<dyn Generator> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        (**self).next(ctx, thread)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        (**self).update(ctx, event);
    }
}

/// A closure is asked each time; `None` ends it.
impl<F: FnMut(&mut Context) -> Option<Invocation> + Send> Generator for F {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        self(ctx).map_or(Next::Exhausted, Next::Invoke)
    }
}

/// The combinators that wrap one generator, so that they read left to right.
pub trait GeneratorExt: Generator + Sized + 'static {
    /// Behind a pointer, to stand beside others.
    fn boxed(self) -> Box<dyn Generator> {
        Box::new(self)
    }
    /// At most `n` ops.
    fn limit(self, n: u64) -> impl Generator + 'static {
        basic::Limit { left: n, inner: self }
    }
    /// Again and again until one of its own ops is `ok`.
    fn until_ok(self) -> impl Generator + 'static {
        basic::UntilOk { processes: BTreeSet::new(), is_done: false, inner: self }
    }
    /// For client threads only.
    fn clients(self) -> impl Generator + 'static {
        threads::On::new(Threads::CLIENTS, self)
    }
    /// For the nemesis only.
    fn nemesis(self) -> impl Generator + 'static {
        threads::On::new(Threads::NEMESIS, self)
    }
    /// Ends `span` after its first op, or when the user interrupts; ops in flight go on.
    fn time_limit(self, span: Nanos) -> impl Generator + 'static {
        time::TimeLimit { span, until: None, inner: self }
    }
    /// Gaps between ops uniform in `[0, 2 * mean)`, over all threads together. A generator that
    /// fell behind does not hurry to catch up.
    fn stagger(self, mean: Nanos) -> impl Generator + 'static {
        time::Stagger { mean, at: 0, inner: self }
    }
}
impl<G: Generator + Sized + 'static> GeneratorExt for G {}

/// Whether this event ends a call, and well.
fn is_ok(event: &Op) -> bool {
    event.kind == Kind::Ok
}
