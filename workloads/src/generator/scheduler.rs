//! The one place where ops get a process, an index and a time. No IO: the real run and the
//! simulated run both drive this.
use std::{collections::BTreeSet, sync::Arc};

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

use super::{Context, Generator, Invocation, Next, Thread, Wait, free::Free, wait::earliest};

/// Turns a generator into ops.
pub struct Scheduler {
    generator: Box<dyn Generator>,
    ctx: Context,
    pub(super) free: Free,
    pub(super) asleep: BTreeSet<(Nanos, Thread)>, // By when they wake.
    index: u32,
    is_exhausted: bool,
}

/// What the driver is to do next.
#[derive(Debug)]
pub enum Step {
    /// Write this op down, then hand it to its thread.
    Invoke {
        /// Who is to do it.
        thread: Thread,
        /// What.
        op: Op,
    },
    /// Something to tell the user. No thread is to do it, and it is not in the history.
    Log {
        /// One line.
        line: String,
    },
    /// Nothing to do before this time or the next completion.
    Wait {
        /// The time, where there is one.
        until: Option<Nanos>,
    },
    /// Everything was asked, and everything has completed.
    Done,
}

/// How a thread says that its op ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// `ok`, `fail` or `info`.
    pub kind: Kind,
    /// The answer.
    pub value: Value,
    /// Why it is not `ok`.
    pub error: Option<Arc<str>>,
}

impl Scheduler {
    /// A scheduler at time zero.
    pub fn new(generator: impl Generator + 'static, ctx: Context) -> Scheduler {
        let free = Free::new(ctx.concurrency);
        let generator = Box::new(generator);
        Scheduler { generator, ctx, free, asleep: BTreeSet::new(), index: 0, is_exhausted: false }
    }

    /// What to do at this time. To be called again until it answers `Wait` or `Done`.
    pub fn step(&mut self, now: Nanos) -> Step {
        self.ctx.time = now;
        self.rouse();
        self.free.wake(now);
        loop {
            if let Some(line) = self.ctx.take_line() {
                return Step::Log { line };
            }
            if self.is_exhausted {
                break;
            }
            let Some(turn) = self.free.take() else { break };
            match self.generator.next(&mut self.ctx, turn.thread) {
                Next::Invoke(invocation) => return self.invoke(turn.thread, invocation),
                Next::Sleep(span) => self.lay_down(turn.thread, span),
                Next::Pending(until) => {
                    let wait = Wait::alone(turn.thread, until);
                    self.free.park(turn, wait.not_before(now + 1));
                }
                Next::Rest(wait) => self.free.park(turn, wait.not_before(now + 1)),
                Next::Exhausted => self.is_exhausted = true,
            }
            self.ask_again();
        }
        if self.is_exhausted && self.ctx.all_free() { Step::Done } else { self.wait() }
    }

    fn wait(&self) -> Step {
        let asked = if self.is_exhausted { None } else { self.free.until() };
        let roused = self.asleep.first().map(|&(until, _)| until);
        Step::Wait { until: earliest(asked, roused) }
    }

    fn ask_again(&mut self) {
        if self.ctx.take_stirred() {
            self.free.reopen_all();
        }
    }

    fn lay_down(&mut self, thread: Thread, span: Nanos) {
        self.ctx.set_busy(thread, true);
        self.asleep.insert((self.ctx.time + span.max(1), thread));
    }

    fn rouse(&mut self) {
        while let Some(&(until, thread)) = self.asleep.first()
            && until <= self.ctx.time
        {
            self.asleep.pop_first();
            self.release(thread);
        }
    }

    fn release(&mut self, thread: Thread) {
        self.ctx.set_busy(thread, false);
        self.free.push(thread);
        self.free.hear(thread);
    }

    fn invoke(&mut self, thread: Thread, invocation: Invocation) -> Step {
        let op = Op {
            index: self.take_index(),
            time: self.ctx.time,
            due: invocation.due.filter(|&due| due != self.ctx.time),
            process: self.ctx.process(thread),
            kind: Kind::Invoke,
            f: invocation.f,
            key: invocation.key,
            value: invocation.value,
            error: None,
            node: self.ctx.node(thread),
        };
        self.ctx.set_busy(thread, true);
        self.free.hear(thread);
        self.generator.update(&self.ctx, &op);
        self.ask_again();
        Step::Invoke { thread, op }
    }

    /// Notes that an op ended, frees its thread and returns the completion to write down. After
    /// an `info` the thread goes on under a new process.
    pub fn complete(&mut self, now: Nanos, invoked: &Op, done: Completion) -> Op {
        self.ctx.time = now;
        let thread = self.ctx.thread(invoked.process);
        let op = Op {
            index: self.take_index(),
            time: now,
            due: None,
            process: invoked.process,
            kind: done.kind,
            f: invoked.f.clone(),
            key: invoked.key,
            value: done.value,
            error: done.error,
            node: invoked.node.clone(),
        };
        self.release(thread);
        self.generator.update(&self.ctx, &op);
        if op.kind == Kind::Info {
            self.ctx.retire(thread);
        }
        self.ask_again();
        op
    }

