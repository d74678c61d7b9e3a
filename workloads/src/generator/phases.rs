//! One after another.
use std::collections::VecDeque;

use checkers::Op;

use super::{Context, Generator, Next, Thread, Wait};

/// One generator after another, each beginning when every thread that may ask is at rest. Updates
/// go to all of them: a later phase may learn from an earlier one what there is to read.
pub fn phases(generators: Vec<Box<dyn Generator>>) -> impl Generator + 'static {
    Phases { generators: generators.into(), has_begun: false }
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

    use crate::generator::{Context, GeneratorExt, invoke, phases, simulate::quick_history};

    #[test]
    fn a_phase_begins_when_the_one_before_is_at_rest() {
        let ops = quick_history(phases(vec![
            (|_: &mut Context| Some(invoke("a", 0))).limit(40).boxed(),
            (|_: &mut Context| Some(invoke("b", 0))).limit(40).boxed(),
        ]));
        let last_a = ops.iter().rposition(|op| &*op.f == "a").unwrap();
        let first_b = ops.iter().position(|op| &*op.f == "b").unwrap();
        assert!(last_a < first_b && ops[last_a].kind != Kind::Invoke);
        assert_eq!(ops.len(), 160);
    }
}
