//! The combinators that need neither time nor threads.
use checkers::{Kind, Op, Process};
use rand::RngExt;

use super::{Context, Generator, Next, Thread, earliest, is_ok};

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
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// Knows its own ops by the processes that run them.
pub(super) struct UntilOk<G> {
    pub(super) processes: Vec<Process>,
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
            self.processes.push(ctx.process(thread));
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if event.kind != Kind::Invoke
            && let Some(at) = self.processes.iter().position(|p| *p == event.process)
        {
            self.processes.swap_remove(at);
            self.is_done |= is_ok(event);
        }
        self.inner.update(ctx, event);
    }
}

/// A random one of these, each time; the exhausted ones leave.
pub fn mix(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Mix(generators)
}

struct Mix(Vec<Box<dyn Generator>>);

impl Generator for Mix {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        while !self.0.is_empty() {
            let i = ctx.rng.random_range(0..self.0.len());
            match self.0[i].next(ctx, thread) {
                Next::Exhausted => drop(self.0.swap_remove(i)),
                next => return next,
            }
        }
        Next::Exhausted
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in &mut self.0 {
            generator.update(ctx, event);
        }
    }
}

/// The first of these that has something for the thread; ends when all have ended.
pub fn any(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Any(generators)
}

struct Any(Vec<Box<dyn Generator>>);

impl Generator for Any {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let mut until = None;
        let mut is_live = false;
        for generator in &mut self.0 {
            match generator.next(ctx, thread) {
                Next::Exhausted => (),
                Next::Pending(at) => {
                    is_live = true;
                    until = earliest(until, at);
                }
                invoke => return invoke,
            }
        }
        if is_live { Next::Pending(until) } else { Next::Exhausted }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in &mut self.0 {
            generator.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::generator::{GeneratorExt, Invocation, invoke, mix, simulate::quick};

    fn numbers() -> impl FnMut(&mut super::Context) -> Option<Invocation> + Send {
        let mut n = 0;
        move |_| {
            n += 1;
            Some(invoke("write", n))
        }
    }

    #[test]
    fn a_limit_is_exact() {
        assert_eq!(quick(numbers().limit(7)).len(), 7);
    }

    #[test]
    fn a_mix_draws_from_all_and_ends_with_the_last() {
        let ops = quick(mix(vec![
            (|_: &mut super::Context| Some(invoke("a", 0))).limit(500).boxed(),
            (|_: &mut super::Context| Some(invoke("b", 0))).limit(500).boxed(),
        ]));
        assert_eq!(ops.len(), 1000);
        let early = ops[..500].iter().filter(|op| &*op.f == "a").count();
        assert!((150..350).contains(&early), "{early} of the first 500 are a");
    }
}
