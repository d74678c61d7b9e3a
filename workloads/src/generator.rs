//! The guide to generators: they decide what each thread does next.
//!
//! A generator is asked for one *thread* at a time, when that thread is free:
//!
//! * [`Next::Invoke`]: do this now.
//! * [`Next::Pending`]: nothing for this thread yet; ask again at that time, or after any event.
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
mod independent;
mod phases;
mod scheduler;
mod simulate;
mod threads;
mod time;

use std::sync::Arc;

use checkers::{Kind, Nanos, Op, Process};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub use basic::{any, mix};
pub use independent::independent;
pub use phases::phases;
pub use scheduler::{Completion, Scheduler, Step};
pub use simulate::{Timing, simulate};
pub use threads::each_thread;
pub use time::pause;

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
    /// Nothing for this thread yet: ask again at this time, or after the next event.
    Pending(Option<Nanos>),
    /// Nothing for any thread, ever again.
    Exhausted,
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
pub fn invoke(f: &str, value: impl Into<Value>) -> Invocation {
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

/// What a generator may know.
pub struct Context {
    /// Time since the start.
    pub time: Nanos,
    /// The one source of chance.
    pub rng: ChaCha8Rng,
    /// Client threads.
    pub concurrency: u32,
    /// Whether the user asked the main phase to end.
    pub is_interrupted: bool,
    nodes: Vec<Arc<str>>,
    busy: Vec<bool>,     // By client thread; the nemesis last.
    processes: Vec<u32>, // By client thread.
}

impl Context {
    /// A context at time zero with all threads free. Thread `i` talks to `nodes[i mod len]`.
    pub fn new(concurrency: u32, nodes: Vec<Arc<str>>, seed: u64) -> Context {
        Context {
            time: 0,
            rng: stream(seed, "generator"),
            concurrency,
            is_interrupted: false,
            nodes,
            busy: vec![false; concurrency as usize + 1],
            processes: (0..concurrency).collect(),
        }
    }

    /// Whether no thread is in the middle of an op.
    pub fn all_free(&self) -> bool {
        self.busy.iter().all(|busy| !busy)
    }

    /// The process that runs on a thread now.
    pub fn process(&self, thread: Thread) -> Process {
        match thread {
            Thread::Client(i) => Process::Client(self.processes[i as usize]),
            Thread::Nemesis => Process::Nemesis,
        }
    }

    /// The thread that runs, or ran, a process.
    pub fn thread(&self, process: Process) -> Thread {
        match process {
            Process::Client(p) => Thread::Client(p % self.concurrency),
            Process::Nemesis => Thread::Nemesis,
        }
    }

    /// The node a thread talks to.
    pub fn node(&self, thread: Thread) -> Option<Arc<str>> {
        match thread {
            Thread::Client(i) if !self.nodes.is_empty() => {
                Some(self.nodes[i as usize % self.nodes.len()].clone())
            }
            _ => None,
        }
    }

    /// A random one of these.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.rng.random_range(0..items.len())]
    }

    fn slot(&self, thread: Thread) -> usize {
        match thread {
            Thread::Client(i) => i as usize,
            Thread::Nemesis => self.concurrency as usize,
        }
    }
}

/// The stream of chance for one purpose: ChaCha8 seeded by the run's seed and the purpose's name
/// (FNV-1a), so that a new consumer shifts nobody else's draws.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    ChaCha8Rng::seed_from_u64(seed ^ name)
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
        basic::UntilOk { processes: Vec::new(), is_done: false, inner: self }
    }
    /// For client threads only.
    fn clients(self) -> impl Generator + 'static {
        threads::On { nemesis: false, is_done: false, inner: self }
    }
    /// For the nemesis only.
    fn nemesis(self) -> impl Generator + 'static {
        threads::On { nemesis: true, is_done: false, inner: self }
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

/// The earlier of two times to ask again, where `None` is "after an event".
fn earliest(a: Option<Nanos>, b: Option<Nanos>) -> Option<Nanos> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Whether this event ends a call, and well.
fn is_ok(event: &Op) -> bool {
    event.kind == Kind::Ok
}
