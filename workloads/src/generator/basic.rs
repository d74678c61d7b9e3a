//! The combinators that need neither time nor threads.
use std::collections::BTreeSet;

use checkers::{Kind, Op, Process};
use rand::RngExt;

use super::{Context, Generator, Next, Thread, is_ok};

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

/// A random one of these, each time. Where it has nothing for the thread, the next one is asked:
/// one that waits holds up nobody. The exhausted ones leave.
pub fn mix(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Several { generators, first: None }
}

/// Whichever of these has something for the thread; of several that have, a random one. Ends when
/// all have ended. That is [`mix`], which holds up nobody: two names, since the field has two.
pub fn any(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    mix(generators)
}

/// Asks in turn, beginning at a random one, until one has something.
struct Several {
    generators: Vec<Box<dyn Generator>>,
    /// Drawn once an op, not once a question: how often a thread asks in vain is a matter of time.
    first: Option<usize>,
}

impl Generator for Several {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let mut answer = Next::Exhausted;
        let mut asked = 0;
        while asked < self.generators.len() {
            let count = self.generators.len();
            let first = *self.first.get_or_insert_with(|| ctx.rng.random_range(0..count));
            let i = (first + asked) % count;
            match self.generators[i].next(ctx, thread) {
                next @ (Next::Invoke(_) | Next::Sleep(_)) => {
                    self.first = None;
                    return next;
                }
                Next::Exhausted => {
                    self.generators.remove(i);
                    self.first = None;
                    asked = 0;
                    answer = Next::Exhausted;
                }
                next => {
                    answer = answer.and(next);
                    asked += 1;
                }
            }
        }
        answer
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in &mut self.generators {
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
