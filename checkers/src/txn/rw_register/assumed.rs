//! Which version came before which, if what is taken for granted of a key is so.
//!
//! Only next neighbours are paired, so that there are few pairs: what lies between two versions
//! comes after the one and before the other.
use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::{
    super::{decode::Txns, graph::NONE},
    key::Touch,
};

/// Pairs of versions, the earlier one first.
pub(super) type Pairs = Vec<(u32, u32)>;

/// Writes follow reads: who read a version and then wrote one, wrote a later one.
pub(super) fn wfr<'a>(touches: impl Iterator<Item = &'a Touch>) -> Pairs {
    touches
        .filter(|touch| touch.read != NONE && touch.write != NONE)
        .map(|touch| (touch.read, touch.write))
        .collect()
}

/// What a process does with the key goes forward.
pub(super) fn sequential<'a>(txns: &Txns<'_>, touches: impl Iterator<Item = &'a Touch>) -> Pairs {
    let mut latest: FxHashMap<u32, u32> = FxHashMap::default();
    let mut pairs = Vec::new();
    for touch in touches {
        let process = txns.outlines[touch.txn as usize].process;
        if let Some(before) = latest.insert(process, touch.last()) {
            push(&mut pairs, before, touch);
        }
    }
    pairs
}

/// What was completed before another transaction began came before what that one did: the
/// transitive reduction of that order, by one sweep.
pub(super) fn linearizable<'a>(
    txns: &Txns<'_>,
    touches: impl Iterator<Item = &'a Touch> + Clone,
) -> Pairs {
    let completed = |touch: &Touch| txns.outlines[touch.txn as usize].completed;
    let mut ends: Vec<&Touch> = touches.clone().filter(|touch| txns.is_ok(touch.txn)).collect();
    ends.sort_unstable_by_key(|touch| completed(touch));
    let mut ends = ends.into_iter().peekable();
    // What is completed, and nothing completed began after it.
    let mut recent: VecDeque<&Touch> = VecDeque::new();
    let mut pairs = Vec::new();
    for touch in touches {
        let invoked = txns.outlines[touch.txn as usize].invoked;
        while let Some(end) = ends.next_if(|end| completed(end) < invoked) {
            let began = txns.outlines[end.txn as usize].invoked;
            while recent.front().is_some_and(|before| completed(before) < began) {
                recent.pop_front();
            }
            recent.push_back(end);
        }
        for before in &recent {
            push(&mut pairs, before.last(), touch);
        }
    }
    pairs
}

/// A version came before all that a transaction had to do with. Were only what it read paired,
/// what comes after its write would not be known to come after the version.
fn push(pairs: &mut Pairs, before: u32, touch: &Touch) {
    pairs.extend(touch.later().map(|version| (before, version)));
}
