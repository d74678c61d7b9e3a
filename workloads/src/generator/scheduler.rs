//! The one place where ops get a process, an index and a time. No IO: the real run and the
//! simulated run both drive this.
use std::{collections::VecDeque, sync::Arc};

use checkers::{Kind, Nanos, Op};
use serde_json::Value;

use super::{Context, Generator, Next, Thread, earliest};

/// Turns a generator into ops.
pub struct Scheduler {
    generator: Box<dyn Generator>,
    ctx: Context,
    free: VecDeque<Thread>, // The longest free first, so that every thread gets its share.
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
        let clients = (0..ctx.concurrency).map(Thread::Client);
        let free = clients.chain([Thread::Nemesis]).collect();
        Scheduler { generator: Box::new(generator), ctx, free, index: 0, is_exhausted: false }
    }

    /// What to do at this time. To be called again until it answers something else than `Invoke`.
    pub fn step(&mut self, now: Nanos) -> Step {
        self.ctx.time = now;
        let mut until = None;
        for _ in 0..self.free.len() {
            if self.is_exhausted {
                break;
            }
            let Some(thread) = self.free.pop_front() else { break };
            match self.generator.next(&mut self.ctx, thread) {
                Next::Invoke(invocation) => return self.invoke(thread, invocation),
                Next::Pending(at) => until = earliest(until, at),
                Next::Exhausted => self.is_exhausted = true,
            }
            self.free.push_back(thread);
        }
        match (self.is_exhausted, self.ctx.all_free()) {
            (true, true) => Step::Done,
            (true, false) => Step::Wait { until: None },
            (false, _) => Step::Wait { until },
        }
    }

    fn invoke(&mut self, thread: Thread, invocation: super::Invocation) -> Step {
        let op = Op {
            index: self.take_index(),
            time: self.ctx.time,
            process: self.ctx.process(thread),
            kind: Kind::Invoke,
            f: invocation.f,
            key: invocation.key,
            value: invocation.value,
            error: None,
            node: self.ctx.node(thread),
        };
        let slot = self.ctx.slot(thread);
        self.ctx.busy[slot] = true;
        self.generator.update(&self.ctx, &op);
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
            kind: done.kind,
            value: done.value,
            error: done.error,
            ..invoked.clone()
        };
        let slot = self.ctx.slot(thread);
        self.ctx.busy[slot] = false;
        self.free.push_back(thread);
        self.generator.update(&self.ctx, &op);
        if let (Kind::Info, Thread::Client(i)) = (op.kind, thread) {
            self.ctx.processes[i as usize] += self.ctx.concurrency;
        }
        op
    }

    /// Ends every time-limited phase now.
    pub fn interrupt(&mut self) {
        self.ctx.is_interrupted = true;
    }

    fn take_index(&mut self) -> u32 {
        self.index += 1;
        self.index - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use checkers::{History, Kind, Process};

    use crate::generator::{Context, GeneratorExt, Timing, invoke, simulate};

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
