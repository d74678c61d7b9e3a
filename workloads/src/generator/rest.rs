//! To do nothing, and to say so.
use checkers::{Nanos, Op};

use super::{Context, Generator, Next, Thread, Threads, Wait};

/// No op for so long after it is first asked; then exhausted. Keeps no thread busy.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, pause, sequence, sketch, value};
/// let late = sequence(vec![pause(5_000_000).boxed(), value(invoke("a", ())).boxed()]);
/// assert_eq!(sketch(2, late), "5ms 0:a");
/// ```
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

/// The thread that asks first sleeps for so long; the others go on. To whoever waits until all are
/// at rest, it is busy. It is no op: neither limits nor the history know of it.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, ops, sequence, sketch, sleep};
/// let calls = ops(["a", "b", "c", "d"].map(|f| invoke(f, ())));
/// let nap = sequence(vec![sleep(2_000_000).boxed(), calls.boxed()]);
/// assert_eq!(sketch(2, nap), "0ms 1:a; 1ms 1:b; 2ms 1:c 0:d");
/// ```
pub fn sleep(span: Nanos) -> impl Generator + 'static {
    Sleep(Some(span))
}

struct Sleep(Option<Nanos>);

impl Generator for Sleep {
    fn next(&mut self, _: &mut Context, _: Thread) -> Next {
        self.0.take().map_or(Next::Exhausted, Next::Sleep)
    }
}

/// A line for the log of the run, when it is first asked; then exhausted. It is no op.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, log, sequence, sketch, value};
/// let told = sequence(vec![log("now").boxed(), value(invoke("a", ())).boxed()]);
/// assert_eq!(sketch(1, told), r#"0ms 0:a "now""#);
/// ```
pub fn log(line: impl Into<String>) -> impl Generator + 'static {
    Log(Some(line.into()))
}

struct Log(Option<String>);

impl Generator for Log {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        if let Some(line) = self.0.take() {
            ctx.log(line);
        }
        Next::Exhausted
    }
}

/// Keeps the answers that there is nothing, for some time.
pub(super) struct Cache<G> {
    pub(super) span: Nanos,
    pub(super) kept: Vec<(Threads, Nanos)>, // For whom, and until when.
    pub(super) inner: G,
}

impl<G: Generator> Generator for Cache<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        self.kept.retain(|(_, until)| ctx.time < *until);
        let kept = self.kept.iter().find(|(whom, _)| whom.contains(thread));
        if let Some(&(whom, until)) = kept {
            return Next::Rest(Wait::never(whom).at_most(until));
        }
        let whom = match self.inner.next(ctx, thread) {
            Next::Pending(_) => Threads::one(thread),
            Next::Rest(wait) => wait.whom,
            next => return next,
        };
        let until = ctx.time + self.span.max(1);
        self.kept.push((whom, until));
        Next::Rest(Wait::never(whom).at_most(until))
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    };

    use super::*;
    use crate::generator::{
        GeneratorExt, Invocation, any, invoke, phases, sequence, simulate::quick, sketch, value,
    };

    const MS: u64 = 1_000_000;

    fn calls(f: &'static str) -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        move |_| Some(invoke(f, ()))
    }

    #[test]
    fn one_thread_sleeps_and_others_run() {
        let naps = sequence(vec![sleep(3 * MS).boxed(), calls("a").limit(5).boxed()]);
        assert_eq!(sketch(2, naps.clients()), "0ms 1:a; 1ms 1:a; 2ms 1:a; 3ms 1:a 0:a");
    }

    #[test]
    fn a_sleep_is_in_no_history() {
        let nap =
            phases(vec![sleep(MS).boxed(), value(invoke("a", ())).boxed(), sleep(MS).boxed()]);
        assert_eq!(quick(nap).len(), 1);
    }

    #[test]
    fn a_cache_asks_once_in_its_span() {
        let asked = Arc::new(AtomicU32::new(0));
        struct Slow(Arc<AtomicU32>);
        impl Generator for Slow {
            fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
                self.0.fetch_add(1, Relaxed);
                match ctx.time < 20 * MS {
                    true => Next::Rest(Wait::all(Some(ctx.time + 1))),
                    false => Next::Exhausted,
                }
            }
        }
        let slow = Slow(asked.clone()).cache(5 * MS);
        let line = sketch(1, any(vec![slow.boxed(), calls("a").limit(30).boxed()]));
        assert_eq!(line.matches(":a").count(), 30);
        assert_eq!(asked.load(Relaxed), 5, "at 0, 5, 10, 15 and 20 ms");
    }
}
