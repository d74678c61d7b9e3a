//! Generators out of plain values and functions.
use std::sync::{Arc, Mutex, PoisonError};

use checkers::{Nanos, Op};

use super::{Context, Generator, Invocation, Next, Thread};

/// Exactly this op, on whichever thread asks first.
///
/// ```
/// use workloads::generator::{invoke, sketch, value};
/// assert_eq!(sketch(3, value(invoke("write", 7))), "0ms 0:write=7");
/// ```
pub fn value(op: Invocation) -> impl Generator + 'static {
    ops([op])
}

/// These ops, each once and in order, on whichever threads ask.
///
/// ```
/// use workloads::generator::{invoke, ops, sketch};
/// let writes = ops((1..=3).map(|i| invoke("write", i)));
/// assert_eq!(sketch(2, writes), "0ms 0:write=1 1:write=2; 1ms 0:write=3");
/// ```
pub fn ops<I>(ops: I) -> impl Generator + 'static
where
    I: IntoIterator<Item = Invocation>,
    I::IntoIter: Send + 'static,
{
    Ops(ops.into_iter())
}

struct Ops<I>(I);

impl<I: Iterator<Item = Invocation> + Send> Generator for Ops<I> {
    fn next(&mut self, _: &mut Context, _: Thread) -> Next {
        self.0.next().map_or(Next::Exhausted, Next::Invoke)
    }
}

/// Empty generators in a row, at one moment, after which there will be nothing but empty ones.
const EMPTY_MAX: u32 = 1_000;

/// Whatever `make` makes until it is exhausted, then whatever it makes next; `None` ends it.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, ops, sketch, unfold};
/// let mut round = 0;
/// let rounds = unfold(move |_| {
///     round += 1;
///     (round <= 2).then(|| ops([invoke("write", round), invoke("read", ())]))
/// });
/// assert_eq!(sketch(1, rounds), "0ms 0:write=1; 1ms 0:read; 2ms 0:write=2; 3ms 0:read");
/// ```
pub fn unfold<G: Generator + 'static>(
    make: impl FnMut(&mut Context) -> Option<G> + Send + 'static,
) -> impl Generator + 'static {
    Unfold { make, part: None, began: 0, empty: 0 }
}

struct Unfold<F, G> {
    make: F,
    part: Option<G>,
    began: Nanos,
    empty: u32, // Parts made at that moment, since the last op.
}

impl<G: Generator, F: FnMut(&mut Context) -> Option<G> + Send> Unfold<F, G> {
    fn make(&mut self, ctx: &mut Context) {
        self.empty = if self.began == ctx.time { self.empty + 1 } else { 0 };
        self.began = ctx.time;
        self.part = (self.make)(ctx);
        if self.part.is_none() {
            self.empty = EMPTY_MAX;
        }
    }
}

impl<G: Generator, F: FnMut(&mut Context) -> Option<G> + Send> Generator for Unfold<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        loop {
            if self.part.is_none() && self.empty < EMPTY_MAX {
                self.make(ctx);
            }
            let Some(part) = &mut self.part else { return Next::Exhausted };
            let next = part.next(ctx, thread);
            if next.is_busy() {
                self.empty = 0;
            }
            if next != Next::Exhausted {
                return next;
            }
            self.part = None;
            ctx.ask_again();
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Some(part) = &mut self.part {
            part.update(ctx, event);
        }
    }
}

/// Made when it is first asked, and not before.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, lazy, ops, sketch, value};
/// let late = lazy(|ctx| ops([invoke("now", ctx.time)]));
/// assert_eq!(sketch(1, value(invoke("first", ())).then(late)), "0ms 0:first; 1ms 0:now=1000000");
/// ```
pub fn lazy<G: Generator + 'static>(
    make: impl FnOnce(&mut Context) -> G + Send + 'static,
) -> impl Generator + 'static {
    let mut make = Some(make);
    unfold(move |ctx| make.take().map(|make| make(ctx)))
}

type Delivery = Arc<Mutex<Option<Box<dyn Generator>>>>;

/// The end of a [`promise`] that keeps it. Dropped, it breaks it: then there is nothing to wait for.
pub struct Promise(Delivery);

impl Promise {
    /// From now on the other end is this. To be called in the run, by a generator or its update:
    /// the other end is asked again after an event. A second delivery replaces one not yet taken.
    pub fn deliver(&self, generator: impl Generator + 'static) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Box::new(generator));
    }
}

/// A generator that waits until something delivers what it is to be.
///
/// ```
/// use workloads::generator::{GeneratorExt, any, invoke, promise, sketch, value};
/// let (promise, promised) = promise();
/// let mut keep = Some(promise);
/// let first = move |_: &mut _| {
///     keep.take()?.deliver(value(invoke("second", ())));
///     Some(invoke("first", ()))
/// };
/// let both = any(vec![promised.boxed(), first.boxed()]);
/// assert_eq!(sketch(1, both), "0ms 0:first; 1ms 0:second");
/// ```
pub fn promise() -> (Promise, impl Generator + 'static) {
    let delivery = Delivery::default();
    (Promise(delivery.clone()), Promised { delivery, inner: None })
}

struct Promised {
    delivery: Delivery,
    inner: Option<Box<dyn Generator>>,
}

impl Generator for Promised {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.inner.is_none() {
            // Counted first: what is delivered between the two looks is not overlooked.
            let is_broken = Arc::strong_count(&self.delivery) == 1;
            self.inner = self.delivery.lock().unwrap_or_else(PoisonError::into_inner).take();
            if self.inner.is_none() && !is_broken {
                return Next::Pending(None);
            }
            ctx.ask_again();
        }
        self.inner.as_mut().map_or(Next::Exhausted, |inner| inner.next(ctx, thread))
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Some(inner) = &mut self.inner {
            inner.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::generator::{GeneratorExt, invoke, simulate::quick, sketch};

    #[test]
    fn a_value_is_exhausted_by_one_question() {
        let mut ctx = Context::new(2, Vec::new(), 0);
        let mut once = value(invoke("a", ()));
        assert_eq!(once.next(&mut ctx, Thread::Client(0)), Next::Invoke(invoke("a", ())));
        assert_eq!(once.next(&mut ctx, Thread::Client(1)), Next::Exhausted);
    }

    #[test]
    fn a_function_is_called_for_every_op() {
        let draws = |ctx: &mut Context| Some(invoke("write", ctx.rng.random_range(0..1_000_000)));
        let ops = quick(draws.limit(50));
        let distinct: std::collections::BTreeSet<_> =
            ops.iter().map(|op| op.value.to_string()).collect();
        assert!(distinct.len() > 45);
    }

    #[test]
    fn what_is_lazy_is_not_made_before_it_is_asked() {
        let mut ctx = Context::new(1, Vec::new(), 0);
        let made = Arc::new(Mutex::new(0));
        let count = made.clone();
        let mut late = lazy(move |_| {
            *count.lock().expect("a count") += 1;
            value(invoke("a", ()))
        });
        assert_eq!(*made.lock().expect("a count"), 0);
        late.next(&mut ctx, Thread::Client(0));
        late.next(&mut ctx, Thread::Client(0));
        assert_eq!(*made.lock().expect("a count"), 1);
    }

    #[test]
    fn a_broken_promise_ends() {
        let (promise, promised) = promise();
        drop(promise);
        assert_eq!(sketch(1, promised), "");
    }

    #[test]
    fn what_makes_nothing_but_empty_parts_ends() {
        assert_eq!(sketch(1, unfold(|_| Some(ops([])))), "");
    }
}
