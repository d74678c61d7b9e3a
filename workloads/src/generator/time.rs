//! By the clock.
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

/// Gaps of the same length.
pub(super) struct Delay<G> {
    pub(super) gap: Nanos,
    pub(super) at: Option<Nanos>,
    pub(super) inner: G,
}

impl<G: Generator> Generator for Delay<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let at = self.at.unwrap_or(ctx.time);
        if ctx.time < at {
            return Next::Rest(Wait::all(Some(at)));
        }
        let next = self.inner.next(ctx, thread);
        if matches!(next, Next::Invoke(_)) {
            self.at = Some(at + self.gap);
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// Each of these in its window of time, one window after another and round again, from the moment
/// it is first asked. What a generator knows, it keeps until its next window; nothing is invoked
/// out of its window. The windows of the exhausted ones stay empty; ends when all are exhausted.
///
/// ```
/// use workloads::generator::{GeneratorExt, cycle_times, invoke, ops, sketch};
/// let numbers = |f| ops((1..=4).map(move |i| invoke(f, i))).boxed();
/// let shifts = cycle_times(vec![(2_000_000, numbers("day")), (1_000_000, numbers("night"))]);
/// let line = "0ms 0:day=1; 1ms 0:day=2; 2ms 0:night=1; 3ms 0:day=3; 4ms 0:day=4; 5ms 0:night=2; \
///             8ms 0:night=3; 11ms 0:night=4";
/// assert_eq!(sketch(1, shifts), line);
/// ```
pub fn cycle_times(windows: Vec<(Nanos, Box<dyn Generator>)>) -> impl Generator + 'static {
    let (spans, generators) =
        windows.into_iter().map(|(span, generator)| (span, Some(generator))).unzip();
    CycleTimes { spans, generators, start: None }
}

struct CycleTimes {
    spans: Vec<Nanos>,
    generators: Vec<Option<Box<dyn Generator>>>,
    start: Option<Nanos>,
}

impl CycleTimes {
    /// Whose window it is, and when it ends.
    fn window(&self, now: Nanos, start: Nanos) -> Option<(usize, Nanos)> {
        let round: Nanos = self.spans.iter().sum();
        let mut end = now - (now - start).checked_rem(round)?;
        for (i, span) in self.spans.iter().enumerate() {
            end += span;
            if now < end {
                return Some((i, end));
            }
        }
        None
    }
}

impl Generator for CycleTimes {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let start = *self.start.get_or_insert(ctx.time);
        let Some((i, end)) = self.window(ctx.time, start) else { return Next::Exhausted };
        if let Some(generator) = &mut self.generators[i] {
            match generator.next(ctx, thread) {
                Next::Exhausted => self.generators[i] = None,
                next => return next.at_most(end),
            }
        }
        match self.generators.iter().any(Option::is_some) {
            true => Next::Rest(Wait::all(Some(end))),
            false => Next::Exhausted,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in self.generators.iter_mut().flatten() {
            generator.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{GeneratorExt, Invocation, invoke, ops, simulate::quick, sketch, value};

    const MS: u64 = 1_000_000;

    fn calls(f: &'static str) -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        move |_| Some(invoke(f, ()))
    }

    #[test]
    fn nothing_is_invoked_past_the_time_limit() {
        let ops = quick(calls("r").stagger(MS).time_limit(100 * MS));
        let last = ops.last().unwrap().time;
        assert!((90 * MS..100 * MS).contains(&last), "{last}");
    }

    #[test]
    fn stagger_keeps_its_mean_however_many_threads_there_are() {
        for threads in [1, 10, 100] {
            let calls = calls("r").clients().stagger(5 * MS).limit(10_000);
            let ops = crate::generator::simulate(
                calls,
                Context::new(threads, Vec::new(), 0),
                crate::generator::Timing { before_max: 1, after_max: 1, seed: 0 },
                |_, op| crate::generator::Completion {
                    kind: checkers::Kind::Ok,
                    value: op.value.clone(),
                    error: None,
                },
            );
            let mean = ops.last().unwrap().time / 10_000;
            assert!(mean.abs_diff(5 * MS) < MS / 4, "{mean}");
        }
    }

    #[test]
    fn a_delay_is_exact_and_catches_up() {
        let line = sketch(2, calls("a").delay(2 * MS).limit(3));
        assert_eq!(line, "0ms 0:a; 2ms 1:a; 4ms 0:a");
        // One thread cannot keep pace; what was due meanwhile follows without a gap.
        let line = sketch(1, calls("a").delay(MS / 2).limit(3));
        assert_eq!(line, "0ms 0:a; 1ms 0:a; 2ms 0:a");
        let ops = quick(calls("a").delay(MS).limit(500));
        assert!(ops.last().unwrap().time.abs_diff(499 * MS) < MS);
    }

    #[test]
    fn nothing_is_invoked_out_of_its_window() {
        let shifts = cycle_times(vec![
            (7 * MS, calls("day").boxed()),
            (3 * MS, calls("night").stagger(MS).boxed()),
        ]);
        let ops = quick(shifts.stagger(MS / 10).time_limit(100 * MS));
        assert!(ops.len() > 500);
        let start = ops[0].time;
        for op in &ops {
            let is_day = (op.time - start) % (10 * MS) < 7 * MS;
            assert_eq!(&*op.f, if is_day { "day" } else { "night" });
        }
    }

    #[test]
    fn a_window_looks_ahead_to_the_next() {
        let script = ops([invoke("a", ())]).boxed();
        let late = cycle_times(vec![(5 * MS, script), (5 * MS, value(invoke("b", ())).boxed())]);
        assert_eq!(sketch(1, late), "0ms 0:a; 5ms 0:b");
    }
}
