//! The fast ways against the slow ones: small histories against trying every order, larger ones
//! against the general search. Most histories are valid but for one changed answer.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use checkers::{
    Budget, Checker, Figure, History, Proof, Proven, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Model, Register, UnorderedQueue},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "brute_force/every_order.rs"]
mod every_order;
#[path = "../benches/grid.rs"]
#[expect(dead_code, reason = "benches use the rest")]
mod grid;
#[path = "../benches/slow.rs"]
mod slow;

use every_order::{Calls, has_order};
use grid::{Grid, Lie, Mix, Values};
use slow::Slow;

/// A cell of the grid and, mostly, one answer in it that was something else.
fn history(mix: Mix, calls: u32, seed: u64) -> History {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let is_queue = mix == Mix::Queue;
    let values = match random.random_range(0..3) {
        0 if !is_queue => Values::Below(random.random_range(2..6)),
        _ => Values::Distinct,
    };
    let mix = if random.random_bool(0.5) && !is_queue { Mix::ReadWrite } else { mix };
    let crashed = if random.random_bool(0.5) { random.random_range(0.0..0.4) } else { 0.0 };
    let clients = random.random_range(1..7);
    let lie = if random.random_bool(0.2) { Lie::Lost } else { Lie::None };
    let calls = random.random_range(2..=calls);
    let text = Grid { clients, calls, keys: 1, values, mix, crashed, lie, seed }.text();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_answer = |line: &&mut String| {
        line.contains(r#""ok","f":"read""#) || line.contains(r#""ok","f":"dequeue""#)
    };
    let answers: Vec<&mut String> = lines.iter_mut().filter(is_answer).collect();
    if !answers.is_empty() && random.random_bool(0.7) {
        let chosen = random.random_range(0..answers.len());
        let line = answers.into_iter().nth(chosen).unwrap();
        let at = line.find(r#""value":"#).unwrap();
        *line = format!("{}\"value\":{}}}", &line[..at], random.random_range(0..calls / 2 + 1));
    }
    History::read(lines.join("\n")).unwrap()
}

/// The order that proves a history valid holds.
fn assert_proved<M: Model>(checker: &Linearizable<M>, history: &History) {
    let prepared = checker.prepare(history).unwrap();
    let rows = prepared.order(&Budget::unlimited()).unwrap().unwrap();
    let order: Vec<u32> = rows.into_iter().map(|row| history.op(row).index).collect();
    let proven = Proof::Order(order.clone()).verify(&checker.0, history);
    assert_eq!(proven, Ok(Proven::Valid), "{order:?}\n{history:?}");
}

/// By path, how many histories were judged valid and invalid.
type Tally = BTreeMap<String, [u64; 2]>;

fn tally(judged: impl ParallelIterator<Item = Verdict>) -> Tally {
    let count = |mut tally: Tally, verdict: Verdict| {
        let path = verdict.details["path"].as_str().unwrap().to_owned();
        tally.entry(path).or_default()[usize::from(verdict.valid == Valid::Invalid)] += 1;
        tally
    };
    let add = |mut tally: Tally, other: Tally| {
        for (path, [valid, invalid]) in other {
            let sum = tally.entry(path).or_default();
            *sum = [sum[0] + valid, sum[1] + invalid];
        }
        tally
    };
    judged.fold(Tally::new, count).reduce(Tally::new, add)
}

fn against_every_order<M: Model + Clone>(model: &M, mix: Mix, count: u64) -> Tally {
    let checker = Linearizable(model.clone());
    tally((0..count).into_par_iter().map(|seed| {
        let history = history(mix, 8, seed);
        let verdict = checker.check(&history, &Budget::unlimited());
        let calls: Calls<M> = history.calls().unwrap();
        let expected = if has_order(model, &[], &calls) { Valid::Valid } else { Valid::Invalid };
        assert_eq!(verdict.valid, expected, "seed {seed}\n{}", checkers::notation::draw(&history));
        if expected == Valid::Valid {
            assert_proved(&checker, &history);
        }
        verdict
    }))
}

/// Where the general search can tell, both say the same, and blame the same completion.
fn against_the_search<M: Model + Clone>(model: &M, mix: Mix, count: u64) -> Tally {
    let (fast, slow) = (Linearizable(model.clone()), Linearizable(Slow(model.clone())));
    tally((0..count).into_par_iter().map(|seed| {
        let history = history(mix, if mix == Mix::Queue { 24 } else { 60 }, seed);
        let budget = Budget::new(16 << 20, || false);
        let verdict = fast.check(&history, &budget);
        let expected = slow.check(&history, &budget);
        if expected.valid != Valid::Unknown {
            assert_eq!(verdict.valid, expected.valid, "seed {seed}\n{history:?}");
        }
        assert_ne!(verdict.valid, Valid::Unknown, "seed {seed}: {:?}", verdict.why());
        if let (Some(ours), Some(theirs)) = (culprit(&verdict), culprit(&expected)) {
            assert_eq!(ours, theirs, "seed {seed}\n{history:?}");
        }
        if verdict.valid == Valid::Valid {
            assert_proved(&fast, &history);
        }
        verdict
    }))
}

fn culprit(verdict: &Verdict) -> Option<u32> {
    match verdict.anomalies.first().map(|anomaly| &anomaly.figure) {
        Some(Figure::Ops(figure)) => Some(figure.culprit),
        _ => None,
    }
}

/// Both answers came by these paths often enough to mean something.
#[track_caller]
fn assert_balanced(tally: &Tally, paths: &[&str], least: u64) {
    for path in paths {
        let counts = tally.get(*path).copied().unwrap_or_default();
        assert!(counts.iter().all(|&count| count >= least), "{path}: {tally:?}");
    }
}

#[test]
fn registers_agree_with_every_order() {
    let tally = against_every_order(&Register::default(), Mix::ReadWriteCas, 20_000);
    assert_balanced(&tally, &["zones", "depth-first"], 700);
}

#[test]
fn queues_agree_with_every_order() {
    let tally = against_every_order(&FifoQueue::default(), Mix::Queue, 20_000);
    assert_balanced(&tally, &["queue"], 2_000);
    let tally = against_every_order(&UnorderedQueue::default(), Mix::Queue, 20_000);
    assert_balanced(&tally, &["queue"], 2_000);
}

/// Run it by name, in release: it takes minutes.
#[test]
#[ignore = "a million histories"]
fn a_million_agree_with_every_order() {
    let tally = against_every_order(&Register::default(), Mix::ReadWriteCas, 1_000_000);
    assert_balanced(&tally, &["zones", "depth-first"], 30_000);
    let tally = against_every_order(&FifoQueue::default(), Mix::Queue, 1_000_000);
    assert_balanced(&tally, &["queue"], 50_000);
    let tally = against_every_order(&UnorderedQueue::default(), Mix::Queue, 1_000_000);
    assert_balanced(&tally, &["queue"], 50_000);
}

#[test]
fn registers_agree_with_the_search() {
    let tally = against_the_search(&Register::default(), Mix::ReadWriteCas, 5_000);
    assert_balanced(&tally, &["zones", "depth-first"], 300);
}

#[test]
fn queues_agree_with_the_search() {
    let tally = against_the_search(&FifoQueue::default(), Mix::Queue, 500);
    assert_balanced(&tally, &["queue"], 50);
}

#[test]
#[ignore = "a hundred thousand larger histories"]
fn a_hundred_thousand_agree_with_the_search() {
    let tally = against_the_search(&Register::default(), Mix::ReadWriteCas, 100_000);
    assert_balanced(&tally, &["zones", "depth-first"], 5_000);
}
