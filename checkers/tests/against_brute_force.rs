//! The search against trying every order of every choice of crashed calls, on small histories.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Call, Checker, Figure, History, Outcome, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Model, MultiRegister, Mutex, Register, Set, UnorderedQueue},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "against_brute_force/arbitrary.rs"]
mod arbitrary;
#[path = "against_brute_force/brute_force.rs"]
mod brute_force;

use arbitrary::Object;
use brute_force::{Calls, has_order};

/// The calls as they were known at a row.
fn until<M: Model>(calls: &Calls<M>, row: u32) -> Calls<M> {
    let known = calls.iter().filter(|call| call.invoked < row).cloned();
    let cut = known.map(|call| match call.outcome {
        Outcome::Ok { completed, .. } if completed > row => relaxed(call),
        _ => call,
    });
    cut.collect()
}

fn relaxed<I, O>(call: Call<I, O>) -> Call<I, O> {
    Call { outcome: Outcome::Info, ..call }
}

/// The first completion that leaves the history until then without an order.
fn first_bad<M: Model>(model: &M, calls: &Calls<M>) -> Option<u32> {
    let mut rows: Vec<u32> = calls.iter().filter_map(completion).collect();
    rows.sort_unstable();
    rows.into_iter().find(|&row| !has_order(model, &until::<M>(calls, row)))
}

fn completion<I, O>(call: &Call<I, O>) -> Option<u32> {
    match call.outcome {
        Outcome::Ok { completed, .. } => Some(completed),
        _ => None,
    }
}

/// The part that is shown has no order, and gets one when any one answer of it is ignored.
fn assert_minimal<M: Model>(model: &M, calls: &Calls<M>, verdict: &Verdict, first: u32) {
    let Figure::Ops(figure) = &verdict.anomalies[0].figure else { panic!("{verdict:?}") };
    assert_eq!(figure.culprit, first);
    let shown = calls.iter().filter(|call| figure.calls.contains(&call.invoked)).cloned();
    let optional = verdict.details["optional"].as_array().unwrap();
    let is_optional = |call: &Call<_, _>| optional.contains(&call.invoked.into());
    let part: Calls<M> =
        shown.map(|call| if is_optional(&call) { relaxed(call) } else { call }).collect();
    assert!(!has_order(model, &part), "{part:?}");
    for i in 0..part.len() {
        let mut less = part.clone();
        less[i] = relaxed(less[i].clone());
        assert!(part[i] == less[i] || has_order(model, &less), "{less:?}");
    }
    assert!(!figure.reasons.is_empty(), "{figure:?}");
}

/// Judges one history both ways; whether it has an order.
fn compare<M: Model>(model: &M, checker: &impl Checker, history: &History) -> bool {
    let calls: Calls<M> = history.calls().unwrap();
    let verdict = checker.check(history, &Budget::unlimited());
    let expected = has_order(model, &calls);
    let valid = if expected { Valid::Valid } else { Valid::Invalid };
    assert_eq!(verdict.valid, valid, "{}", checkers::notation::draw(history));
    if let Some(first) = first_bad(model, &calls) {
        assert_minimal(model, &calls, &verdict, first);
    }
    expected
}

fn fuzz<M: Model + Clone + 'static>(model: &M, object: Object, count: u64) {
    let checker = Linearizable(model.clone());
    let judge = |seed| {
        let history = arbitrary::history(object, &mut ChaCha8Rng::seed_from_u64(seed));
        compare(model, &checker, &history)
    };
    let valid = (0..count).into_par_iter().filter(|&seed| judge(seed)).count() as u64;
    let share = valid * 100 / count;
    assert!((10..=90).contains(&share), "{share} % of the histories had an order");
}

#[test]
fn registers_agree() {
    fuzz(&Register::default(), Object::Register, 100_000);
    fuzz(&Register::new(0), Object::Register, 20_000);
}

/// Ten minutes or so: run it by name.
#[test]
#[ignore = "a million histories"]
fn a_million_registers_agree() {
    fuzz(&Register::default(), Object::Register, 1_000_000);
    fuzz(&Register::default(), Object::CasRegister, 1_000_000);
}

#[test]
fn cas_registers_agree() {
    fuzz(&Register::default(), Object::CasRegister, 100_000);
    fuzz(&Register::new(0), Object::CasRegister, 20_000);
}

#[test]
fn multi_registers_agree() {
    fuzz(&MultiRegister::default(), Object::MultiRegister, 30_000);
    fuzz(&MultiRegister::from_word(Some("x=0")).unwrap(), Object::MultiRegister, 20_000);
}

#[test]
fn mutexes_agree() {
    fuzz(&Mutex::default(), Object::Mutex, 20_000);
}

#[test]
fn sets_agree() {
    fuzz(&Set::default(), Object::Set, 20_000);
}

#[test]
fn the_set_checker_convicts_no_history_that_has_an_order() {
    let mut convicted = 0;
    for seed in 0..20_000 {
        let history = arbitrary::history(Object::Set, &mut ChaCha8Rng::seed_from_u64(seed));
        let verdict = checkers::set::Set::default().check(&history, &Budget::unlimited());
        if verdict.valid == Valid::Invalid {
            convicted += 1;
            assert!(!has_order(&Set::default(), &history.calls().unwrap()), "{history:?}");
        }
    }
    assert!(convicted > 2_000, "{convicted}");
}

#[test]
fn fifo_queues_agree() {
    fuzz(&FifoQueue::default(), Object::FifoQueue, 20_000);
}

#[test]
fn unordered_queues_agree() {
    fuzz(&UnorderedQueue::default(), Object::UnorderedQueue, 20_000);
}
