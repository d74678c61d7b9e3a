//! Each weaker promise against its definition, on small histories; and what follows from what.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicU64, Ordering};

use checkers::{
    Budget, Call, Checker, Figure, History, Independent, Kind, Outcome, Valid,
    linearizable::Linearizable,
    model::{FifoQueue, Model, MultiRegister, Mutex, Register, Set, UnorderedQueue},
    notation,
    weaker::{Claim, Demanded, LEVELS, Sequential, Weaker},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "weaker/arbitrary.rs"]
mod arbitrary;
#[path = "weaker/definitions.rs"]
mod definitions;

#[path = "brute_force/random_history.rs"]
mod random_history;

#[path = "against_brute_force/arbitrary.rs"]
mod objects;

use arbitrary::Shape;
use objects::Object;

/// How often each claim held.
#[derive(Default)]
struct Tally([AtomicU64; 7]);

impl Tally {
    fn count(&self, claim: usize, holds: bool) {
        self.0[claim].fetch_add(u64::from(holds), Ordering::Relaxed);
    }

    #[track_caller]
    fn assert_balanced(&self, claims: &[usize], count: u64) {
        for &claim in claims {
            let share = self.0[claim].load(Ordering::Relaxed) * 100 / count;
            assert!((10..=90).contains(&share), "claim {claim} held of {share} %");
        }
    }
}

fn judge(history: &History) -> Vec<Claim> {
    Register::default().claims(history, &Budget::unlimited())
}

#[track_caller]
fn assert_claim(claim: &Claim, holds: bool, history: &History) {
    let expected = if holds { Valid::Valid } else { Valid::Invalid };
    assert_eq!(claim.valid, expected, "{claim:?}\n{}", notation::draw(history));
}

