//! Arrivals: ops are due at times that do not depend on how the system fares.
//!
//! In a *closed* loop a thread asks when its last call has ended, so a system that stalls is asked
//! less while it does, and the calls that would have suffered are never made: *coordinated
//! omission*. Here each op is due at a time of its own; where every thread is busy then, it starts
//! late, and its `due` says when it should have.
use checkers::{Nanos, Op};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Context, Generator, Next, Thread, Wait};

/// The gaps between arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Exponential gaps: those of many users who know nothing of each other.
    #[default]
    Poisson,
    /// Equal gaps.
    Fixed,
}

impl Arrivals {
    fn gap(self, mean: Nanos, rng: &mut impl Rng) -> Nanos {
        match self {
            Arrivals::Fixed => mean,
            // By inversion: -ln(1 - u) is exponential where u is uniform.
            Arrivals::Poisson => {
                (-(1.0 - rng.random_range(0.0..1.0_f64)).ln() * mean as f64) as Nanos
            }
        }
    }
}

pub(super) struct OpenLoop<G> {
    pub(super) arrivals: Arrivals,
    pub(super) mean: Nanos,
    /// When the next op is due.
    pub(super) due: Option<Nanos>,
    pub(super) inner: G,
}

impl<G: Generator> Generator for OpenLoop<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let due = *self.due.get_or_insert(ctx.time);
        if ctx.time < due {
            return Next::Rest(Wait::all(Some(due)));
        }
        match self.inner.next(ctx, thread) {
            Next::Invoke(invocation) => {
                self.due = Some(due + self.arrivals.gap(self.mean, &mut ctx.rng));
                Next::Invoke(super::Invocation { due: Some(due), ..invocation })
            }
            next => next,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrivals, Context};
    use crate::generator::{GeneratorExt, invoke, simulate::quick_history};

    const US: u64 = 1_000;

    /// When each of so many ops was due and when it began, on ten threads whose calls take 1
    /// microsecond on average.
    fn starts(arrivals: Arrivals, mean: u64, count: u64) -> Vec<(u64, u64)> {
        let reads = |_: &mut Context| Some(invoke("read", ()));
        let ops = quick_history(reads.open_loop(arrivals, mean).limit(count));
        let begun = ops.iter().filter(|op| op.kind == checkers::Kind::Invoke);
        begun.map(|op| (op.due.unwrap_or(op.time), op.time)).collect()
    }

    #[test]
    fn fixed_arrivals_are_due_at_equal_gaps_and_begin_then() {
        let expected: Vec<_> = (0..500).map(|i| (i * 10 * US, i * 10 * US)).collect();
        assert_eq!(starts(Arrivals::Fixed, 10 * US, 500), expected);
    }

    #[test]
    fn poisson_arrivals_keep_their_mean_and_spread() {
        let due: Vec<u64> =
            starts(Arrivals::Poisson, 10 * US, 20_000).iter().map(|s| s.0).collect();
        let gaps: Vec<f64> = due.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e4).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let long = gaps.iter().filter(|gap| **gap > 1.0).count() as f64 / gaps.len() as f64;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
        assert!((long - 0.368).abs() < 0.02, "1/e of them are longer than the mean: {long}");
    }

    #[test]
    fn a_system_that_is_too_slow_is_not_asked_less() {
        // Ten threads manage ten calls a microsecond; a hundred are due.
        let starts = starts(Arrivals::Fixed, 10, 1_000);
        assert!(starts.iter().all(|(due, begun)| due <= begun));
        let (due, begun) = starts[999];
        assert_eq!(due, 9_990);
        assert!(begun > 50 * US, "the last begins as late as the system makes it: {begun}");
    }

    #[test]
    fn the_same_seed_gives_the_same_arrivals() {
        let draw = || starts(Arrivals::Poisson, 10 * US, 100);
        assert_eq!(draw(), draw());
    }
}
