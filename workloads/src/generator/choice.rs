//! One of several.
use checkers::Op;
use rand::RngExt;

use super::{Context, Generator, Next, Thread};

/// A random one of these, each time. Where it has nothing for the thread, the next one is asked:
/// one that waits holds up nobody. The exhausted ones leave.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, mix, ops, sketch};
/// let both = mix(vec![
///     ops([invoke("a", ()), invoke("a", ())]).boxed(),
///     ops([invoke("b", ()), invoke("b", ())]).boxed(),
/// ]);
/// assert_eq!(sketch(1, both), "0ms 0:a; 1ms 0:a; 2ms 0:b; 3ms 0:b");
/// ```
pub fn mix(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Several { generators, first: None, ends_with_one: false, is_done: false }
}

/// Whichever of these has something for the thread; of several that have, a random one. Ends when
/// all have ended. That is [`mix`], which holds up nobody: two names, since the field has two.
///
/// ```
/// use workloads::generator::{GeneratorExt, any, invoke, repeat, sketch_all, value};
/// let reads = repeat(|| value(invoke("read", ()))).limit(4).clients();
/// let kill = value(invoke("kill", ())).nemesis();
/// let both = any(vec![reads.boxed(), kill.boxed()]);
/// assert_eq!(sketch_all(2, both), "0ms 0:read 1:read nemesis:kill; 1ms 0:read 1:read");
/// ```
pub fn any(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    mix(generators)
}

/// As [`any`], but ends as soon as one of them is found to have ended.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, pause, repeat, shortest_any, sketch_all, value};
/// let reads = repeat(|| value(invoke("read", ()))).clients();
/// let script = pause(2_000_000).nemesis();
/// let both = shortest_any(vec![reads.boxed(), script.boxed()]);
/// assert_eq!(sketch_all(1, both), "0ms 0:read; 1ms 0:read");
/// ```
pub fn shortest_any(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Several { generators, first: None, ends_with_one: true, is_done: false }
}

/// Asks in turn, beginning at a random one, until one has something.
struct Several {
    generators: Vec<Box<dyn Generator>>,
    /// Drawn once an op, not once a question: how often a thread asks in vain is a matter of time.
    first: Option<usize>,
    ends_with_one: bool,
    is_done: bool,
}

impl Generator for Several {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let mut answer = Next::Exhausted;
        let mut asked = 0;
        while asked < self.generators.len() && !self.is_done {
            let count = self.generators.len();
            let first = *self.first.get_or_insert_with(|| ctx.rng.random_range(0..count));
            let i = (first + asked) % count;
            match self.generators[i].next(ctx, thread) {
                next if next.is_busy() => {
                    self.first = None;
                    return next;
                }
                Next::Exhausted => {
                    self.is_done = self.ends_with_one;
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
        if self.is_done { Next::Exhausted } else { answer }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in &mut self.generators {
            generator.update(ctx, event);
        }
    }
}

/// One op of `a`, one of `b`, one of `a`: each waits for its turn. Ends when either ends.
///
/// ```
/// use workloads::generator::{flip_flop, invoke, ops, repeat, sketch, value};
/// let toggle = flip_flop(
///     repeat(|| value(invoke("start", ()))),
///     ops([invoke("stop", 1), invoke("stop", 2)]),
/// );
/// let lines = "0ms 0:start; 1ms 0:stop=1; 2ms 0:start; 3ms 0:stop=2; 4ms 0:start";
/// assert_eq!(sketch(1, toggle), lines);
/// ```
pub fn flip_flop(
    a: impl Generator + 'static,
    b: impl Generator + 'static,
) -> impl Generator + 'static {
    FlipFlop { pair: [Box::new(a), Box::new(b)], turn: 0, has_waited: false, is_done: false }
}

struct FlipFlop {
    pair: [Box<dyn Generator>; 2],
    turn: usize,
    has_waited: bool,
    is_done: bool,
}

impl Generator for FlipFlop {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        if self.is_done {
            return Next::Exhausted;
        }
        let next = self.pair[self.turn].next(ctx, thread);
        match next {
            _ if next.is_busy() => {
                self.turn = 1 - self.turn;
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
        for generator in &mut self.pair {
            generator.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{
        GeneratorExt, Invocation, invoke, ops, pause, promise, simulate::quick, sketch, sketch_all,
        value,
    };

    fn calls(f: &'static str) -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        move |_| Some(invoke(f, ()))
    }

    #[test]
    fn a_mix_draws_from_all_and_ends_with_the_last() {
        let ops = quick(mix(vec![calls("a").limit(500).boxed(), calls("b").limit(500).boxed()]));
        assert_eq!(ops.len(), 1000);
        let early = ops[..500].iter().filter(|op| &*op.f == "a").count();
        assert!((210..290).contains(&early), "{early} of the first 500 are a");
    }

    #[test]
    fn one_that_waits_does_not_hold_up_a_mix() {
        let slow = sequence_after_a_pause();
        let ops = sketch(1, mix(vec![slow, calls("b").limit(3).boxed()]));
        assert_eq!(ops, "0ms 0:b; 1ms 0:b; 2ms 0:b; 5ms 0:late");
    }

    fn sequence_after_a_pause() -> Box<dyn Generator> {
        let late = value(invoke("late", ())).boxed();
        crate::generator::sequence(vec![pause(5_000_000).boxed(), late]).boxed()
    }

    #[test]
    fn of_any_none_starves() {
        let ops = quick(
            any((0..5).map(|i| calls(["a", "b", "c", "d", "e"][i]).boxed()).collect())
                .limit(10_000),
        );
        for f in ["a", "b", "c", "d", "e"] {
            let share = ops.iter().filter(|op| &*op.f == f).count();
            assert!((1_800..2_200).contains(&share), "{share} of 10,000 are {f}");
        }
    }

    #[test]
    fn the_workload_stops_with_the_script_of_the_nemesis() {
        let script = ops([invoke("start", ()), invoke("stop", ())]).stagger(0).nemesis();
        let calls = calls("read").clients();
        let line = sketch_all(1, shortest_any(vec![calls.boxed(), script.boxed()]));
        assert_eq!(line, "0ms 0:read nemesis:start; 1ms 0:read nemesis:stop; 2ms 0:read");
    }

    #[test]
    fn a_flip_waits_for_its_turn_on_whatever_thread() {
        // Clients were told that there is nothing for them, and there is when the nemesis is done.
        let strikes = calls("kill").limit(2).nemesis();
        let ops = sketch_all(1, flip_flop(strikes, calls("read").clients()));
        assert_eq!(ops, "0ms nemesis:kill 0:read; 1ms nemesis:kill 0:read");
    }

    #[test]
    fn a_promise_in_a_flip_flop_holds_up_both() {
        let (promise, promised) = promise();
        let ops = sketch(1, flip_flop(calls("a"), promised));
        drop(promise);
        assert_eq!(ops, "0ms 0:a; stuck");
    }
}