fn random(shape: &Shape, seed: u64) -> History {
    arbitrary::history(shape, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Judges both ways, and checks that what is stronger implies what is weaker.
fn compare(history: &History, tally: &Tally) {
    let claims = judge(history);
    let calls = definitions::calls(history);
    let sequential = definitions::is_sequential(&calls);
    assert_claim(&claims[0], sequential, history);
    tally.count(0, sequential);
    let is_strange = definitions::is_from_nowhere(&calls);
    for (i, holds) in definitions::sessions(&calls).into_iter().enumerate() {
        let holds = holds && !is_strange;
        assert_claim(&claims[1 + i], holds, history);
        assert!(holds || !sequential);
        tally.count(1 + i, holds);
    }
    let two = definitions::is_atomic(history, &calls, 2, 0);
    assert_claim(&claims[5], two, history);
    tally.count(5, two);
    let delta = definitions::smallest_delta(history, &calls);
    let timeless = claims[6].valid == Valid::Unknown;
    assert!(!timeless || delta.is_some_and(|delta| delta > 0));
    if !timeless {
        assert_claim(&claims[6], delta.is_some(), history);
        let name =
            delta.map_or("Delta-atomic".into(), |d| format!("Delta-atomic with Delta = {d} ns"));
        assert_eq!(claims[6].name, name, "{history:?}");
    }
    tally.count(6, delta == Some(0));
    let checker = Independent(Linearizable(Register::default()));
    let is_linearizable = checker.check(history, &Budget::unlimited()).valid == Valid::Valid;
    assert_eq!(is_linearizable, delta == Some(0));
    assert!(!is_linearizable || (sequential && two));
    demand(history, &claims);
}

/// A level holds exactly where each of its promises does; and what is shown of a broken one breaks
/// it by itself.
fn demand(history: &History, claims: &[Claim]) {
    for level in &LEVELS[1..] {
        let of = claims.iter().filter(|claim| level.promises.contains(&&*claim.name));
        let expected = of.map(|claim| claim.valid).max().unwrap();
        let judge = |history: &History| {
            let strong = Independent(Linearizable(Register::default()));
            Demanded { level, strong, weaker: Register::default() }
                .check(history, &Budget::unlimited())
        };
        let verdict = judge(history);
        assert_eq!(verdict.valid, expected, "{}\n{}", level.name, notation::draw(history));
        for anomaly in verdict.anomalies {
            let Figure::Ops(ops) = anomaly.figure else { continue };
            let part = sub_history(history, &ops.calls);
            assert_eq!(judge(&part).valid, Valid::Invalid, "{}", notation::draw(&part));
        }
    }
}

/// The calls that were invoked at these indices.
fn sub_history(history: &History, calls: &[u32]) -> History {
    let asked = |row: u32| match history.op(row).kind {
        Kind::Invoke => row,
        _ => history.pair(row).unwrap().row,
    };
    let is_shown = |row: &u32| calls.contains(&history.op(asked(*row)).index);
    history.select(history.ops().map(|op| op.row).filter(is_shown).collect())
}

#[test]
fn claims_of_distinct_values_agree_with_brute_force() {
    let count = 30_000;
    let tally = Tally::default();
    (0..count).into_par_iter().for_each(|seed| {
        let processes = 2 + (seed % 2) as usize;
        let calls = 5 + (seed % 4) as u32;
        let shape = Shape { keys: 1, processes, calls, are_distinct: true };
        compare(&random(&shape, seed), &tally);
    });
    tally.assert_balanced(&[0, 1, 2, 5, 6], count);
}

#[test]
fn claims_of_many_keys_agree_with_brute_force() {
    let count = 10_000;
    let tally = Tally::default();
    (0..count).into_par_iter().for_each(|seed| {
        let shape = Shape { keys: 2, processes: 3, calls: 8, are_distinct: true };
        compare(&random(&shape, seed), &tally);
    });
    tally.assert_balanced(&[0, 6], count);
}

#[test]
fn sequential_consistency_agrees_with_brute_force_whatever_the_values() {
    let count = 40_000;
    let tally = Tally::default();
    (0..count).into_par_iter().for_each(|seed| {
        let keys = 1 + (seed % 2) as u32;
        let shape = Shape { keys, processes: 3, calls: 8, are_distinct: seed % 3 == 0 };
        let history = random(&shape, seed);
        let claims = Sequential(Register::default()).claims(&history, &Budget::unlimited());
        let holds = definitions::is_sequential(&definitions::calls(&history));
        assert_claim(&claims[0], holds, &history);
        tally.count(0, holds);
    });
    tally.assert_balanced(&[0], count);
}

/// Past what brute force can do: the search with and without what is forced.
#[test]
fn what_is_forced_changes_no_answer() {
    let count = 4_000;
    let tally = Tally::default();
    (0..count).into_par_iter().for_each(|seed| {
        let shape = Shape { keys: 2, processes: 4, calls: 16, are_distinct: true };
        let history = random(&shape, seed);
        let plain = Sequential(Register::default()).claims(&history, &Budget::unlimited());
        let claims = judge(&history);
        assert_eq!(plain[0].valid, claims[0].valid, "{}", notation::draw(&history));
        tally.count(0, claims[0].valid == Valid::Valid);
    });
    let held = tally.0[0].load(Ordering::Relaxed);
    assert!(held > count / 50 && held < count, "{held}");
}

/// Whether some order that keeps each process's own is legal, found by trying them all.
fn has_order<M: Model>(
    model: &M,
    state: &M::State,
    calls: &[Call<M::Input, M::Output>],
    done: &mut [bool],
) -> bool {
    let is_ok = |i: usize| matches!(calls[i].outcome, Outcome::Ok { .. });
    if (0..calls.len()).all(|i| done[i] || !is_ok(i)) {
        return true;
    }
    for i in (0..calls.len()).filter(|&i| calls[i].outcome != Outcome::Fail) {
        let must = |j: usize| !done[j] && is_ok(j) && calls[j].process == calls[i].process;
        if done[i] || (0..i).any(must) {
            continue;
        }
        let output = match &calls[i].outcome {
            Outcome::Ok { output, .. } => Some(output),
            _ => None,
        };
        let Some(next) = model.step(state, &calls[i].input, output) else { continue };
        done[i] = true;
        let found = has_order(model, &next, calls, done);
        done[i] = false;
        if found {
            return true;
        }
    }
    false
}

fn fuzz<M: Model + Clone>(model: &M, object: Object, count: u64) {
    let tally = Tally::default();
    (0..count).into_par_iter().for_each(|seed| {
        let history = objects::history(object, &mut ChaCha8Rng::seed_from_u64(seed));
        let calls: Vec<Call<M::Input, M::Output>> = history.calls().unwrap();
        let holds = has_order(model, &model.init(), &calls, &mut vec![false; calls.len()]);
        let claims = Sequential(model.clone()).claims(&history, &Budget::unlimited());
        assert_claim(&claims[0], holds, &history);
        tally.count(0, holds);
    });
    tally.assert_balanced(&[0], count);
}

#[test]
fn sequential_consistency_of_other_models_agrees_with_brute_force() {
    fuzz(&Register::default(), Object::Register, 30_000);
    fuzz(&Register::new(0), Object::CasRegister, 30_000);
    fuzz(&Mutex::default(), Object::Mutex, 10_000);
    fuzz(&MultiRegister::default(), Object::MultiRegister, 10_000);
    fuzz(&Set::default(), Object::Set, 10_000);
    fuzz(&FifoQueue::default(), Object::FifoQueue, 10_000);
    fuzz(&UnorderedQueue::default(), Object::UnorderedQueue, 10_000);
}

/// Past what brute force can do: what is stronger implies what is weaker.
#[test]
fn the_stronger_implies_the_weaker() {
    let (count, linearizable) = (10_000, AtomicU64::new(0));
    (0..count).into_par_iter().for_each(|seed| {
        let keys = 1 + (seed % 2) as u32;
        let shape = Shape { keys, processes: 4, calls: 14, are_distinct: true };
        let history = random(&shape, seed);
        let checker = Independent(Linearizable(Register::default()));
        let is_linearizable = checker.check(&history, &Budget::unlimited()).valid == Valid::Valid;
        linearizable.fetch_add(u64::from(is_linearizable), Ordering::Relaxed);
        let claims = judge(&history);
        let holds = |claim: usize| claims[claim].valid == Valid::Valid;
        let is_atomic = claims[6].name == "Delta-atomic with Delta = 0 ns";
        assert_eq!(is_linearizable, is_atomic, "{}", notation::draw(&history));
        assert!(!is_linearizable || (holds(0) && holds(5)), "{claims:?}");
        assert!(!holds(0) || (1..=4).all(holds), "{claims:?}");
    });
    let share = linearizable.into_inner() * 100 / count;
    assert!((2..=98).contains(&share), "{share} %");
}
