//! Properties of all combinators together: random trees of them, driven by random answers.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use checkers::{Kind, Nanos, Op, Process};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::*;

const MS: Nanos = 1_000_000;

#[derive(Clone, Debug)]
enum Tree {
    Calls(u64),
    Forever,
    Sleep(Nanos),
    Pause(Nanos),
    Log,
    One(With, u32, Arc<Tree>),
    Two(Both, u32, Arc<Tree>, Arc<Tree>),
}

#[derive(Clone, Copy, Debug)]
enum With {
    Limit,
    UntilOk,
    Clients,
    Nemesis,
    Evens,
    TimeLimit,
    Stagger,
    Delay,
    ProcessLimit,
    ConcurrencyLimit,
    Map,
    Filter,
    OnUpdate,
    Synchronize,
    Cache,
    Repeat,
    Cycle,
    EachThread,
    EachProcess,
    Lazy,
    Independent,
}

#[derive(Clone, Copy, Debug)]
enum Both {
    Mix,
    ShortestAny,
    Sequence,
    Phases,
    Then,
    FlipFlop,
    Reserve,
    CycleTimes,
}

fn build(tree: &Tree) -> Box<dyn Generator> {
    match tree {
        Tree::Calls(n) => ops((0..*n).map(|i| invoke("call", i))).boxed(),
        Tree::Forever => (|ctx: &mut Context| {
            let draw: u32 = ctx.rng.random_range(0..9);
            Some(invoke("call", draw))
        })
        .boxed(),
        Tree::Sleep(span) => sleep(*span).boxed(),
        Tree::Pause(span) => pause(*span).boxed(),
        Tree::Log => log("line").boxed(),
        Tree::One(with, n, inner) => build_one(*with, *n, inner),
        Tree::Two(both, n, a, b) => build_two(*both, *n, a, b),
    }
}

fn build_one(with: With, n: u32, tree: &Arc<Tree>) -> Box<dyn Generator> {
    let inner = || build(tree);
    let again = tree.clone();
    let again = move || build(&again);
    let span = Nanos::from(n) * MS / 2;
    match with {
        With::Limit => inner().limit(n.into()).boxed(),
        With::UntilOk => inner().until_ok().boxed(),
        With::Clients => inner().clients().boxed(),
        With::Nemesis => inner().nemesis().boxed(),
        With::Evens => inner().on_threads(|t| matches!(t, Thread::Client(i) if i % 2 == 0)).boxed(),
        With::TimeLimit => inner().time_limit(span).boxed(),
        With::Stagger => inner().stagger(span).boxed(),
        With::Delay => inner().delay(span).boxed(),
        With::ProcessLimit => inner().process_limit(3 + n).boxed(),
        With::ConcurrencyLimit => inner().concurrency_limit(1 + n % 3).boxed(),
        With::Map => inner().f_map([("call", "other")]).boxed(),
        With::Filter => inner().filter(|op| op.value.as_u64().is_some_and(|v| v % 3 > 0)).boxed(),
        With::OnUpdate => {
            let mut left = n;
            let react = move |_: &Context, _: &Op| {
                left = left.checked_sub(1)?;
                (left == 0).then(&again)
            };
            inner().on_update(react).boxed()
        }
        With::Synchronize => inner().synchronize().boxed(),
        With::Cache => inner().cache(span).boxed(),
        With::Repeat => repeat(again).limit(n.into()).boxed(),
        With::Cycle => cycle_n(n.into(), again).boxed(),
        With::EachThread => each_thread(again).boxed(),
        With::EachProcess => each_process(again).boxed(),
        With::Lazy => lazy(move |_| again()).boxed(),
        With::Independent => independent(1 + n % 3, move |_| again()).limit(n.into()).boxed(),
    }
}