    /// Ends every time-limited phase now.
    pub fn interrupt(&mut self) {
        self.ctx.is_interrupted = true;
        self.free.reopen_all();
    }

    fn take_index(&mut self) -> u32 {
        self.index += 1;
        self.index - 1
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering::Relaxed},
        },
    };

    use checkers::{History, Kind, Op, Process};

    use super::{Context, Generator, Next, Thread};
    use crate::generator::{GeneratorExt, Timing, any, each_thread, invoke, phases, simulate};

    fn reads() -> impl crate::Generator + 'static {
        (|_: &mut Context| Some(invoke("read", ()))).clients().limit(10_000)
    }

    #[test]
    fn every_thread_gets_its_share() {
        let ctx = Context::new(5, Vec::new(), 1);
        let ops = simulate(reads(), ctx, Timing::default(), |_, _| super::Completion {
            kind: Kind::Ok,
            value: ().into(),
            error: None,
        });
        let mut shares = BTreeMap::new();
        for op in ops.iter().filter(|op| op.kind == Kind::Invoke) {
            *shares.entry(op.process).or_insert(0u32) += 1;
        }
        assert!(shares.values().all(|n| n.abs_diff(2_000) < 100), "{shares:?}");
    }

    /// Counts the questions to what it wraps.
    struct Counted<G>(Arc<AtomicU64>, G);

    impl<G: Generator> Generator for Counted<G> {
        fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
            self.0.fetch_add(1, Relaxed);
            self.1.next(ctx, thread)
        }
        fn update(&mut self, ctx: &Context, event: &Op) {
            self.1.update(ctx, event);
        }
    }

    /// Ops, and questions, of so many threads.
    fn questions(threads: u32, generator: impl Generator + 'static) -> (u64, u64) {
        let count = Arc::new(AtomicU64::new(0));
        let counted = Counted(count.clone(), generator);
        let ctx = Context::new(threads, Vec::new(), 1);
        let ops = simulate(counted, ctx, Timing::default(), |_, op| super::Completion {
            kind: Kind::Ok,
            value: op.value.clone(),
            error: None,
        });
        (ops.len() as u64 / 2, count.load(Relaxed))
    }

    fn read(_: &mut Context) -> Option<crate::Invocation> {
        Some(invoke("read", ()))
    }

    const MS: u64 = 1_000_000;

    #[test]
    fn a_busy_system_is_asked_once_an_op() {
        let faults = read.stagger(1000 * MS).nemesis().boxed();
        let calls = read.clients().boxed();
        let (ops, asked) = questions(1000, any(vec![faults, calls]).limit(20_000));
        assert!(ops == 20_000 && asked < ops + 2_000, "{asked} questions for {ops} ops");
    }

    #[test]
    fn idle_threads_cost_nothing() {
        let rate = |threads| questions(threads, read.stagger(MS / 10).clients().limit(20_000));
        let ((_, few), (ops, asked)) = (rate(200), rate(1000));
        assert!(asked < 4 * ops && asked < few + 3_000, "{few} questions of 200, {asked} of 1,000");
    }

    #[test]
    fn threads_that_wait_each_for_a_time_of_its_own_are_asked_when_it_has_come() {
        let slow = each_thread(|| read.stagger(100 * MS)).clients().limit(20_000);
        let (ops, asked) = questions(1000, slow);
        assert!(asked < 4 * ops, "{asked} questions for {ops} ops");
    }

    #[test]
    fn a_phase_that_drains_costs_one_question_a_completion() {
        let phase = || read.clients().limit(1_000).boxed();
        let (ops, asked) = questions(1000, phases((0..10).map(|_| phase()).collect()));
        assert!(ops == 10_000 && asked < 5 * ops, "{asked} questions for {ops} ops");
    }

    #[test]
    fn a_slow_generator_shares_its_ops_evenly_too() {
        let slow = read.stagger(10 * MS).clients().limit(1_000);
        let timing = Timing { before_max: 1, after_max: 1, seed: 0 };
        let ops = simulate(slow, Context::new(5, Vec::new(), 1), timing, |_, op| {
            super::Completion { kind: Kind::Ok, value: op.value.clone(), error: None }
        });
        for process in (0..5).map(Process::Client) {
            assert_eq!(ops.iter().filter(|op| op.process == process).count(), 400);
        }
    }

    #[test]
    fn a_process_never_returns_after_an_info_and_the_history_is_well_formed() {
        let ctx = Context::new(3, Vec::new(), 7);
        let mut n = 0;
        let ops = simulate(reads(), ctx, Timing::default(), move |_, _| {
            n += 1;
            let kind = [Kind::Ok, Kind::Info, Kind::Fail][n % 3];
            super::Completion { kind, value: ().into(), error: None }
        });
        let history = History::from_ops(&ops).expect("a history");
        assert_eq!(history.len(), 20_000);
        assert!(ops.iter().any(|op| op.process == Process::Client(3 * 100)));
    }
}
