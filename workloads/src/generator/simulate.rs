//! Runs a generator against an imagined system, in no time at all.
use checkers::{Nanos, Op};
use rand::RngExt;

use super::{Completion, Context, Generator, Scheduler, Step, Thread, stream};

/// How long imagined calls take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The longest time from the invocation to the moment it takes effect.
    pub before_max: Nanos,
    /// The longest time from there to the completion.
    pub after_max: Nanos,
    /// Seeds the draws.
    pub seed: u64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { before_max: 5_000_000, after_max: 5_000_000, seed: 0 }
    }
}

/// Something that will happen to an op in flight.
struct Coming {
    at: Nanos,
    op: Op,
    done: Option<Completion>,
}

/// Drives `generator` to its end and returns every op, in order. Each call takes effect at one
/// moment between its invocation and its completion; `effect` is called at that moment, in order
/// of time, and says how the call ends.
///
/// # Panics
/// When the generator waits while nothing is in flight and no time was named: it would for ever.
pub fn simulate(
    generator: impl Generator + 'static,
    ctx: Context,
    timing: Timing,
    mut effect: impl FnMut(Nanos, &Op) -> Completion,
) -> Vec<Op> {
    let mut rng = stream(timing.seed, "simulate");
    let mut draw = move |max: Nanos| rng.random_range(1..=max.max(1));
    let mut scheduler = Scheduler::new(generator, ctx);
    let mut ops = Vec::new();
    let mut coming: Vec<Coming> = Vec::new();
    let mut now = 0;
    loop {
        let until = match scheduler.step(now) {
            Step::Invoke { op, thread } => {
                let wait = if thread == Thread::Nemesis { 1 } else { draw(timing.before_max) };
                coming.push(Coming { at: now + wait, op: op.clone(), done: None });
                ops.push(op);
                continue;
            }
            Step::Log { .. } => continue,
            Step::Wait { until } => until,
            Step::Done => return ops,
        };
        let next = (0..coming.len()).min_by_key(|&i| coming[i].at);
        match (until, next) {
            (Some(until), Some(i)) if until < coming[i].at => now = until,
            (Some(until), None) => now = until,
            (None, None) => panic!("the generator waits, and nothing is coming"),
            (_, Some(i)) => {
                let it = coming.swap_remove(i);
                now = it.at;
                if let Some(done) = it.done {
                    ops.push(scheduler.complete(now, &it.op, done));
                } else {
                    let done = Some(effect(now, &it.op));
                    coming.push(Coming { at: now + draw(timing.after_max), op: it.op, done });
                }
            }
        }
    }
}

/// What a generator invokes on ten threads of a system that always says yes.
#[cfg(test)]
pub(crate) fn quick(generator: impl Generator + 'static) -> Vec<Op> {
    let is_invocation = |op: &Op| op.kind == checkers::Kind::Invoke;
    quick_history(generator).into_iter().filter(is_invocation).collect()
}

/// The same, with completions.
#[cfg(test)]
pub(crate) fn quick_history(generator: impl Generator + 'static) -> Vec<Op> {
    use super::GeneratorExt;
    let timing = Timing { before_max: 1000, after_max: 1000, seed: 0 };
    let ctx = Context::new(10, Vec::new(), 0);
    simulate(generator.clients(), ctx, timing, |_, op| Completion {
        kind: checkers::Kind::Ok,
        value: op.value.clone(),
        error: None,
    })
}
