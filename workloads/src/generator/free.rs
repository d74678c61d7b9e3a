//! The free threads, and which of them are worth asking.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checkers::Nanos;

use super::{Thread, Threads, Wait};

/// Free threads queue by the run that their last wait was for, the longest free first. When one of
/// a queue is told that there is nothing for any of its run, the queue is closed until the time, or
/// the event, that was named: it costs one question an event, however many stand in it.
pub(super) struct Free {
    queues: Vec<Queue>,
    ids: BTreeMap<Threads, usize>,
    home: Vec<usize>,                // By slot: the queue a thread goes to.
    open: BTreeSet<(u64, usize)>,    // Queues worth asking, by how long their first thread is free.
    timed: BTreeSet<(Nanos, usize)>, // Closed queues, by when they open.
    listed: Vec<usize>,              // Queues that an event may open; some may be open already.
    since: u64,                      // Counts the threads that became free.
}

struct Queue {
    threads: VecDeque<Turn>,
    closed: Option<Wait>,
    is_listed: bool,
}

/// A free thread, out of its queue to be asked.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    since: u64,
    pub(super) thread: Thread,
}

impl Free {
    /// All threads are free, and none was asked yet.
    pub(super) fn new(concurrency: u32) -> Free {
        let home = vec![0; concurrency as usize + 1];
        let (queues, ids) = (Vec::new(), BTreeMap::new());
        let (open, timed, listed) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut free = Free { queues, ids, home, open, timed, listed, since: 0 };
        free.queue_of(Threads::ALL);
        (0..concurrency).map(Thread::Client).chain([Thread::Nemesis]).for_each(|t| free.push(t));
        free
    }

    /// A thread became free.
    pub(super) fn push(&mut self, thread: Thread) {
        self.since += 1;
        let q = self.home[self.slot(thread)];
        let queue = &mut self.queues[q];
        queue.threads.push_back(Turn { since: self.since, thread });
        if queue.threads.len() == 1 && queue.closed.is_none() {
            self.open.insert((self.since, q));
        }
    }

    /// The longest free of all threads worth asking.
    pub(super) fn take(&mut self) -> Option<Turn> {
        let (_, q) = self.open.pop_first()?;
        let turn = self.queues[q].threads.pop_front();
        self.list_open(q);
        turn
    }

    /// There was nothing for the one whose turn it was, nor for the others the wait is for.
    pub(super) fn park(&mut self, turn: Turn, wait: Wait) {
        let whom = wait.whom;
        let whom = if whom.contains(turn.thread) { whom } else { Threads::one(turn.thread) };
        let q = self.queue_of(whom);
        let slot = self.slot(turn.thread);
        self.home[slot] = q;
        self.close(q, wait);
        let threads = &mut self.queues[q].threads;
        let at = threads.partition_point(|other| other.since < turn.since);
        threads.insert(at, turn);
    }

    /// Something happened on this thread.
    pub(super) fn hear(&mut self, thread: Thread) {
        let mut i = 0;
        while i < self.listed.len() {
            let q = self.listed[i];
            match self.queues[q].closed {
                Some(wait) if !wait.whose.contains(thread) => i += 1,
                _ => {
                    self.listed.swap_remove(i);
                    self.queues[q].is_listed = false;
                    self.reopen(q);
                }
            }
        }
    }

    /// It is this time now.
    pub(super) fn wake(&mut self, now: Nanos) {
        while let Some(&(until, q)) = self.timed.first()
            && until <= now
        {
            self.reopen(q);
        }
    }

    /// Whatever was said, ask again.
    pub(super) fn reopen_all(&mut self) {
        (0..self.queues.len()).for_each(|q| self.reopen(q));
    }

    /// When the first of the closed queues opens.
    pub(super) fn until(&self) -> Option<Nanos> {
        self.timed.first().map(|&(until, _)| until)
    }

    fn close(&mut self, q: usize, wait: Wait) {
        self.reopen(q);
        let queue = &mut self.queues[q];
        if let Some(first) = queue.threads.front() {
            self.open.remove(&(first.since, q));
        }
        queue.closed = Some(wait);
        // A thread that waits for its own ops alone waits for the time: it is free, and has none.
        let is_deaf = wait.whose.is_empty() || wait.whom == wait.whose && wait.whom.is_one();
        if !is_deaf && !queue.is_listed {
            queue.is_listed = true;
            self.listed.push(q);
        }
        self.timed.extend(wait.until.map(|until| (until, q)));
    }

    fn reopen(&mut self, q: usize) {
        if let Some(wait) = self.queues[q].closed.take() {
            if let Some(until) = wait.until {
                self.timed.remove(&(until, q));
            }
            self.list_open(q);
        }
    }

    fn list_open(&mut self, q: usize) {
        if let Some(first) = self.queues[q].threads.front() {
            self.open.insert((first.since, q));
        }
    }

    fn queue_of(&mut self, threads: Threads) -> usize {
        let next = self.queues.len();
        let q = *self.ids.entry(threads).or_insert(next);
        if q == next {
            let threads = VecDeque::new();
            self.queues.push(Queue { threads, closed: None, is_listed: false });
        }
        q
    }

    fn slot(&self, thread: Thread) -> usize {
        match thread {
            Thread::Client(i) => i as usize,
            Thread::Nemesis => self.home.len() - 1,
        }
    }
}
