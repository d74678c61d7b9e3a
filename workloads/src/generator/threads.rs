//! The combinators that choose by thread.
use checkers::{Op, Process};

use super::{Context, Generator, Next, Thread};

pub(super) struct On<G> {
    pub(super) nemesis: bool,
    pub(super) is_done: bool,
    pub(super) inner: G,
}

impl<G: Generator> Generator for On<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        if self.nemesis != (thread == Thread::Nemesis) {
            return Next::Pending(None);
        }
        let next = self.inner.next(ctx, thread);
        self.is_done = next == Next::Exhausted;
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if self.nemesis == (event.process == Process::Nemesis) {
            self.inner.update(ctx, event);
        }
    }
}

/// A fresh copy for every client thread; ends when all copies have ended.
pub fn each_thread(
    make: impl FnMut() -> Box<dyn Generator> + Send + 'static,
) -> impl Generator + 'static {
    EachThread { make, copies: Vec::new() }
}

struct EachThread<F> {
    make: F,
    copies: Vec<Option<Box<dyn Generator>>>,
}

impl<F: FnMut() -> Box<dyn Generator> + Send> Generator for EachThread<F> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.copies.is_empty() {
            self.copies = (0..ctx.concurrency).map(|_| Some((self.make)())).collect();
        }
        if let Thread::Client(i) = thread
            && let Some(copy) = &mut self.copies[i as usize]
        {
            match copy.next(ctx, thread) {
                Next::Exhausted => self.copies[i as usize] = None,
                next => return next,
            }
        }
        let is_live = self.copies.iter().any(Option::is_some);
        if is_live { Next::Pending(None) } else { Next::Exhausted }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Thread::Client(i) = ctx.thread(event.process)
            && let Some(Some(copy)) = self.copies.get_mut(i as usize)
        {
            copy.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::generator::{Context, GeneratorExt, each_thread, invoke, simulate::quick};

    #[test]
    fn every_thread_gets_its_own_copy() {
        let ops = quick(each_thread(|| (|_: &mut Context| Some(invoke("r", 0))).limit(3).boxed()));
        let mut by_process = BTreeMap::new();
        for op in &ops {
            *by_process.entry(op.process).or_insert(0) += 1;
        }
        assert_eq!(by_process.into_values().collect::<Vec<_>>(), vec![3; 10]);
    }
}
