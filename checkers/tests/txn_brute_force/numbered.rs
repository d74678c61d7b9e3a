//! Small histories of registers whose versions the database numbers, rightly or not. What may have
//! happened unseen has no number, so that a search may be left, which then decides every model
//! exactly.
use checkers::{
    Budget, Checker, History, Valid,
    txn::{Options, rw_register::RwRegister},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    LEVELS, count,
    definitions::{Numbers, holds_in_order},
    random_txns::{self, Ending, Mop, Txn},
    written,
};

/// Numbers for what was written or read, in the order of the lists that were read last, or in any.
fn numbers(txns: &[Txn], is_right: bool, chance: &mut ChaCha8Rng) -> Numbers {
    let mut numbers = Numbers::new();
    for mop in &txns[txns.len() - 1].mops {
        let Mop::Read(key, list) = mop else { continue };
        let mut places: Vec<usize> = (1..=list.len()).collect();
        if !is_right {
            places.shuffle(chance);
        }
        numbers.extend(list.iter().zip(places).map(|(element, place)| ((*key, *element), place)));
    }
    numbers.retain(|version, _| is_told(txns, *version));
    numbers
}

/// Whether a history can tell the number of a version: whoever wrote it last in his transaction
/// knows that it happened, or somebody read it.
fn is_told(txns: &[Txn], (key, element): (usize, u32)) -> bool {
    let is_it = |mop: &Mop| *mop == Mop::Append(key, element);
    let is_half = |txn: &Txn| {
        let mut behind = txn.mops.iter().skip_while(|mop| !is_it(mop)).skip(1);
        behind.any(|mop| matches!(mop, Mop::Append(other, _) if *other == key))
    };
    let tells = |txn: &Txn| {
        let reads = |mop: &Mop| matches!(mop, Mop::Read(k, list) if *k == key && list.last() == Some(&element));
        txn.ending == Ending::Ok && txn.mops.iter().any(|mop| is_it(mop) || reads(mop))
    };
    txns.iter().any(tells) && !txns.iter().any(is_half)
}

/// How many hold, how many do not, and how many of these need no search.
fn tally(seed: u64, is_right: bool) -> [usize; 3] {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let txns = random_txns::txns(&mut chance);
    let numbers = numbers(&txns, is_right, &mut chance);
    let text = written::numbered(&txns, &numbers);
    let history = History::read(text.clone()).unwrap();
    let mut tally = [0; 3];
    for (level, model) in LEVELS {
        let holds = holds_in_order(level, &txns, &numbers);
        let at_once = Options::new([model]).unwrap();
        let at_once = RwRegister(at_once).check(&history, &Budget::unlimited());
        let is_convicted = at_once.valid == Valid::Invalid;
        assert!(!(is_convicted && holds), "seed {seed}, {model}:\n{text}{at_once:#?}");
        tally[2] += usize::from(is_convicted);
        let options = Options { search_orders: true, ..Options::new([model]).unwrap() };
        let verdict = RwRegister(options).check(&history, &Budget::unlimited());
        let agrees = match verdict.valid {
            Valid::Valid => holds,
            Valid::Invalid => !holds,
            // Nothing depends on anything.
            Valid::Unknown => holds && verdict.anomalies[0].name == "empty-transaction-graph",
        };
        assert!(agrees, "seed {seed}, {model}: holds is {holds}\n{text}{verdict:#?}");
        tally[usize::from(!holds)] += 1;
    }
    tally
}

fn sum(is_right: bool) -> [usize; 3] {
    let tallies: Vec<_> =
        (0..count() / 4).into_par_iter().map(|seed| tally(seed, is_right)).collect();
    [0, 1, 2].map(|which| tallies.iter().map(|tally| tally[which]).sum())
}

#[test]
fn the_order_that_is_told_decides_whether_it_was_that_or_not() {
    let ([hold, fail, at_once], [hold_shuffled, fail_shuffled, at_once_shuffled]) =
        (sum(true), sum(false));
    assert!(fail * 10 > hold && hold * 10 > fail, "{fail} fail, {hold} hold");
    assert!(at_once * 100 > fail * 97, "{at_once} of {fail}");
    assert!(hold_shuffled * 5 < hold * 4, "{hold_shuffled} of {hold} hold");
    assert!(at_once_shuffled * 100 > fail_shuffled * 95, "{at_once_shuffled} of {fail_shuffled}");
}
