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
//! | [`value`] | a map | exactly this op |
//! | [`ops`] | a sequence of maps | each of these ops once, in order |
//! | [`sequence`] | a sequence, `concat` | each to its end, with no rest between |
//! | a closure | a function that returns a map | called for each op; `None` ends it |
//! | [`unfold`] | a function that returns a generator | called when the last one has ended |
//! | [`promise`] | a promise | nothing until it is delivered |
//! | [`lazy`] | Clojure's `delay` | made when it is first asked |
//! | [`map`](GeneratorExt::map), [`f_map`](GeneratorExt::f_map) | `map`, `f-map` | other ops; other names of functions |
//! | [`filter`](GeneratorExt::filter) | `filter` | without some ops |
//! | [`on_update`](GeneratorExt::on_update) | `on-update` | something else after an event |
//! | [`clients`](GeneratorExt::clients), [`nemesis`](GeneratorExt::nemesis), [`on_threads`](GeneratorExt::on_threads) | same | for those threads only |
//! | [`any`], [`shortest_any`] | `any`, `shortest-any` | whichever has something; until the first ends |
//! | [`each_thread`], [`each_process`] | `each-thread`, `each-process` | a copy for every thread, or process |
//! | [`reserve`] | `reserve` | so many threads for each |
//! | [`mix`] | `mix` | a random one of several, each time |
//! | [`limit`](GeneratorExt::limit), [`once`](GeneratorExt::once) | `limit`, `once` | at most so many ops |
//! | [`limit_near`](GeneratorExt::limit_near) | none | at most so many ops, and not many fewer, by chance |
//! | [`repeat`] | `repeat` | the first op of a fresh copy, again and again |
//! | [`cycle`], [`cycle_n`] | `cycle` | from the start when it has ended |
//! | [`process_limit`](GeneratorExt::process_limit) | `process-limit` | until more processes would be needed |
//! | [`concurrency_limit`](GeneratorExt::concurrency_limit) | `concurrency-limit` | at most so many at once |
//! | [`time_limit`](GeneratorExt::time_limit) | `time-limit` | ends after so long |
//! | [`stagger`](GeneratorExt::stagger) | `stagger` | random gaps with this mean |
//! | [`open_loop`](GeneratorExt::open_loop) | none | ops are due at times of their own, whatever the system does |
//! | [`delay`](GeneratorExt::delay) | `delay` | gaps of this length |
//! | [`sleep`], [`pause`] | `sleep`; none | a thread does nothing for so long; none invokes for so long |
//! | [`log`] | `log` | a line for the log |
//! | [`synchronize`](GeneratorExt::synchronize) | `synchronize` | begins when all are at rest |
//! | [`phases`], [`then`](GeneratorExt::then) | `phases`, `then` (which names the second first) | one after another, all at rest between |
//! | [`until_ok`](GeneratorExt::until_ok) | `until-ok` | again until it succeeds once |
//! | [`flip_flop`] | `flip-flop` | one of each in turn |
//! | [`cycle_times`] | `cycle-times` | each in its window of time |
//! | [`cache`](GeneratorExt::cache) | `cache` | asked no more than so often while it has nothing |
//! | [`trace`](GeneratorExt::trace) | `trace` | every answer and event, for the log |
//! | types | `validate`, `friendly-exceptions` | an op of another shape does not compile |
//! | [`independent`] | `independent/concurrent-generator` | groups of threads, each on keys of its own |
//!
//! Here and there what stands for a thing that is begun more than once (a copy for each thread, a
//! cycle) is a closure that makes it: generators have state, and are not copied. `mix` asks the next
//! one where the one drawn has nothing, and nothing is ever offered and then refused.
//!
//! # Writing one
//!
//! A combinator passes every event on to what it is made of, or to as much of it as is still of
//! interest, and most pass the answers back as they are. One thing is to be heeded: a thread that
//! was told [`Next::Rest`] is not asked again before that is over. Whoever comes to have something
//! for it otherwise (its turn came, a part of it ended, a limit was reached) says
//! [`Context::ask_again`]. Who answers [`Next::Pending`] is asked after every event whatever.
mod choice;
mod context;
mod each;
mod ext;
mod free;
mod in_flight;
mod independent;
mod limits;
mod open_loop;
mod phases;
mod repeats;
mod rest;
mod scheduler;
mod simulate;
mod sketch;
mod threads;
mod time;
mod transform;
#[cfg(test)]
mod trees;
mod values;
mod wait;

use std::sync::Arc;

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

pub use choice::{any, flip_flop, mix, shortest_any};
pub use context::{Context, stream};
pub use each::{each_process, each_thread};
pub use ext::GeneratorExt;
pub use independent::independent;
pub use open_loop::Arrivals;
pub use phases::{phases, sequence};
pub use repeats::{cycle, cycle_n, repeat};
pub use rest::{log, pause, sleep};
pub use scheduler::{Completion, Scheduler, Step};
pub use simulate::{Timing, simulate};
pub use sketch::{sketch, sketch_all, sketch_of};
pub use threads::reserve;
pub use time::cycle_times;
pub use values::{Promise, lazy, ops, promise, unfold, value};
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
    /// Whether the thread is given something to do, be it to sleep.
    fn is_busy(&self) -> bool {
        matches!(self, Next::Invoke(_) | Next::Sleep(_))
    }

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

    /// The same, of a generator that is asked by these threads only and sees only their ops.
    fn within(self, whom: Threads, whose: Threads) -> Next {
        match self {
            Next::Rest(wait) => Next::Rest(wait.within(whom, whose)),
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
    /// When it should have begun, where it has a time of its own ([`open_loop`]).
    ///
    /// [`open_loop`]: GeneratorExt::open_loop
    pub due: Option<Nanos>,
}

/// An invocation of `f` with this argument, on no particular key.
pub fn invoke(f: impl Into<Arc<str>>, value: impl Into<Value>) -> Invocation {
    Invocation { f: f.into(), key: None, value: value.into(), due: None }
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

/// Whether this event ends a call, and well.
fn is_ok(event: &Op) -> bool {
    event.kind == Kind::Ok
}
