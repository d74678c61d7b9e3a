//! Small histories of registers against a search of every order: nobody is convicted who could
//! have done right, whatever is taken for granted that his model grants.
use checkers::{
    Budget, Checker, History, Valid, Verdict,
    txn::{Assume, Options, rw_register::RwRegister},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    count,
    definitions::{Level, Objects, holds},
    random_txns,
    weak::{self, WEAK},
    written,
};

const NOTHING: Assume =
    Assume { wfr_keys: false, sequential_keys: false, linearizable_keys: false };
const WFR: Assume = Assume { wfr_keys: true, ..NOTHING };
const IN_SESSIONS: Assume = Assume { sequential_keys: true, ..WFR };
const ALL: Assume = Assume { linearizable_keys: true, ..IN_SESSIONS };

/// Each level with the most that it grants of each key.
const LEVELS: [(Level, &str, Assume); 5] = [
    (Level::SnapshotIsolation, "snapshot-isolation", WFR),
    (Level::Serializable, "serializable", WFR),
    (Level::SessionSerializable, "strong-session-serializable", IN_SESSIONS),
    (Level::StrictSerializable, "strong-serializable", ALL),
    (Level::StrongSnapshotIsolation, "strong-snapshot-isolation", ALL),
];

fn judge(history: &History, model: &str, assume: Assume) -> Verdict {
    let options = Options { assume, ..Options::new([model]).unwrap() };
    RwRegister(options).check(history, &Budget::unlimited())
}

/// How many histories hold, how many do not, and how many of these are convicted, with nothing
/// taken for granted and with all that may be.
fn tally(seed: u64) -> [usize; 4] {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let txns = random_txns::txns(&mut chance);
    let text = written::text(&txns, Objects::Registers);
    let history = History::read(text.clone()).unwrap();
    let mut tally = [0; 4];
    for (level, model, most) in LEVELS {
        let holds = holds(level, Objects::Registers, &txns);
        tally[usize::from(!holds)] += 1;
        for (place, assume) in [(2, NOTHING), (3, most)] {
            let verdict = judge(&history, model, assume);
            let is_convicted = verdict.valid == Valid::Invalid;
            assert!(!(is_convicted && holds), "seed {seed}, {model}:\n{text}{verdict:#?}");
            tally[place] += usize::from(is_convicted);
        }
    }
    tally
}

#[test]
fn no_register_is_convicted_that_could_be_right() {
    let tallies: Vec<[usize; 4]> = (0..count()).into_par_iter().map(tally).collect();
    let sum = |which: usize| tallies.iter().map(|tally| tally[which]).sum::<usize>();
    let (hold, fail, convicted, convicted_most) = (sum(0), sum(1), sum(2), sum(3));
    assert!(fail * 10 > hold && hold * 10 > fail, "{fail} fail, {hold} hold");
    // What is not is mostly seen, more so with more taken for granted.
    assert!(convicted * 2 > fail, "{convicted} of {fail}");
    assert!(convicted_most * 100 > fail * 75, "{convicted_most} of {fail}");
}

/// Searched for orders, every model holds exactly where its definition does.
fn searched(seed: u64) -> [usize; 4] {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut txns = random_txns::txns(&mut chance);
    if seed.is_multiple_of(2) {
        // Without a last read of everything less is known.
        txns.pop();
    }
    let text = written::text(&txns, Objects::Registers);
    let history = History::read(text.clone()).unwrap();
    let strong = LEVELS.map(|(level, model, _)| (model, holds(level, Objects::Registers, &txns)));
    let weak = WEAK.map(|(level, model)| (model, weak::holds(level, &txns)));
    let mut tally = [0; 4];
    for (place, (model, holds)) in
        strong.into_iter().map(|asked| (0, asked)).chain(weak.into_iter().map(|asked| (2, asked)))
    {
        let options = Options { search_orders: true, ..Options::new([model]).unwrap() };
        let verdict = RwRegister(options).check(&history, &Budget::unlimited());
        let agrees = match verdict.valid {
            Valid::Valid => holds,
            Valid::Invalid => !holds,
            // Nothing depends on anything.
            Valid::Unknown => holds && verdict.anomalies[0].name == "empty-transaction-graph",
        };
        assert!(agrees, "seed {seed}, {model}: holds is {holds}\n{text}{verdict:#?}");
        tally[place + usize::from(!holds)] += 1;
    }
    tally
}

#[test]
fn a_search_decides_every_model_exactly() {
    let tallies: Vec<[usize; 4]> = (0..2 * count()).into_par_iter().map(searched).collect();
    let sum = |which: usize| tallies.iter().map(|tally| tally[which]).sum::<usize>();
    for (hold, fail) in [(sum(0), sum(1)), (sum(2), sum(3))] {
        assert!(fail * 10 > hold && hold * 10 > fail, "{fail} fail, {hold} hold");
    }
}
