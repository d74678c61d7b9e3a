//! Again from the start. What is to be begun more than once is given as a closure that makes it, as
//! in [`each_thread`](super::each_thread): a generator with its state is not to be copied.
use checkers::{Nanos, Op};

use super::{Context, Generator, Next, Thread};

/// One op of a fresh copy, then one of another: what a copy would do after its first op does not
/// matter. Ends when a fresh copy has nothing at all; with [`limit`](super::GeneratorExt::limit),
/// after so many ops.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, ops, repeat, sketch};
/// let firsts = repeat(|| ops([invoke("a", ()), invoke("never", ())])).limit(3);
/// assert_eq!(sketch(2, firsts), "0ms 0:a 1:a; 1ms 0:a");
/// ```
pub fn repeat<G: Generator + 'static>(
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    Repeat { make, copy: None, has_waited: false, is_done: false }
}

struct Repeat<F, G> {
    make: F,
    copy: Option<G>,
    has_waited: bool,
    is_done: bool,
}

impl<G: Generator, F: FnMut() -> G + Send> Generator for Repeat<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        let next = self.copy.get_or_insert_with(&mut self.make).next(ctx, thread);
        match next {
            _ if next.is_busy() => {
                self.copy = None;
                if std::mem::take(&mut self.has_waited) {
                    ctx.ask_again();
                }
            }
            Next::Exhausted => self.is_done = true,
            _ => self.has_waited = true,
        }
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Some(copy) = &mut self.copy {
            copy.update(ctx, event);
        }
    }
}

/// A fresh copy each time the one before is exhausted, for ever; a copy that is over at the moment
/// it is begun, with no op, ends it.
///
/// ```
/// use workloads::generator::{GeneratorExt, cycle, invoke, ops, sketch};
/// let rounds = cycle(|| ops([invoke("a", ()), invoke("b", ())])).limit(5);
/// assert_eq!(sketch(1, rounds), "0ms 0:a; 1ms 0:b; 2ms 0:a; 3ms 0:b; 4ms 0:a");
/// ```
pub fn cycle<G: Generator + 'static>(
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    cycle_n(u64::MAX, make)
}

/// As [`cycle`], but only so many copies.
///
/// ```
/// use workloads::generator::{cycle_n, invoke, ops, sketch};
/// let rounds = cycle_n(2, || ops([invoke("a", ()), invoke("b", ())]));
/// assert_eq!(sketch(1, rounds), "0ms 0:a; 1ms 0:b; 2ms 0:a; 3ms 0:b");
/// ```
pub fn cycle_n<G: Generator + 'static>(
    copies: u64,
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    Cycle { make, left: copies, copy: None, empty_at: None }
}

struct Cycle<F, G> {
    make: F,
    left: u64, // Copies to be made.
    copy: Option<G>,
    empty_at: Option<Nanos>, // When the copy was begun, while it has had nothing.
}

impl<G: Generator, F: FnMut() -> G + Send> Generator for Cycle<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        loop {
            if self.copy.is_none() {
                if self.left == 0 {
                    return Next::Exhausted;
                }
                self.left -= 1;
                self.empty_at = Some(ctx.time);
                self.copy = Some((self.make)());
            }
            match self.copy.as_mut().map_or(Next::Exhausted, |copy| copy.next(ctx, thread)) {
                Next::Exhausted => {
                    self.copy = None;
                    if self.empty_at == Some(ctx.time) {
                        self.left = 0;
                    }
                    ctx.ask_again();
                }
                next => {
                    if next.is_busy() {
                        self.empty_at = None;
                    }
                    return next;
                }
            }
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Some(copy) = &mut self.copy {
            copy.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::generator::{
        GeneratorExt, invoke, log, ops, sequence, simulate::quick, sketch, sketch_all, sleep,
    };

    #[test]
    fn a_function_repeated_gives_different_values() {
        let draw = || |ctx: &mut Context| Some(invoke("write", ctx.rng.random_range(0..1_000_000)));
        let ops = quick(repeat(draw).limit(20));
        assert_ne!(ops[0].value, ops[1].value);
        assert_eq!(ops.len(), 20);
    }

    #[test]
    fn so_many_copies_give_so_many_times_their_ops() {
        let ops = quick(cycle_n(7, || ops((0..3).map(|i| invoke("write", i)))));
        let values: Vec<_> = ops.iter().map(|op| op.value.as_u64().expect("a number")).collect();
        assert_eq!(values, [0, 1, 2].repeat(7));
    }

    #[test]
    fn an_empty_copy_ends_a_cycle() {
        assert_eq!(sketch(1, cycle(|| ops([]))), "");
        assert_eq!(sketch(1, cycle(|| log("once"))), "0ms \"once\"");
        let each = || crate::generator::each_thread(|| log("each"));
        assert_eq!(sketch(2, cycle(each)), "0ms \"each\" \"each\"");
    }

    #[test]
    fn a_script_of_faults_is_a_cycle_of_sleeps_and_ops() {
        let script = cycle(|| {
            let part = |f: &'static str| ops([invoke(f, ())]).boxed();
            sequence(vec![
                sleep(5_000_000).boxed(),
                part("start"),
                sleep(2_000_000).boxed(),
                part("stop"),
            ])
        });
        let ops = sketch_all(1, script.nemesis().limit(3));
        assert_eq!(ops, "5ms nemesis:start; 8ms nemesis:stop; 14ms nemesis:start");
    }
}
