//! One task for the clients of many threads, so that a batch of ops costs one wake-up and not one
//! each. Every client is polled by itself: one that waits holds up nobody.
use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use checkers::Op;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use workloads::generator::Completion;

use super::{
    gauge::Moments,
    worker::{Clock, Worker},
};

/// An op that is back.
pub(super) struct Done {
    /// The thread that did it; none of the nemesis's.
    pub(super) thread: Option<u32>,
    /// The invocation.
    pub(super) op: Op,
    /// How it ended.
    pub(super) completion: Completion,
    /// When.
    pub(super) moments: Moments,
}

/// The ways to the clients: thread `i` belongs to carrier `i mod len`.
pub(super) struct Carriers(Vec<UnboundedSender<(u32, Op)>>);

/// So many ops are taken at a time.
const BATCH: usize = 256;

impl Carriers {
    /// Starts a task for each processor. What is done goes to `done`.
    pub(super) fn start(
        workers: Vec<Worker>,
        clock: Clock,
        done: &UnboundedSender<Done>,
    ) -> Carriers {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let count = processors.min(workers.len()).max(1);
        let mut shares: Vec<Vec<Option<Box<Worker>>>> = (0..count).map(|_| Vec::new()).collect();
        for (thread, worker) in workers.into_iter().enumerate() {
            shares[thread % count].push(Some(Box::new(worker)));
        }
        let start = |workers| {
            let (sender, ops) = unbounded_channel();
            tokio::spawn(carry(workers, count, ops, done.clone(), clock));
            sender
        };
        Carriers(shares.into_iter().map(start).collect())
    }

    /// Hands an op to its thread. False where nobody is there any more.
    pub(super) fn send(&self, thread: u32, op: Op) -> bool {
        self.0[thread as usize % self.0.len()].send((thread, op)).is_ok()
    }
}

/// Carries ops to these workers, one of `count` shares, until the driver is gone.
async fn carry(
    mut workers: Vec<Option<Box<Worker>>>,
    count: usize,
    mut ops: UnboundedReceiver<(u32, Op)>,
    done: UnboundedSender<Done>,
    clock: Clock,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut busy = FuturesUnordered::new();
    let carry = |cx: &mut Context<'_>| loop {
        let taken = ops.poll_recv_many(cx, &mut batch, BATCH);
        if let Poll::Ready(0) = taken {
            return Poll::Ready(());
        }
        for (thread, op) in batch.drain(..) {
            // A thread is asked for one op at a time.
            if let Some(worker) = workers[thread as usize / count].take() {
                busy.push(worker.perform(thread, op, clock));
            }
        }
        while let Poll::Ready(Some((worker, back))) = busy.poll_next_unpin(cx) {
            workers[back.thread.unwrap_or_default() as usize / count] = Some(worker);
            if done.send(back).is_err() {
                return Poll::Ready(());
            }
        }
        if taken.is_pending() {
            return Poll::Pending;
        }
    };
    poll_fn(carry).await;
}
