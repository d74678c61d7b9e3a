//! When faults strike.
use std::sync::Arc;

use checkers::Nanos;
use rand::{RngExt, seq::SliceRandom};
use serde_json::{Value, json};
use workloads::generator::{Context, Generator, Next, Thread, invoke};

/// The function that undoes a fault: `{"fault": NAME}`, or all of them.
pub const HEAL: &str = "heal";

/// Strikes, heals, strikes: one fault at a time, each of `faults` (name and target words) as often
/// as the others. Quiet and hurt spans are uniform in `[interval / 2, interval * 3 / 2)`; the first
/// is quiet, so that the system is seen to work before anything happens to it, and nothing strikes
/// later than `interval` before `end`, so that every fault has time to hurt.
pub fn strike_and_heal(
    faults: Vec<(&'static str, Vec<String>)>,
    interval: Nanos,
    end: Nanos,
) -> impl Generator + 'static {
    StrikeAndHeal { faults, interval, end, bag: Vec::new(), hurt: None, at: None }
}

struct StrikeAndHeal {
    faults: Vec<(&'static str, Vec<String>)>,
    interval: Nanos,
    end: Nanos,
    /// What is still to be drawn before any fault comes again.
    bag: Vec<usize>,
    hurt: Option<Arc<str>>,
    at: Option<Nanos>,
}

impl StrikeAndHeal {
    fn span(&self, ctx: &mut Context) -> Nanos {
        let half = (self.interval / 2).max(1);
        half + ctx.rng.random_range(0..2 * half)
    }

    fn strike(&mut self, ctx: &mut Context) -> Next {
        if self.bag.is_empty() {
            self.bag = (0..self.faults.len()).collect();
            self.bag.shuffle(&mut ctx.rng);
        }
        let Some(drawn) = self.bag.pop() else { return Next::Exhausted };
        let (name, targets) = &self.faults[drawn];
        self.hurt = Some((*name).into());
        let target: Value = ctx.choose(targets).clone().into();
        Next::Invoke(invoke(name, json!({ "target": target })))
    }
}

impl Generator for StrikeAndHeal {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        if self.faults.is_empty() {
            return Next::Exhausted;
        }
        let Some(at) = self.at else {
            let at = ctx.time + self.span(ctx);
            self.at = Some(at);
            return Next::Pending(Some(at));
        };
        if ctx.time < at {
            return Next::Pending(Some(at));
        }
        // The next span begins when this op has completed: then this is asked again.
        self.at = None;
        match self.hurt.take() {
            Some(fault) => Next::Invoke(invoke(HEAL, json!({ "fault": &*fault }))),
            None if ctx.time + self.interval > self.end => Next::Exhausted,
            None => self.strike(ctx),
        }
    }
}

#[cfg(test)]
mod tests {
    use checkers::Kind;
    use workloads::generator::{Completion, Context, GeneratorExt, Timing, simulate};

    const S: u64 = 1_000_000_000;

    fn strikes(seed: u64) -> Vec<(u64, String, String)> {
        let faults =
            ["a", "b", "c"].map(|name| (name, vec!["one".to_owned(), "all".to_owned()])).to_vec();
        let generator = super::strike_and_heal(faults, 4 * S, 60 * S).nemesis().time_limit(60 * S);
        let ops =
            simulate(generator, Context::new(2, Vec::new(), seed), Timing::default(), |_, op| {
                Completion { kind: Kind::Ok, value: op.value.clone(), error: None }
            });
        let invoked = ops.iter().filter(|op| op.kind == Kind::Invoke);
        invoked.map(|op| (op.time, op.f.to_string(), op.value.to_string())).collect()
    }

    #[test]
    fn every_fault_strikes_before_any_strikes_again_and_is_healed() {
        let ops = strikes(5);
        assert!(ops.len() >= 10);
        assert!(ops[0].0 >= 2 * S, "the first span is quiet");
        assert!(ops.iter().step_by(2).all(|op| op.0 <= 56 * S), "none strikes too late to hurt");
        let struck: Vec<_> = ops.iter().step_by(2).map(|op| op.1.clone()).collect();
        let mut first: Vec<_> = struck[..3].to_vec();
        first.sort();
        assert_eq!(first, ["a", "b", "c"]);
        for pair in ops.chunks_exact(2) {
            assert_eq!((&*pair[1].1, pair[1].2.contains(&pair[0].1)), ("heal", true));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        assert_eq!(strikes(9), strikes(9));
        assert_ne!(strikes(9), strikes(10));
    }
}
