//! Every familiar object: its fast way against trying every order on small histories, and against
//! the general search on larger ones. How many of each can be set by `HISTORIES`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use checkers::{
    Budget, Checker, Valid, Verdict,
    linearizable::Linearizable,
    model::{
        Counter, FencedMutex, Kv, Log, Model, Mutex, PriorityQueue, ReentrantMutex, Semaphore, Set,
        Stack, UniqueIds,
    },
};
use rayon::prelude::*;

#[expect(dead_code, reason = "other tests use the rest")]
mod brute_force;
#[path = "familiar_objects/histories.rs"]
mod histories;
#[path = "../benches/slow.rs"]
mod slow;
#[path = "familiar_objects/world.rs"]
mod world;

use brute_force::{BruteForce, histories_or};
use histories::history;
use slow::Slow;
use world::Kind;

/// Histories of which all is compared.
const FEW: u64 = 4_000;
/// Calls of a small history and of a larger one.
const SMALL: u32 = 8;
const LARGE: u32 = 60;
/// So many looks at the budget the general search may take.
const POLLS: u64 = 64;

/// The general search takes its time with large ones.
fn large_histories() -> u64 {
    histories_or(3_000) / 10
}

/// By path, how many histories were judged valid and invalid.
type Tally = BTreeMap<String, [u64; 2]>;

fn tally(kind: Kind, verdicts: impl ParallelIterator<Item = Verdict>) -> Tally {
    let count = |mut tally: Tally, verdict: Verdict| {
        let path = verdict.details["path"].as_str().unwrap().to_owned();
        tally.entry(path).or_default()[usize::from(verdict.valid == Valid::Invalid)] += 1;
        tally
    };
    let add = |mut tally: Tally, other: Tally| {
        for (path, counts) in other {
            let sum = tally.entry(path).or_default();
            (0..2).for_each(|i| sum[i] += counts[i]);
        }
        tally
    };
    let tally = verdicts.fold(Tally::new, count).reduce(Tally::new, add);
    eprintln!("{kind:?}: valid and invalid by {tally:?}");
    tally
}

/// The verdict is that of brute force; of the first histories also the first bad completion, the
/// minimal part, and the order.
fn small<M: Model + Clone + 'static>(model: M, kind: Kind, path: &str) {
    let checker = Linearizable(model.clone());
    let force = BruteForce { model, answers: Vec::new() };
    let tally = tally(
        kind,
        (0..histories_or(FEW)).into_par_iter().map(|seed| {
            let history = history(kind, SMALL, seed);
            let verdict = checker.check(&history, &Budget::unlimited());
            let has_order = match seed {
                ..FEW => force.compare(&checker, &history),
                _ => force.has_order(&history.calls().unwrap()),
            };
            let expected = if has_order { Valid::Valid } else { Valid::Invalid };
            assert_eq!(verdict.valid, expected, "{kind:?} {seed}\n{history:?}");
            verdict
        }),
    );
    assert_balanced(&tally, path, histories_or(FEW) / 40);
}

/// Where the general search can tell within bounds, both say the same.
fn large<M: Model + Clone + 'static>(model: M, kind: Kind, path: &str) {
    let (fast, slow) = (Linearizable(model.clone()), Linearizable(Slow(model)));
    let undecided = AtomicU64::new(0);
    let tally = tally(
        kind,
        (0..large_histories()).into_par_iter().map(|seed| {
            let history = history(kind, LARGE, seed);
            let polled = std::sync::Arc::new(AtomicU64::new(0));
            let is_over = move || polled.fetch_add(1, Ordering::Relaxed) > POLLS;
            let expected = slow.check(&history, &Budget::new(64 << 20, is_over)).valid;
            let verdict = fast.check(&history, &Budget::new(64 << 20, || false));
            match expected {
                Valid::Unknown => drop(undecided.fetch_add(1, Ordering::Relaxed)),
                _ => assert_eq!(verdict.valid, expected, "{kind:?} {seed}\n{history:?}"),
            }
            verdict
        }),
    );
    eprintln!("{kind:?}: {} too hard for the search", undecided.into_inner());
    assert_balanced(&tally, path, large_histories() / 40);
}

/// Both answers came by this path often enough to mean something.
#[track_caller]
fn assert_balanced(tally: &Tally, path: &str, least: u64) {
    let counts = tally.get(path).copied().unwrap_or_default();
    assert!(counts.iter().all(|&count| count >= least), "{path}: {tally:?}");
}

fn both<M: Model + Clone + 'static>(model: M, kind: Kind, path: &str) {
    small(model.clone(), kind, path);
    large(model, kind, path);
}

#[test]
fn mutexes_agree() {
    both(Mutex::default(), Kind::Mutex, "permits");
}

#[test]
fn semaphores_agree() {
    both(Semaphore::from_word(Some("2")).unwrap(), Kind::Semaphore, "permits");
}

#[test]
fn reentrant_mutexes_agree() {
    both(ReentrantMutex::default(), Kind::ReentrantMutex, "tenures");
}

#[test]
fn fenced_mutexes_agree() {
    both(FencedMutex::default(), Kind::FencedMutex, "tenures");
    both(FencedMutex::from_word(Some("0")).unwrap(), Kind::FencedMutex, "tenures");
}

#[test]
fn counters_agree() {
    both(Counter::default(), Kind::Counter, "steps");
}

#[test]
fn sets_agree() {
    both(Set::default(), Kind::Set, "inclusion");
}

#[test]
fn logs_agree() {
    both(Log::default(), Kind::Log, "steps");
}

#[test]
fn sources_of_ids_agree() {
    both(UniqueIds::default(), Kind::Ids, "ids");
}

#[test]
fn stacks_agree() {
    both(Stack::default(), Kind::Stack, "stack");
}

#[test]
fn keys_of_a_store_agree() {
    both(Kv::default(), Kind::Kv, "zones");
    both(Kv::from_word(Some("a")), Kind::Kv, "zones");
}

#[test]
fn priority_queues_agree() {
    both(PriorityQueue::default(), Kind::Heap, "heap");
}
