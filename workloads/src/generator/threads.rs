//! For some of the threads.
use checkers::Op;

use super::{Context, Generator, GeneratorExt, Next, Thread, Threads, Wait, context::Scope};

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
        self.is_done = next == Next::Exhausted;
        next.within(self.threads, self.threads)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if self.threads.contains(ctx.thread(event.process)) {
            self.inner.update(ctx, event);
        }
    }
}

/// For the threads that meet a predicate: the others are not heard of.
pub(super) struct OnThreads<P, G> {
    pub(super) is_in: P,
    /// Those that meet it, and those that do not: known when it is first asked.
    pub(super) split: Option<[Scope; 2]>,
    pub(super) is_done: bool,
    pub(super) inner: G,
}

impl<G: Generator, P: Fn(Thread) -> bool + Send> Generator for OnThreads<P, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        let is_in = &self.is_in;
        let split = || [true, false].map(|wanted| ctx.scope_where(|t| is_in(t) == wanted));
        let [scope, others] = self.split.get_or_insert_with(split);
        if !(self.is_in)(thread) {
            return Next::Rest(Wait::never(others.run(thread)));
        }
        let (run, hull) = (scope.run(thread), scope.hull());
        let next = ctx.within(scope, |ctx| self.inner.next(ctx, thread));
        self.is_done = next == Next::Exhausted;
        next.within(run, hull)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if (self.is_in)(ctx.thread(event.process)) {
            self.inner.update(ctx, event);
        }
    }
}

/// So many client threads for each of these, in order; the others, and the nemesis, for the
/// `rest`. Counts the threads that may ask: inside another `reserve`, those that were reserved for
/// it. Ends when all have ended.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, repeat, reserve, sketch, value};
/// let calls = |f| repeat(move || value(invoke(f, ()))).limit(2).boxed();
/// let split = reserve(vec![(1, calls("write")), (2, calls("cas"))], calls("read").clients());
/// let line = "0ms 0:write 1:cas 2:cas 3:read; 1ms 0:write 3:read";
/// assert_eq!(sketch(4, split), line);
/// ```
pub fn reserve(
    parts: Vec<(u32, Box<dyn Generator>)>,
    rest: impl Generator + 'static,
) -> impl Generator + 'static {
    let (counts, mut parts): (Vec<u32>, Vec<_>) =
        parts.into_iter().map(|(count, part)| (count, Some(part))).unzip();
    parts.push(Some(rest.boxed()));
    Reserve { counts, parts, scopes: Vec::new(), of: Vec::new() }
}

struct Reserve {
    counts: Vec<u32>,
    parts: Vec<Option<Box<dyn Generator>>>, // The rest last.
    scopes: Vec<Scope>,
    of: Vec<usize>, // By client thread: its part.
}

impl Reserve {
    /// Whose thread is whose, once it is known who may ask.
    fn share(&mut self, ctx: &Context) {
        let rest = self.counts.len();
        self.of = vec![rest; ctx.concurrency as usize];
        let mut clients = ctx.clients();
        for (part, count) in self.counts.iter().enumerate() {
            clients.by_ref().take(*count as usize).for_each(|i| self.of[i as usize] = part);
        }
        self.scopes = (0..=rest).map(|p| ctx.scope_where(|t| self.part(t) == p)).collect();
    }

    fn part(&self, thread: Thread) -> usize {
        match thread {
            Thread::Client(i) => self.of[i as usize],
            Thread::Nemesis => self.counts.len(),
        }
    }
}

impl Generator for Reserve {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.scopes.is_empty() {
            self.share(ctx);
        }
        let p = self.part(thread);
        let scope = &mut self.scopes[p];
        let (run, hull) = (scope.run(thread), scope.hull());
        if let Some(part) = &mut self.parts[p] {
            match ctx.within(scope, |ctx| part.next(ctx, thread)) {
                Next::Exhausted => self.parts[p] = None,
                next => return next.within(run, hull),
            }
        }
        match self.parts.iter().any(Option::is_some) {
            true => Next::Rest(Wait::never(run)),
            false => Next::Exhausted,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        let only = (!self.scopes.is_empty()).then(|| self.part(ctx.thread(event.process)));
        for (p, part) in self.parts.iter_mut().enumerate() {
            if let Some(part) = part
                && only.is_none_or(|only| only == p)
            {
                part.update(ctx, event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use checkers::Process;

    use super::*;
    use crate::generator::{Invocation, any, invoke, promise, simulate::quick, sketch, sketch_all};

    fn call(f: &'static str) -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        move |_| Some(invoke(f, ()))
    }

    /// Who invoked what.
    fn callers(ops: &[Op]) -> BTreeMap<&str, Vec<u32>> {
        let mut callers: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for op in ops {
            let Process::Client(p) = op.process else { panic!("a client") };
            callers.entry(&*op.f).or_default().push(p);
        }
        for who in callers.values_mut() {
            who.sort_unstable();
            who.dedup();
        }
        callers
    }

    #[test]
    fn clients_and_the_nemesis_keep_to_their_own() {
        let both = any(vec![
            call("read").clients().limit(4).boxed(),
            call("kill").nemesis().limit(2).boxed(),
        ]);
        let line = sketch_all(2, both);
        assert_eq!(line, "0ms 0:read 1:read nemesis:kill; 1ms 0:read 1:read nemesis:kill");
    }

    #[test]
    fn only_threads_that_meet_the_predicate_invoke() {
        let is_even = |thread| matches!(thread, Thread::Client(i) if i % 2 == 0);
        let ops = quick(call("a").on_threads(is_even).limit(100));
        assert_eq!(callers(&ops), BTreeMap::from([("a", vec![0, 2, 4, 6, 8])]));
    }

    #[test]
    fn blocked_writers_never_stop_readers() {
        let (promise, writes) = promise();
        let split = reserve(vec![(2, writes.boxed())], call("read").limit(4).clients());
        let line = sketch(4, split.time_limit(9_000_000));
        drop(promise);
        assert_eq!(line, "0ms 2:read 3:read; 1ms 2:read 3:read");
    }

    #[test]
    fn a_nested_reserve_counts_the_threads_reserved_for_it() {
        let inner = reserve(vec![(2, call("b").boxed())], call("c"));
        let outer = reserve(vec![(3, call("a").boxed())], inner);
        let ops = quick(outer.limit(1_000));
        let expected = [("a", vec![0, 1, 2]), ("b", vec![3, 4]), ("c", vec![5, 6, 7, 8, 9])];
        assert_eq!(callers(&ops), BTreeMap::from(expected));
    }

    #[test]
    fn a_reserve_of_more_threads_than_there_are_leaves_none_for_the_rest() {
        let split = reserve(vec![(9, call("a").limit(2).boxed())], call("b").clients());
        assert_eq!(sketch_all(2, split.limit(2)), "0ms 0:a 1:a");
    }
}
