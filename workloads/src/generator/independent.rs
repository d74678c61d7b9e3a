//! Many independent objects, a few at a time.
use checkers::{Kind, Op};

use super::{Context, Generator, Next, Thread, Threads, Wait, context::Scope};

/// Crashed calls after which a key is left alone: every later check has to bear them.
const CRASHES_MAX: u32 = 16;

/// Splits the client threads into groups of `size`; each group works on one key at a time, and
/// moves to a fresh one when `make(key)` is exhausted or too many of the key's calls crashed.
/// Never ends by itself.
pub fn independent(
    size: u32,
    make: impl FnMut(u32) -> Box<dyn Generator> + Send + 'static,
) -> impl Generator + 'static {
    Independent { size: size.max(1), next_key: 0, make, groups: Vec::new() }
}

struct Independent<F> {
    size: u32,
    next_key: u32,
    make: F,
    groups: Vec<Group>,
}

struct Group {
    key: u32,
    crashes: u32,
    inner: Box<dyn Generator>,
}

impl<F: FnMut(u32) -> Box<dyn Generator> + Send> Independent<F> {
    fn fresh(&mut self) -> Group {
        let key = self.next_key;
        self.next_key += 1;
        Group { key, crashes: 0, inner: (self.make)(key) }
    }
}

impl<F: FnMut(u32) -> Box<dyn Generator> + Send> Generator for Independent<F> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let Thread::Client(i) = thread else {
            return Next::Rest(Wait::never(Threads::NEMESIS));
        };
        while self.groups.len() < ctx.concurrency.div_ceil(self.size) as usize {
            let group = self.fresh();
            self.groups.push(group);
        }
        let g = (i / self.size) as usize;
        if self.groups[g].crashes >= CRASHES_MAX {
            self.groups[g] = self.fresh();
            ctx.ask_again();
        }
        let group = Threads::clients(i - i % self.size, i - i % self.size + self.size);
        let mut scope = Scope::Run(group);
        let mut next = ctx.within(&mut scope, |ctx| self.groups[g].inner.next(ctx, thread));
        if next == Next::Exhausted {
            self.groups[g] = self.fresh();
            ctx.ask_again();
            next = ctx.within(&mut scope, |ctx| self.groups[g].inner.next(ctx, thread));
        }
        match next.within(group, group) {
            Next::Invoke(it) => {
                Next::Invoke(super::Invocation { key: Some(self.groups[g].key), ..it })
            }
            next => next,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        let Thread::Client(i) = ctx.thread(event.process) else { return };
        let group = self.groups.get_mut((i / self.size) as usize);
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
