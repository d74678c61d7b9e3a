//! The search against trying every order of every choice of crashed calls, on small histories.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Checker, Valid,
    model::{FifoQueue, Model, MultiRegister, Mutex, Register, Set, UnorderedQueue},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[path = "against_brute_force/arbitrary.rs"]
mod arbitrary;
mod brute_force;

use arbitrary::Object;
use brute_force::{BruteForce, random_history};

fn fuzz<M: Model + Clone + 'static>(model: &M, object: Object, count: u64) {
    let force = BruteForce { model: model.clone(), answers: Vec::new() };
    brute_force::fuzz(&force, count, |random| arbitrary::history(object, random));
}

#[test]
fn registers_agree() {
    fuzz(&Register::default(), Object::Register, 100_000);
    fuzz(&Register::new(0), Object::Register, 20_000);
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
    let force = BruteForce { model: Set::default(), answers: Vec::new() };
    let mut convicted = 0;
    for seed in 0..20_000 {
        let history = arbitrary::history(Object::Set, &mut ChaCha8Rng::seed_from_u64(seed));
        let verdict = checkers::set::Set::default().check(&history, &Budget::unlimited());
        if verdict.valid == Valid::Invalid {
            convicted += 1;
            assert!(!force.has_order(&history.calls().unwrap()), "{history:?}");
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
