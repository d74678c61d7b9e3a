//! Other ops than those asked for.
use std::{collections::BTreeMap, sync::Arc};

use checkers::Op;

use super::{Context, Generator, Invocation, Next, Thread};

pub(super) struct Map<F, G> {
    pub(super) f: F,
    pub(super) inner: G,
}

impl<G: Generator, F: FnMut(Invocation) -> Invocation + Send> Generator for Map<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        match self.inner.next(ctx, thread) {
            Next::Invoke(op) => Next::Invoke((self.f)(op)),
            next => next,
        }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

/// Other names for functions.
pub(super) fn rename(
    names: impl IntoIterator<Item = (&'static str, &'static str)>,
) -> impl FnMut(Invocation) -> Invocation + Send + 'static {
    let names: BTreeMap<&str, Arc<str>> =
        names.into_iter().map(|(from, to)| (from, to.into())).collect();
    move |op| match names.get(&*op.f) {
        Some(name) => Invocation { f: name.clone(), ..op },
        None => op,
    }
}

/// Ops that may be dropped in a row before another question is waited for: a predicate that nothing
/// meets must not stop the world.
const DROPPED_MAX: u32 = 10_000;

/// How long to wait then.
const RESPITE: u64 = 1_000_000;

pub(super) struct Filter<F, G> {
    pub(super) is_wanted: F,
    pub(super) inner: G,
}

impl<G: Generator, F: FnMut(&Invocation) -> bool + Send> Generator for Filter<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        for _ in 0..DROPPED_MAX {
            match self.inner.next(ctx, thread) {
                Next::Invoke(op) if !(self.is_wanted)(&op) => (),
                next => return next,
            }
        }
        Next::Pending(Some(ctx.time + RESPITE))
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        self.inner.update(ctx, event);
    }
}

pub(super) struct OnUpdate<F> {
    pub(super) react: F,
    pub(super) inner: Box<dyn Generator>,
}

impl<F> Generator for OnUpdate<F>
where
    F: FnMut(&Context, &Op) -> Option<Box<dyn Generator>> + Send,
{
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        self.inner.next(ctx, thread)
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        match (self.react)(ctx, event) {
            Some(other) => {
                self.inner = other;
                ctx.ask_again();
            }
            None => self.inner.update(ctx, event),
        }
    }
}

pub(super) struct Trace<G> {
    pub(super) name: String,
    pub(super) inner: G,
}

impl<G: Generator> Generator for Trace<G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let next = self.inner.next(ctx, thread);
        ctx.log(format!("{} at {} ns: {thread:?} is told {next:?}", self.name, ctx.time));
        next
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        let Op { kind, f, value, process, .. } = event;
        ctx.log(format!("{} at {} ns: {process:?} {kind:?} {f} {value}", self.name, ctx.time));
        self.inner.update(ctx, event);
    }
}

#[cfg(test)]
mod tests {
    use checkers::Kind;

    use super::*;
    use crate::generator::{GeneratorExt, invoke, ops, pause, sequence, sketch, value};

    fn numbers(n: u64) -> impl Generator + 'static {
        ops((1..=n).map(|i| invoke("write", i)))
    }

    #[test]
    fn a_map_sees_nothing_but_ops() {
        let late = sequence(vec![pause(3_000_000).boxed(), numbers(2).boxed()]);
        let doubled = late.map(|op| {
            let twice = op.value.as_u64().expect("a number") * 2;
            Invocation { value: twice.into(), ..op }
        });
        assert_eq!(sketch(1, doubled), "3ms 0:write=2; 4ms 0:write=4");
    }

    #[test]
    fn functions_that_are_not_named_keep_their_name() {
        let both = ops([invoke("start", ()), invoke("read", ())]).f_map([("start", "kill")]);
        assert_eq!(sketch(1, both), "0ms 0:kill; 1ms 0:read");
    }

    #[test]
    fn a_filter_drops_what_is_not_wanted() {
        let even = numbers(6).filter(|op| op.value.as_u64().is_some_and(|n| n % 2 == 0));
        assert_eq!(sketch(2, even), "0ms 0:write=2 1:write=4; 1ms 0:write=6");
    }

    #[test]
    fn a_filter_that_lets_nothing_pass_does_not_stop_the_world() {
        let none = (|_: &mut Context| Some(invoke("a", ()))).filter(|_| false);
        assert_eq!(sketch(1, none.time_limit(5_000_000)), "");
    }

    #[test]
    fn one_may_react_to_the_first_ok() {
        let mut has_reacted = false;
        let reads = (|_: &mut Context| Some(invoke("read", ()))).on_update(move |_, event| {
            let is_first = event.kind == Kind::Ok && !has_reacted;
            has_reacted |= is_first;
            is_first.then(|| value(invoke("done", ())).boxed())
        });
        assert_eq!(sketch(2, reads), "0ms 0:read 1:read; 1ms 0:done");
    }

    #[test]
    fn a_trace_tells_every_answer_and_event() {
        let lines = sketch(1, value(invoke("a", 1)).trace("here"));
        assert!(lines.contains("here at 0 ns: Client(0) is told Invoke"), "{lines}");
        assert!(lines.contains("here at 1000000 ns: Client(0) Ok a 1"), "{lines}");
        assert!(lines.contains("is told Exhausted"), "{lines}");
    }
}
