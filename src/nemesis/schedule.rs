//! When faults strike.
use std::sync::Arc;

use checkers::Nanos;
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use workloads::generator::{Context, Generator, Next, Thread, Wait, invoke, stream};

/// The function that undoes a fault: `{"fault": NAME}`, or all of them.
pub const HEAL: &str = "heal";

/// Strikes, heals, strikes: one fault at a time, each of `faults` (name and target words) as often
/// as the others. Quiet and hurt spans are uniform in `[interval / 2, interval * 3 / 2)`; the first
/// is quiet, so that the system is seen to work before anything happens to it, and nothing strikes
/// later than `interval` before `end`, so that every fault has time to hurt. Its chance is a stream
/// of its own: what clients draw meanwhile, which depends on how fast they are answered, does not
/// shift it, and the same seed gives the same faults against any system.
pub fn strike_and_heal(
    faults: Vec<(&'static str, Vec<String>)>,
    interval: Nanos,
    end: Nanos,
    seed: u64,
) -> impl Generator + 'static {
    let rng = stream(seed, "schedule");
    StrikeAndHeal { faults, interval, end, rng, bag: Vec::new(), hurt: None, at: None }
}

struct StrikeAndHeal {
    faults: Vec<(&'static str, Vec<String>)>,
    interval: Nanos,
    end: Nanos,
    rng: ChaCha8Rng,
    /// What is still to be drawn before any fault comes again.
    bag: Vec<usize>,
    hurt: Option<Arc<str>>,
    at: Option<Nanos>,
}

impl StrikeAndHeal {
    fn span(&mut self) -> Nanos {
        let half = (self.interval / 2).max(1);
        half + self.rng.random_range(0..2 * half)
    }

    fn strike(&mut self) -> Next {
        if self.bag.is_empty() {
            self.bag = (0..self.faults.len()).collect();
            self.bag.shuffle(&mut self.rng);
        }
        let Some(drawn) = self.bag.pop() else { return Next::Exhausted };
        let (name, targets) = &self.faults[drawn];
        self.hurt = Some((*name).into());
        let target: Value = targets[self.rng.random_range(0..targets.len())].clone().into();
        Next::Invoke(invoke(*name, json!({ "target": target })))
    }
}

impl Generator for StrikeAndHeal {
    fn next(&mut self, ctx: &mut Context, _: Thread) -> Next {
        if self.faults.is_empty() {
            return Next::Exhausted;
        }
        let Some(at) = self.at else {
            let at = ctx.time + self.span();
            self.at = Some(at);
            return Next::Rest(Wait::all(Some(at)));
        };
        if ctx.time < at {
            return Next::Rest(Wait::all(Some(at)));
        }
        // The next span begins when this op has completed: then this is asked again.
        self.at = None;
        match self.hurt.take() {
            Some(fault) => Next::Invoke(invoke(HEAL, json!({ "fault": &*fault }))),
            None if ctx.time + self.interval > self.end => Next::Exhausted,
            None => self.strike(),
        }
    }
}

#[cfg(test)]
mod tests {
    use checkers::{Kind, Op, Process};
    use rand::RngExt;
    use workloads::generator::{Completion, Context, GeneratorExt, Timing, any, invoke, simulate};

    const S: u64 = 1_000_000_000;

    /// What strikes, and the same while clients draw chance of their own.
    fn strikes(seed: u64, calls: u64) -> Vec<(u64, String, String)> {
        let faults =
            ["a", "b", "c"].map(|name| (name, vec!["one".to_owned(), "all".to_owned()])).to_vec();
        let generator = super::strike_and_heal(faults, 4 * S, 60 * S, seed).nemesis().boxed();
        let clients = move |ctx: &mut Context| Some(invoke("read", ctx.rng.random_range(0..9)));
        let clients = clients.clients().limit(calls).boxed();
        let generator = any(vec![clients, generator]).time_limit(60 * S);
        let ops =
            simulate(generator, Context::new(2, Vec::new(), seed), Timing::default(), |_, op| {
                Completion { kind: Kind::Ok, value: op.value.clone(), error: None }
            });
        let is_strike = |op: &&Op| op.kind == Kind::Invoke && op.process == Process::Nemesis;
        ops.iter()
            .filter(is_strike)
            .map(|op| (op.time, op.f.to_string(), op.value.to_string()))
            .collect()
    }

    #[test]
    fn every_fault_strikes_before_any_strikes_again_and_is_healed() {
        let ops = strikes(5, 0);
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
        let what = |ops: Vec<(u64, String, String)>| -> Vec<(String, String)> {
            ops.into_iter().map(|(_, f, value)| (f, value)).collect()
        };
        assert_eq!(what(strikes(9, 0)), what(strikes(9, 5_000)));
        assert_ne!(what(strikes(9, 0)), what(strikes(10, 0)));
    }
}
