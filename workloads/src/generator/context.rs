//! What a generator may know.
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    sync::Arc,
};

use checkers::{Nanos, Process};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Thread, Threads, in_flight::InFlight};

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
    in_flight: InFlight,
    processes: Vec<u32>, // By client thread.
    scope: Scope,
    is_stirred: Cell<bool>,
    log: RefCell<VecDeque<String>>,
}

/// The threads a generator is asked by, as runs in order and apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Most often: one run, and no list to be made.
    Run(Threads),
    Runs(Vec<Threads>),
}

impl Scope {
    pub(super) fn runs(&self) -> &[Threads] {
        match self {
            Scope::Run(run) => std::slice::from_ref(run),
            Scope::Runs(runs) => runs,
        }
    }

    /// These clients, which are in order.
    pub(super) fn of(clients: impl IntoIterator<Item = u32>) -> Scope {
        let mut runs: Vec<Threads> = Vec::new();
        let mut end = None; // Where the last run ends.
        for i in clients {
            let one = Threads::clients(i, i + 1);
            match runs.last_mut() {
                Some(run) if end == Some(i) => *run = run.hull(one),
                _ => runs.push(one),
            }
            end = Some(i + 1);
        }
        Scope::Runs(runs)
    }

    /// The run that the thread is in; where it is in none, itself.
    pub(super) fn run(&self, thread: Thread) -> Threads {
        let run = self.runs().iter().copied().find(|run| run.contains(thread));
        run.unwrap_or(Threads::one(thread))
    }

    /// The shortest run with all of them in it.
    pub(super) fn hull(&self) -> Threads {
        self.runs().iter().fold(Threads::NONE, |hull, run| hull.hull(*run))
    }

    /// Those that are in both.
    pub(super) fn and(&self, threads: Threads) -> Scope {
        match self {
            Scope::Run(run) => Scope::Run(run.and(threads)),
            Scope::Runs(runs) => Scope::Runs(runs.iter().map(|run| run.and(threads)).collect()),
        }
    }
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
            in_flight: InFlight::new(concurrency),
            processes: (0..concurrency).collect(),
            scope: Scope::Run(Threads::ALL),
            is_stirred: Cell::new(false),
            log: RefCell::default(),
        }
    }

    /// Whether no thread, of those that may ask, is in the middle of an op or sleeps.
    pub fn all_free(&self) -> bool {
        self.busy() == 0
    }

    /// How many threads, of those that may ask, are in the middle of an op or sleep.
    pub fn busy(&self) -> u32 {
        self.scope.runs().iter().map(|run| self.in_flight.count(*run)).sum()
    }

    /// The client threads that may ask, in order.
    pub fn clients(&self) -> impl Iterator<Item = u32> {
        self.scope.runs().iter().flat_map(|run| run.client_range(self.concurrency))
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

    /// What other threads were told to wait for may not hold any more: all are asked again.
    pub fn ask_again(&self) {
        self.is_stirred.set(true);
    }

    /// A line for the log of the run. It is no op, and not in the history.
    pub fn log(&self, line: impl Into<String>) {
        self.log.borrow_mut().push_back(line.into());
    }

    pub(super) fn take_line(&mut self) -> Option<String> {
        self.log.get_mut().pop_front()
    }

    pub(super) fn take_stirred(&mut self) -> bool {
        self.is_stirred.replace(false)
    }

    pub(super) fn set_busy(&mut self, thread: Thread, is_busy: bool) {
        self.in_flight.set(thread, is_busy);
    }

    /// Another process runs on the thread from now on.
    pub(super) fn retire(&mut self, thread: Thread) {
        if let Thread::Client(i) = thread {
            self.processes[i as usize] += self.concurrency;
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Of the threads that may ask, those that meet this.
    pub(super) fn scope_where(&self, is_in: impl Fn(Thread) -> bool) -> Scope {
        let mut scope = Scope::of(self.clients().filter(|i| is_in(Thread::Client(*i))));
        let may_ask = |thread| self.scope.runs().iter().any(|run| run.contains(thread));
        if may_ask(Thread::Nemesis)
            && is_in(Thread::Nemesis)
            && let Scope::Runs(runs) = &mut scope
        {
            runs.push(Threads::NEMESIS);
        }
        scope
    }

    /// Asks as if there were only the threads of this scope.
    pub(super) fn within<T>(
        &mut self,
        scope: &mut Scope,
        ask: impl FnOnce(&mut Context) -> T,
    ) -> T {
        std::mem::swap(&mut self.scope, scope);
        let answer = ask(self);
        std::mem::swap(&mut self.scope, scope);
        answer
    }
}

/// The stream of chance for one purpose: ChaCha8 seeded by the run's seed and the purpose's name
/// (FNV-1a), so that a new consumer shifts nobody else's draws.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    ChaCha8Rng::seed_from_u64(seed ^ name)
}
