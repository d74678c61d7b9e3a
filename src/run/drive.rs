//! The loop that carries ops from the scheduler to those who do them, and back.
use std::{
    mem,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use anyhow::Result;
use checkers::{Nanos, Op};
use tokio::sync::{
    mpsc::{self, UnboundedReceiver, UnboundedSender},
    watch,
};
use workloads::generator::{Scheduler, Step, Thread};

use super::{
    Interrupt, Progress,
    carrier::{Carriers, Done},
    gauge::{Gauge, Moments},
    journal::Journal,
    online::Online,
    worker::{Clock, Worker},
};
use crate::{
    nemesis::{self, Nemesis},
    result::Harness,
    route::Route,
};

/// So many completions are taken at a time.
const BATCH: usize = 4096;

/// Drives a run.
pub(super) struct Drive {
    scheduler: Scheduler,
    journal: Journal,
    carriers: Carriers,
    nemesis: UnboundedSender<Op>,
    done: UnboundedReceiver<Done>,
    clock: Clock,
    waker: Waker,
    gauge: Gauge,
    /// Invocations that are written down, but not handed out.
    due: Vec<(Thread, Op)>,
    /// Completions that have come back, but are not written down.
    back: Vec<Done>,
    online: Option<Online>,
    fail_fast: bool,
    route: Route,
    /// When a violation was found.
    found: Option<Nanos>,
    is_ending: bool,
}

/// How often at least it is looked whether the user wants to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Wakes a thread.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Drive {
    /// Time zero is now, and this thread the one that will drive.
    pub(super) fn start(
        scheduler: Scheduler,
        journal: Journal,
        workers: Vec<Worker>,
        nemesis: Nemesis,
        online: Option<Online>,
        fail_fast: bool,
        route: Route,
    ) -> Drive {
        let (sender, done) = mpsc::unbounded_channel();
        let clock = Clock(std::time::Instant::now());
        let gauge = Gauge::new(workers.len());
        Drive {
            scheduler,
            journal,
            carriers: Carriers::start(workers, clock, &sender),
            nemesis: spawn_nemesis(nemesis, clock, sender),
            done,
            clock,
            waker: Arc::new(Unpark(thread::current())).into(),
            gauge,
            due: Vec::new(),
            back: Vec::new(),
            online,
            fail_fast,
            route,
            found: None,
            is_ending: false,
        }
    }

    /// Until everything was asked and has completed, or the run has lasted too long: false then.
    /// Blocks its thread: no timer of the runtime's rings as exactly as the thread's own.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub(super) fn run(
        &mut self,
        progress: &mut Progress,
        interrupts: &watch::Receiver<Option<Interrupt>>,
        limit: Duration,
    ) -> Result<bool> {
        // Wakes come as late as this allows, 50 microseconds by default. Where it is refused, they
        // do.
        let _ = nix::sys::prctl::set_timerslack(1);
        while let Some(until) = self.invoke_all(progress)? {
            self.wait(until)?;
            self.complete_all(progress);
            self.judged(progress);
            if !self.is_ending && interrupts.borrow().is_some() {
                self.end(progress, "interrupted: healing");
            }
            if self.clock.0.elapsed() > limit {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ends the history, on disk, and says what the harness did, and when a violation was found.
    ///
    /// # Errors
    /// When the disk is full, or gone.
    pub(super) fn close(self) -> Result<(Harness, Option<Nanos>)> {
        if let Some(online) = self.online {
            online.end().unwrap_or_else(|e| tracing::warn!("judging while the run went: {e:#}"));
        }
        let harness = self.gauge.read();
        self.journal.close()?;
        Ok((harness, self.found))
    }

    /// Tells of a violation that was found meanwhile; ends the run where that was asked for.
    fn judged(&mut self, progress: &mut Progress) {
        let has_found = self.online.as_ref().is_some_and(Online::has_found);
        if self.found.is_none() && has_found {
            self.found = Some(self.clock.now());
            progress.found();
            if self.fail_fast && !self.is_ending {
                self.end(progress, "violation: healing");
            }
        }
    }

    fn end(&mut self, progress: &mut Progress, why: &str) {
        self.is_ending = true;
        progress.phase(why);
        self.scheduler.interrupt();
    }

    /// Invokes whatever is due. Returns when to look again; `None` when all is done.
    fn invoke_all(&mut self, progress: &mut Progress) -> Result<Option<Option<Nanos>>> {
        let next = loop {
            match self.scheduler.step(self.clock.now()) {
                Step::Invoke { thread, mut op } => {
                    self.direct(thread, &mut op);
                    self.journal.add(&op);
                    progress.op(&op);
                    self.due.push((thread, op));
                }
                Step::Log { line } => tracing::info!("{line}"),
                Step::Wait { until } => break Some(until),
                Step::Done => break None,
            }
        };
        // Written first, sent then.
        self.journal.flush()?;
        self.gauge.written(|| self.clock.now());
        for (thread, op) in self.due.drain(..) {
            let is_sent = match thread {
                Thread::Client(i) => self.carriers.send(i, op),
                Thread::Nemesis => self.nemesis.send(op).is_ok(),
            };
            anyhow::ensure!(is_sent, "a worker is gone");
        }
        Ok(next)
    }

    /// Says which node an op goes to.
    fn direct(&mut self, thread: Thread, op: &mut Op) {
        match thread {
            Thread::Client(i) => op.node = self.route.choose(i),
            Thread::Nemesis if nemesis::heals_all(op) => self.route.pin(),
            Thread::Nemesis => (),
        }
    }

    /// Waits for a completion, and takes all that came with it; at most until it is time to look
    /// again, or to see whether the user wants to stop.
    fn wait(&mut self, until: Option<Nanos>) -> Result<()> {
        let mut cx = Context::from_waker(&self.waker);
        match self.done.poll_recv_many(&mut cx, &mut self.back, BATCH) {
            Poll::Ready(0) => anyhow::bail!("all workers are gone"),
            Poll::Ready(_) => (),
            Poll::Pending => {
                let span =
                    until.map(|at| Duration::from_nanos(at.saturating_sub(self.clock.now())));
                thread::park_timeout(span.unwrap_or(LOOK_EVERY).min(LOOK_EVERY));
            }
        }
        Ok(())
    }

    /// Writes down what has come back.
    fn complete_all(&mut self, progress: &mut Progress) {
        let mut back = mem::take(&mut self.back);
        let now = self.clock.now();
        for Done { thread, op, completion, moments } in back.drain(..) {
            if let Some(thread) = thread {
                self.route.learn(thread, completion.kind);
                self.gauge.back(thread, op.due.unwrap_or(op.time), moments);
            }
            let op = self.scheduler.complete(now, &op, completion);
            self.journal.add(&op);
            progress.op(&op);
        }
        self.back = back;
    }
}

fn spawn_nemesis(
    mut nemesis: Nemesis,
    clock: Clock,
    done: UnboundedSender<Done>,
) -> UnboundedSender<Op> {
    let (sender, mut ops) = mpsc::unbounded_channel::<Op>();
    tokio::spawn(async move {
        while let Some(op) = ops.recv().await {
            let handed = clock.now();
            let completion = nemesis.invoke(&op).await;
            let moments = Moments { handed, returned: clock.now() };
            if done.send(Done { thread: None, op, completion, moments }).is_err() {
                return;
            }
        }
    });
    sender
}
