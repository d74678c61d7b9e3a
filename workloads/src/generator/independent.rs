//! Many independent objects, a few at a time.
use checkers::{Kind, Nanos, Op};

use super::{Context, Generator, Invocation, Next, Thread, Threads, Wait, context::Scope};

/// Crashed calls after which a key is left alone: every later check has to bear them.
const CRASHES_MAX: u32 = 16;

/// Splits the client threads that may ask into groups of `size`; each group works on one key at a time, and
/// moves to a fresh one when `make(key)` is exhausted or too many of the key's calls crashed.
/// Ends only when a key is over at the moment it is begun, with no op.
///
/// ```
/// use workloads::generator::{GeneratorExt, independent, invoke, ops, sketch};
/// let keys = independent(2, |key| ops((0..3).map(move |_| invoke("read", key))).boxed());
/// let line = "0ms 0:read=0 1:read=0 2:read=1 3:read=1; 1ms 0:read=0 1:read=2 2:read=1 3:read=3";
/// assert_eq!(sketch(4, keys.limit(8)), line);
/// ```
pub fn independent(
    size: u32,
    make: impl FnMut(u32) -> Box<dyn Generator> + Send + 'static,
) -> impl Generator + 'static {
    Independent {
        size: size.max(1),
        next_key: 0,
        make,
        groups: Vec::new(),
        of: Vec::new(),
        is_done: false,
    }
}

struct Independent<F> {
    size: u32,
    next_key: u32,
    make: F,
    groups: Vec<Group>,
    of: Vec<usize>, // By client thread: its group.
    is_done: bool,
}

struct Group {
    key: u32,
    crashes: u32,
    empty_at: Option<Nanos>, // When it was begun, while it has had nothing.
    scope: Scope,
    inner: Box<dyn Generator>,
}

impl<F: FnMut(u32) -> Box<dyn Generator> + Send> Independent<F> {
    /// Who works with whom, once it is known who may ask.
    fn share(&mut self, ctx: &Context) {
        self.of = vec![usize::MAX; ctx.concurrency as usize];
        let clients: Vec<u32> = ctx.clients().collect();
        for (g, threads) in clients.chunks(self.size as usize).enumerate() {
            threads.iter().for_each(|i| self.of[*i as usize] = g);
            let (key, inner) = self.fresh();
            let scope = Scope::of(threads.iter().copied());
            self.groups.push(Group { key, crashes: 0, empty_at: Some(ctx.time), scope, inner });
        }
    }

    fn fresh(&mut self) -> (u32, Box<dyn Generator>) {
        self.next_key += 1;
        (self.next_key - 1, (self.make)(self.next_key - 1))
    }

    /// Another key for group `g`.
    fn renew(&mut self, ctx: &Context, g: usize) {
        let (key, inner) = self.fresh();
        let group = &mut self.groups[g];
        (group.key, group.inner, group.crashes) = (key, inner, 0);
        group.empty_at = Some(ctx.time);
        ctx.ask_again();
    }

    /// What group `g` has for the thread, on this key or a fresh one.
    fn ask(&mut self, ctx: &mut Context, g: usize, thread: Thread) -> Next {
        loop {
            let group = &mut self.groups[g];
            let (run, hull) = (group.scope.run(thread), group.scope.hull());
            let ask = |ctx: &mut Context| group.inner.next(ctx, thread);
            let next = ctx.within(&mut group.scope, ask);
            if next != Next::Exhausted {
                return next.within(run, hull);
            }
            self.is_done = group.empty_at == Some(ctx.time);
            if self.is_done {
                return Next::Exhausted;
            }
            self.renew(ctx, g);
        }
    }
}

impl<F: FnMut(u32) -> Box<dyn Generator> + Send> Generator for Independent<F> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        let Thread::Client(i) = thread else {
            return Next::Rest(Wait::never(Threads::NEMESIS));
        };
        if self.of.is_empty() {
            self.share(ctx);
        }
        let g = self.of[i as usize];
        if self.groups[g].crashes >= CRASHES_MAX {
            self.renew(ctx, g);
        }
        let next = self.ask(ctx, g, thread);
        let group = &mut self.groups[g];
        if next.is_busy() {
            group.empty_at = None;
        }
        match next {
            Next::Invoke(op) => Next::Invoke(Invocation { key: Some(group.key), ..op }),
            next => next,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        let Thread::Client(i) = ctx.thread(event.process) else { return };
        let group = self.of.get(i as usize).and_then(|g| self.groups.get_mut(*g));
        let Some(group) = group.filter(|group| Some(group.key) == event.key) else { return };
        group.crashes += u32::from(event.kind == Kind::Info);
        group.inner.update(ctx, event);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::generator::{Context, GeneratorExt, independent, invoke, simulate::quick};

    #[test]
    fn groups_of_threads_work_on_keys_of_their_own() {
        let make = |_| (|_: &mut Context| Some(invoke("r", 0))).limit(20).boxed();
        let ops = quick(independent(5, make).limit(200));
        let keys: BTreeSet<_> = ops.iter().map(|op| op.key.unwrap()).collect();
        assert!((10..=11).contains(&keys.len()), "twenty calls a key, of two groups: {keys:?}");
        for op in &ops {
            let checkers::Process::Client(p) = op.process else { panic!("a client") };
            let neighbours = ops.iter().filter(|o| o.key == op.key);
            for other in neighbours {
                let checkers::Process::Client(q) = other.process else { panic!("a client") };
                assert_eq!(p / 5, q / 5, "key {:?} belongs to one group", op.key);
            }
        }
    }
}
