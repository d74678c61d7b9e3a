//! Small histories of transactions against a search of every order.
//!
//! Every history ends with reads of everything, so that nothing stays unknown: the checker must
//! then agree with the definition of each model exactly.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write;

use checkers::{
    Budget, Checker, History, Valid, Verdict,
    txn::{Options, append::Append},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "txn_brute_force/definitions.rs"]
mod definitions;
#[path = "txn_brute_force/random_txns.rs"]
mod random_txns;

use definitions::{Level, holds};
use random_txns::{Ending, Mop, Txn};

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

fn text(txns: &[Txn]) -> String {
    let mut events: Vec<(usize, usize, bool)> = Vec::new();
    for (number, txn) in txns.iter().enumerate() {
        events.push((txn.invoked, number, true));
        events.extend(txn.completed.map(|at| (at, number, false)));
    }
    events.sort_unstable();
    let mut text = String::new();
    for (_, number, is_invocation) in events {
        let txn = &txns[number];
        let kind = match txn.ending {
            _ if is_invocation => "invoke",
            Ending::Ok => "ok",
            Ending::Fail => "fail",
            Ending::Info => "info",
        };
        let shown = |mop: &Mop| match mop {
            Mop::Append(key, element) => format!("[\"append\",{key},{element}]"),
            Mop::Read(key, list) if kind == "ok" => format!("[\"r\",{key},{list:?}]"),
            Mop::Read(key, _) => format!("[\"r\",{key},null]"),
        };
        let mops: Vec<String> = txn.mops.iter().map(shown).collect();
        let process = txn.process;
        let _ = writeln!(
            text,
            "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"txn\",\"value\":[{}]}}",
            mops.join(",")
        );
    }
    text
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
            let text = text(&txns);
            let history = History::read(text.clone()).unwrap();
            let mut tally = [0; 2];
            for (level, model) in LEVELS {
                let expected = holds(level, &txns);
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
