//! Small histories of transactions against a search of every order.
//!
//! Every history ends with reads of everything, so that nothing stays unknown: the checker must
//! then agree with the definition of each model exactly.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Checker, History, Valid, Verdict,
    txn::{Options, append::Append},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "txn_brute_force/definitions.rs"]
mod definitions;
#[path = "txn_brute_force/numbered.rs"]
mod numbered;
#[path = "txn_brute_force/random_txns.rs"]
mod random_txns;
#[path = "txn_brute_force/registers.rs"]
mod registers;
#[path = "txn_brute_force/weak.rs"]
mod weak;
#[path = "txn_brute_force/written.rs"]
mod written;

use definitions::{Level, Objects, holds};

const LEVELS: [(Level, &str); 5] = [
    (Level::SnapshotIsolation, "snapshot-isolation"),
    (Level::Serializable, "serializable"),
    (Level::SessionSerializable, "strong-session-serializable"),
    (Level::StrictSerializable, "strong-serializable"),
    (Level::StrongSnapshotIsolation, "strong-snapshot-isolation"),
];

/// Histories to try; `TXN_HISTORIES` asks for more.
fn count() -> u64 {
    std::env::var("TXN_HISTORIES").ok().and_then(|word| word.parse().ok()).unwrap_or(2_000)
}

fn judge(history: &History, model: &str) -> Verdict {
    Append(Options::new([model]).unwrap()).check(history, &Budget::unlimited())
}

#[test]
fn every_model_holds_exactly_where_its_definition_does() {
    let tallies: Vec<[usize; 2]> = (0..count())
        .into_par_iter()
        .map(|seed| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            let txns = random_txns::txns(&mut chance);
            let text = written::text(&txns, Objects::Lists);
            let history = History::read(text.clone()).unwrap();
            let mut tally = [0; 2];
            for (level, model) in LEVELS {
                let expected = holds(level, Objects::Lists, &txns);
                let verdict = judge(&history, model);
                tally[usize::from(expected)] += 1;
                let agrees = match verdict.valid {
                    Valid::Valid => expected,
                    Valid::Invalid => !expected,
                    // Nothing depends on anything.
                    Valid::Unknown => expected,
                };
                assert!(agrees, "seed {seed}, {model}: holds is {expected}\n{text}{verdict:#?}");
            }
            tally
        })
        .collect();
    let sum = |which: usize| tallies.iter().map(|tally| tally[which]).sum::<usize>();
    assert!(sum(0) * 10 > sum(1) && sum(1) * 10 > sum(0), "{} fail, {} hold", sum(0), sum(1));
}
