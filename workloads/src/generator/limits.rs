//! At most so many.
use std::collections::BTreeSet;

use checkers::{Kind, Op, Process};
use rand::RngExt;

use super::{Context, Generator, Next, Thread, Wait, is_ok};

pub(super) struct Limit<G> {
    pub(super) left: u64,
    pub(super) inner: G,
}

impl<G: Generator> Generator for Limit<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.left == 0 {
            return Next::Exhausted;
        }
        let next = self.inner.next(ctx, thread);
        if matches!(next, Next::Invoke(_)) {
            self.left -= 1;
            if self.left == 0 {
                ctx.ask_again();
            }
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// Draws its limit when it is asked for the first time.
pub(super) struct LimitNear<G> {
    pub(super) is_drawn: bool,
    pub(super) limit: Limit<G>,
}

impl<G: Generator> Generator for LimitNear<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if !self.is_drawn {
            self.is_drawn = true;
            let most = self.limit.left;
            self.limit.left = ctx.rng.random_range(most - most / 10..=most);
        }
        self.limit.next(ctx, thread)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.limit.update(ctx, event);
    }
}

/// Knows its own ops by the processes that run them.
pub(super) struct UntilOk<G> {
    pub(super) processes: BTreeSet<Process>,
    pub(super) is_done: bool,
    pub(super) inner: G,
}

impl<G: Generator> Generator for UntilOk<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        let next = self.inner.next(ctx, thread);
        if matches!(next, Next::Invoke(_)) {
            self.processes.insert(ctx.process(thread));
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if event.kind != Kind::Invoke && self.processes.remove(&event.process) && is_ok(event) {
            self.is_done = true;
            ctx.ask_again();
        }
        self.inner.update(ctx, event);
    }
}

pub(super) struct ConcurrencyLimit<G> {
    pub(super) most: u32,
    pub(super) inner: G,
}

impl<G: Generator> Generator for ConcurrencyLimit<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        match ctx.busy() < self.most {
            true => self.inner.next(ctx, thread),
            false => Next::Rest(Wait::all(None)),
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// Counts the processes there are when it begins, and one more for each that crashes.
pub(super) struct ProcessLimit<G> {
    pub(super) most: u32,
    pub(super) known: Option<u32>,
    pub(super) inner: G,
}

impl<G: Generator> Generator for ProcessLimit<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let known = *self.known.get_or_insert_with(|| ctx.clients().count() as u32);
        if known > self.most { Next::Exhausted } else { self.inner.next(ctx, thread) }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let (Some(known), Kind::Info, Process::Client(_)) =
            (&mut self.known, event.kind, event.process)
        {
            *known += 1;
            if *known > self.most {
                ctx.ask_again();
            }
        }
        self.inner.update(ctx, event);
    }
}

#[cfg(test)]
mod tests {
    use checkers::Kind;

    use super::*;
    use crate::generator::{
        GeneratorExt, Invocation, any, invoke, sequence, simulate::quick, simulate::quick_history,
        sketch, sketch_all, sketch_of,
    };

    fn numbers() -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        let mut n = 0;
        move |_| {
            n += 1;
            Some(invoke("write", n))
        }
    }

    #[test]
    fn a_limit_is_exact() {
        assert_eq!(quick(numbers().limit(7)).len(), 7);
        assert_eq!(sketch(3, numbers().once()), "0ms 0:write=1");
    }

    #[test]
    fn limits_that_are_drawn_are_near_what_was_asked_for_and_differ() {
        let drawn = |n: u64| -> BTreeSet<usize> {
            let parts = (0..60).map(|_| numbers().limit_near(n).boxed()).collect();
            // Each begins again from 1.
            let ops = quick(sequence(parts));
            let first = ops.iter().enumerate().filter(|(_, op)| op.value == 1).map(|(at, _)| at);
            let starts: Vec<usize> = first.chain([ops.len()]).collect();
            starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
        };
        assert_eq!(drawn(1), [1].into());
        assert_eq!(drawn(20), [18, 19, 20].into());
        let many = drawn(100);
        assert!(many.len() > 5 && many.iter().all(|n| (90..=100).contains(n)), "{many:?}");
    }

    #[test]
    fn what_comes_after_a_limit_does_not_wait_for_its_last_op() {
        let kill = (|_: &mut Context| Some(invoke("kill", ()))).nemesis().once();
        let ops = sketch_all(2, sequence(vec![kill.boxed(), numbers().clients().limit(2).boxed()]));
        assert_eq!(ops, "0ms nemesis:kill 0:write=1 1:write=2");
    }

    #[test]
    fn until_ok_takes_no_heed_of_the_ok_of_others() {
        let wanted = (|_: &mut Context| Some(invoke("wanted", ()))).until_ok();
        let other = numbers().limit(5);
        let mut failures = 0;
        let ops = sketch_of(1, any(vec![wanted.boxed(), other.boxed()]).clients(), move |op| {
            failures += u32::from(&*op.f == "wanted");
            if &*op.f == "wanted" && failures < 3 { Kind::Fail } else { Kind::Ok }
        });
        assert_eq!((ops.matches("wanted").count(), ops.matches("write").count()), (3, 5));
    }

    #[test]
    fn never_are_more_in_flight_than_the_limit() {
        let mut in_flight = 0;
        let ops = quick_history(numbers().concurrency_limit(3).limit(200));
        for op in &ops {
            in_flight += if op.kind == Kind::Invoke { 1 } else { -1 };
            assert!(in_flight <= 3);
        }
        assert_eq!(ops.len(), 400);
    }

    #[test]
    fn when_all_crash_there_are_no_more_processes_than_the_limit() {
        let ops = sketch_of(2, numbers().process_limit(5).clients(), |_| Kind::Info);
        assert_eq!(ops, "0ms 0:write=1 1:write=2; 1ms 2:write=3 3:write=4");
    }
}