fn build_two(both: Both, n: u32, a: &Tree, b: &Tree) -> Box<dyn Generator> {
    let (a, b) = (build(a), build(b));
    match both {
        Both::Mix => mix(vec![a, b]).boxed(),
        Both::ShortestAny => shortest_any(vec![a, b]).boxed(),
        Both::Sequence => sequence(vec![a, b]).boxed(),
        Both::Phases => phases(vec![a, b]).boxed(),
        Both::Then => a.then(b).boxed(),
        Both::FlipFlop => flip_flop(a, b).boxed(),
        Both::Reserve => reserve(vec![(n % 4, a)], b).boxed(),
        Both::CycleTimes => cycle_times(vec![(Nanos::from(n) * MS, a), (3 * MS, b)]).boxed(),
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    use Both::*;
    use With::*;
    let leaf = prop_oneof![
        3 => (1u64..9).prop_map(Tree::Calls),
        2 => Just(Tree::Forever),
        1 => (MS / 4..5 * MS).prop_map(Tree::Sleep),
        1 => (1..5 * MS).prop_map(Tree::Pause),
        1 => Just(Tree::Log),
    ];
    let with = prop::sample::select(vec![
        Limit,
        UntilOk,
        Clients,
        Nemesis,
        Evens,
        TimeLimit,
        Stagger,
        Delay,
        ProcessLimit,
        ConcurrencyLimit,
        Map,
        Filter,
        OnUpdate,
        Synchronize,
        Cache,
        Repeat,
        Cycle,
        EachThread,
        EachProcess,
        Lazy,
        Independent,
    ]);
    let both = prop::sample::select(vec![
        Mix,
        ShortestAny,
        Sequence,
        Phases,
        Then,
        FlipFlop,
        Reserve,
        CycleTimes,
    ]);
    leaf.prop_recursive(6, 24, 2, move |inner| {
        let inner = inner.prop_map(Arc::new);
        let one = (with.clone(), 1u32..9, inner.clone())
            .prop_map(|(with, n, inner)| Tree::One(with, n, inner));
        let two = (both.clone(), 1u32..9, inner.clone(), inner)
            .prop_map(|(both, n, a, b)| Tree::Two(both, n, a, b));
        prop_oneof![one, two]
    })
}

/// Plays the system, and looks whether the scheduler keeps its word.
struct Referee {
    scheduler: Scheduler,
    chance: ChaCha8Rng,
    now: Nanos,
    threads: u32,
    in_flight: BTreeMap<Process, (Nanos, Op)>,
    busy: BTreeSet<Thread>,
    retired: BTreeSet<Process>,
    invoked: u32,
}

const STEPS_MAX: u32 = 20_000;

impl Referee {
    fn new(threads: u32, seed: u64, generator: impl Generator + 'static) -> Referee {
        Referee {
            scheduler: Scheduler::new(generator, Context::new(threads, Vec::new(), seed)),
            chance: stream(seed, "referee"),
            now: 0,
            threads,
            in_flight: BTreeMap::new(),
            busy: BTreeSet::new(),
            retired: BTreeSet::new(),
            invoked: 0,
        }
    }

    /// Runs to the end.
    fn run(mut self) -> u32 {
        for _ in 0..STEPS_MAX {
            match self.scheduler.step(self.now) {
                Step::Invoke { thread, op } => self.invoke(thread, op),
                Step::Log { .. } => (),
                Step::Wait { until } => self.wait(until),
                Step::Done => {
                    assert!(self.in_flight.is_empty(), "done, and ops are in flight");
                    return self.invoked;
                }
            }
        }
        panic!("no end after {STEPS_MAX} steps");
    }

    fn invoke(&mut self, thread: Thread, op: Op) {
        assert!(self.busy.insert(thread), "{thread:?} is busy");
        assert!(!self.retired.contains(&op.process), "{:?} crashed", op.process);
        if let (Thread::Client(i), Process::Client(p)) = (thread, op.process) {
            assert_eq!(p % self.threads, i);
        }
        self.invoked += 1;
        let at = self.now + self.chance.random_range(MS / 2..3 * MS);
        assert!(self.in_flight.insert(op.process, (at, op)).is_none(), "two ops of a process");
    }

    /// Nothing is to be had before that time, as was said; then lets time pass.
    fn wait(&mut self, until: Option<Nanos>) {
        let asleep = self.scheduler.asleep.len();
        for _ in 0..2 {
            self.scheduler.free.reopen_all();
            let again = self.scheduler.step(self.now);
            assert!(matches!(again, Step::Wait { .. }), "whoever asks again is told {again:?}");
            assert_eq!(self.scheduler.asleep.len(), asleep, "whoever asks again is sent to sleep");
        }
        let next = self.in_flight.iter().min_by_key(|(_, (at, _))| *at);
        let next = next.map(|(process, (at, _))| (*at, *process));
        match (next, until) {
            (None, None) => panic!("a wait for ever"),
            (Some((at, process)), until) if until.is_none_or(|until| at <= until) => {
                self.now = at;
                self.complete(process);
            }
            (_, Some(until)) => {
                assert!(until > self.now, "a wait for the past");
                self.now = until;
            }
            (Some(_), None) => unreachable!("the op comes first"),
        }
    }

    fn complete(&mut self, process: Process) {
        let (_, op) = self.in_flight.remove(&process).expect("an op in flight");
        let thread = match process {
            Process::Client(p) => Thread::Client(p % self.threads),
            Process::Nemesis => Thread::Nemesis,
        };
        self.busy.remove(&thread);
        let kind = [Kind::Ok, Kind::Ok, Kind::Fail, Kind::Info][self.chance.random_range(0..4)];
        if kind == Kind::Info && process != Process::Nemesis {
            self.retired.insert(process);
        }
        let done = Completion { kind, value: op.value.clone(), error: None };
        self.scheduler.complete(self.now, &op, done);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nobody is asked while busy, nobody misses what is there for them, and everything ends.
    #[test]
    fn whatever_the_tree_nobody_is_forgotten(tree in trees(), threads in 1u32..7, seed: u64) {
        Referee::new(threads, seed, build(&tree).time_limit(60 * MS)).run();
    }

    #[test]
    fn whatever_the_tree_the_same_seed_gives_the_same_run(
        tree in trees(), threads in 1u32..7, seed: u64,
    ) {
        let run = || sketch_all(threads, build(&tree).time_limit(30 * MS));
        prop_assert_eq!(run(), run());
        let count = || Referee::new(threads, seed, build(&tree).time_limit(30 * MS)).run();
        prop_assert_eq!(count(), count());
    }
}
