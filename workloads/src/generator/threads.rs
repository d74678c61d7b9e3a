//! The combinators that choose by thread.
use std::collections::BTreeMap;

use checkers::Op;

use super::{Context, Generator, Next, Thread, Threads, Wait, context::Scope};

/// For some threads only: the others are not heard of.
pub(super) struct On<G> {
    threads: Threads,
    scope: Option<Scope>,
    is_done: bool,
    inner: G,
}

impl<G> On<G> {
    pub(super) fn new(threads: Threads, inner: G) -> On<G> {
        On { threads, scope: None, is_done: false, inner }
    }
}

impl<G: Generator> Generator for On<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        if !self.threads.contains(thread) {
            return Next::Rest(Wait::never(self.threads.outside(thread)));
        }
        let scope = self.scope.get_or_insert_with(|| ctx.scope().and(self.threads));
        let next = ctx.within(scope, |ctx| self.inner.next(ctx, thread));
        if next == Next::Exhausted {
            self.is_done = true;
            ctx.ask_again();
        }
        next.within(self.threads)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if self.threads.contains(ctx.thread(event.process)) {
            self.inner.update(ctx, event);
        }
    }
}

/// A fresh copy for every client thread that may ask; ends when all copies have ended.
pub fn each_thread<G: Generator + 'static>(
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    EachThread { make, copies: BTreeMap::new(), live: None }
}

struct EachThread<F, G> {
    make: F,
    copies: BTreeMap<u32, Option<G>>,
    live: Option<usize>,
}

impl<G: Generator, F: FnMut() -> G + Send> Generator for EachThread<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let live = self.live.get_or_insert_with(|| ctx.clients().count());
        if *live == 0 {
            return Next::Exhausted;
        }
        let Thread::Client(i) = thread else {
            return Next::Rest(Wait::never(Threads::NEMESIS));
        };
        let alone = Threads::one(thread);
        let place = self.copies.entry(i).or_insert_with(|| Some((self.make)()));
        let Some(copy) = place else { return Next::Rest(Wait::never(alone)) };
        let next = ctx.within(&mut Scope::Run(alone), |ctx| copy.next(ctx, thread));
        if next != Next::Exhausted {
            return next.within(alone);
        }
        *place = None;
        *live -= 1;
        if *live == 0 { Next::Exhausted } else { Next::Rest(Wait::never(alone)) }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Thread::Client(i) = ctx.thread(event.process)
            && let Some(Some(copy)) = self.copies.get_mut(&i)
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
