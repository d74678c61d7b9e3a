//! The combinators that know the time.
use checkers::{Nanos, Op};
use rand::RngExt;

use super::{Context, Generator, Next, Thread, Wait};

pub(super) struct TimeLimit<G> {
    pub(super) span: Nanos,
    pub(super) until: Option<Nanos>,
    pub(super) inner: G,
}

impl<G: Generator> Generator for TimeLimit<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let until = *self.until.get_or_insert(ctx.time + self.span);
        if until <= ctx.time || ctx.is_interrupted {
            return Next::Exhausted;
        }
        self.inner.next(ctx, thread).at_most(until)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

pub(super) struct Stagger<G> {
    pub(super) mean: Nanos,
    pub(super) at: Nanos,
    pub(super) inner: G,
}

impl<G: Generator> Generator for Stagger<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if ctx.time < self.at {
            return Next::Rest(Wait::all(Some(self.at)));
        }
        let next = self.inner.next(ctx, thread);
        if matches!(next, Next::Invoke(_)) {
            let gap = ctx.rng.random_range(0..(2 * self.mean).max(1));
            // From the time it was due, unless that is long past: a late timer costs no rate.
            self.at = (self.at + gap).max(ctx.time.saturating_sub(self.mean));
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// No op for so long after it is first asked; then exhausted.
pub fn pause(span: Nanos) -> impl Generator + 'static {
    Pause { span, until: None }
}

struct Pause {
    span: Nanos,
    until: Option<Nanos>,
}

impl Generator for Pause {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        let until = *self.until.get_or_insert(ctx.time + self.span);
        if ctx.time < until { Next::Rest(Wait::all(Some(until))) } else { Next::Exhausted }
    }
}

#[cfg(test)]
mod tests {
    use crate::generator::{Context, GeneratorExt, invoke, simulate::quick};

    const MS: u64 = 1_000_000;

    #[test]
    fn nothing_is_invoked_past_the_time_limit() {
        let ops = quick((|_: &mut Context| Some(invoke("r", 0))).stagger(MS).time_limit(100 * MS));
        let last = ops.last().unwrap().time;
        assert!((90 * MS..100 * MS).contains(&last), "{last}");
    }

    #[test]
    fn stagger_keeps_its_mean() {
        let ops = quick((|_: &mut Context| Some(invoke("r", 0))).stagger(MS).limit(10_000));
        let mean = ops.last().unwrap().time / ops.len() as u64;
        assert!(mean.abs_diff(MS) < MS / 20, "{mean}");
    }
}
