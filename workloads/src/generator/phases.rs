//! One after another.
use std::collections::VecDeque;

use checkers::Op;

use super::{Context, Generator, Next, Thread, Wait, values::unfold};

/// One generator after another, with no rest between: the last ops of one may overlap the first
/// of the next. Updates go to the one that is at work.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, ops, sequence, sketch};
/// let a = ops([invoke("a", ())]);
/// let b = ops([invoke("b", ()), invoke("b", ())]);
/// assert_eq!(sketch(2, sequence(vec![a.boxed(), b.boxed()])), "0ms 0:a 1:b; 1ms 0:b");
/// ```
pub fn sequence(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    let mut generators = generators.into_iter();
    unfold(move |_| generators.next())
}

/// One generator after another, each beginning when every thread that may ask is at rest. Updates
/// go to all of them: a later phase may learn from an earlier one what there is to read.
///
/// ```
/// use workloads::generator::{GeneratorExt, invoke, ops, phases, sketch};
/// let a = ops([invoke("a", ())]);
/// let b = ops([invoke("b", ()), invoke("b", ())]);
/// assert_eq!(sketch(2, phases(vec![a.boxed(), b.boxed()])), "0ms 0:a; 1ms 1:b 0:b");
/// ```
pub fn phases(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Phases { generators: generators.into(), has_begun: false }
}

/// `first`, which begins at once, and when all are at rest, `second`.
pub(super) fn then(first: Box<dyn Generator>, second: Box<dyn Generator>) -> impl Generator {
    Phases { generators: [first, second].into(), has_begun: true }
}

struct Phases {
    generators: VecDeque<Box<dyn Generator>>,
    has_begun: bool,
}

impl Generator for Phases {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        while let Some(head) = self.generators.front_mut() {
            if !self.has_begun && !ctx.all_free() {
                return Next::Rest(Wait::all(None));
            }
            self.has_begun = true;
            match head.next(ctx, thread) {
                Next::Exhausted => {
                    self.generators.pop_front();
                    self.has_begun = false;
                    ctx.ask_again();
                }
                next => return next,
            }
        }
        Next::Exhausted
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        for generator in &mut self.generators {
            generator.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use checkers::Kind;

    use crate::generator::{
        Context, GeneratorExt, Invocation, any, invoke, ops, phases, sequence,
        simulate::quick_history, sketch, sketch_all, sleep, value,
    };

    fn call(f: &'static str) -> impl FnMut(&mut Context) -> Option<Invocation> + Send {
        move |_| Some(invoke(f, ()))
    }

    #[test]
    fn a_phase_begins_when_the_one_before_is_at_rest() {
        let ops =
            quick_history(phases(vec![call("a").limit(40).boxed(), call("b").limit(40).boxed()]));
        let last_a = ops.iter().rposition(|op| &*op.f == "a").unwrap();
        let first_b = ops.iter().position(|op| &*op.f == "b").unwrap();
        assert!(last_a < first_b && ops[last_a].kind != Kind::Invoke);
        assert_eq!(ops.len(), 160);
    }

    #[test]
    fn a_sequence_keeps_the_order_and_does_not_rest() {
        let parts = ["a", "b", "c"].map(|f| call(f).limit(3).boxed());
        let line = sketch(2, sequence(parts.into()));
        assert_eq!(line, "0ms 0:a 1:a; 1ms 0:a 1:b; 2ms 0:b 1:b; 3ms 0:c 1:c; 4ms 0:c");
    }

    #[test]
    fn what_is_synchronized_begins_at_rest_whatever_else_was_at_work() {
        let late = call("late").once().synchronize().boxed();
        let line = sketch(2, sequence(vec![call("a").limit(3).boxed(), late]));
        assert_eq!(line, "0ms 0:a 1:a; 1ms 0:a; 2ms 1:late");
    }

    #[test]
    fn then_reads_in_the_order_of_time() {
        let line = sketch(2, call("a").limit(3).then(value(invoke("b", ()))));
        assert_eq!(line, "0ms 0:a 1:a; 1ms 0:a; 2ms 1:b");
    }

    #[test]
    fn a_phase_does_not_wait_for_threads_that_are_none_of_its_own() {
        // The nemesis is busy for ever: it sleeps beyond the end of the clients' phases.
        let clients = phases(vec![call("a").once().boxed(), call("b").once().boxed()]).clients();
        let nemesis = sleep(50_000_000).nemesis();
        let line = sketch_all(1, any(vec![clients.boxed(), nemesis.boxed()]));
        assert_eq!(line, "0ms 0:a; 1ms 0:b");
    }

    #[test]
    fn a_phase_waits_for_those_who_sleep() {
        let nap = sequence(vec![sleep(5_000_000).boxed(), ops([invoke("a", ())]).boxed()]);
        let line = sketch(2, phases(vec![nap.boxed(), value(invoke("b", ())).boxed()]));
        assert_eq!(line, "0ms 1:a; 5ms 1:b");
    }

    #[test]
    fn a_phase_of_one_thread_gives_way_to_one_of_others() {
        // The clients were told that there is nothing for them, and are asked again all the same.
        let phases = phases(vec![
            call("kill").time_limit(3_000_000).nemesis().boxed(),
            call("read").limit(2).clients().boxed(),
            call("heal").once().nemesis().boxed(),
        ]);
        let line = sketch_all(1, phases);
        let kills = "0ms nemesis:kill; 1ms nemesis:kill; 2ms nemesis:kill; ";
        assert_eq!(line, kills.to_owned() + "3ms 0:read; 4ms 0:read; 5ms nemesis:heal");
    }
}
