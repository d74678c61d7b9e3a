//! What was acknowledged and is in no poll.
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{
    Finding,
    txns::{Act, Fate, Step, Txn, Txns},
    versions::Versions,
};
use crate::Process;

/// So many polls in a row without a record of a key, and the reader has come to its end.
pub const CAUGHT_UP: u32 = 10;

/// How far readers of a key have come. Those who were assigned it read all of it; what others did
/// not see may have been given to somebody who crashed.
#[derive(Clone, Copy, Default)]
struct Reach {
    /// The first place that nobody went beyond.
    beyond: usize,
    /// The row in which a reader asked for the first time that came to the end.
    asked_at_end: u32,
}

/// Finds what is lost, and what is unseen though readers came to the end. Returns how many were
/// not seen at all.
pub(super) fn find(txns: &Txns, versions: &Versions, findings: &mut Vec<Finding>) -> usize {
    let mut is_seen = vec![false; txns.values.len()];
    for record in txns.all.iter().flat_map(Txn::polled) {
        is_seen[record.value as usize] = true;
    }
    let reach = reach(txns, versions);
    let mut unseen = 0;
    for txn in txns.all.iter().filter(|txn| txn.fate == Fate::Happened) {
        for act in &txn.acts {
            let Act::Send { key, value, .. } = *act else { continue };
            if std::mem::replace(&mut is_seen[value as usize], true) {
                continue;
            }
            unseen += 1;
            let Reach { beyond, asked_at_end } = reach[key as usize];
            let is_passed = versions.rank_of(key, value).is_some_and(|rank| rank < beyond);
            let class = match (is_passed, asked_at_end > txn.row) {
                (true, _) => "lost-write",
                (false, true) => "unseen",
                (false, false) => continue,
            };
            let what = format!("{} was acknowledged", txns.values[value as usize].1);
            findings.push(Finding { class, key, what, rows: vec![txn.row] });
        }
    }
    unseen
}

/// A process that reads: of each key it was assigned, how many polls in a row had none of it, and
/// the row in which the first of them was asked; nothing where a poll failed, which may have been
/// given what nobody saw.
#[derive(Default)]
struct Reader {
    idle: BTreeMap<u32, Option<(u32, u32)>>,
}

fn reach(txns: &Txns, versions: &Versions) -> Vec<Reach> {
    let mut reach = vec![Reach::default(); txns.keys.len()];
    let has_crashed_poll = txns.all.iter().any(|txn| txn.has_poll && txn.fate != Fate::Happened);
    let mut readers: FxHashMap<Process, Reader> = FxHashMap::default();
    for (process, step) in &txns.steps {
        let reader = readers.entry(*process).or_default();
        match step {
            Step::Assign(keys) => {
                reader.idle.retain(|key, _| keys.contains(key));
                for key in keys {
                    reader.idle.entry(*key).or_insert(Some((0, 0)));
                }
            }
            Step::Subscribe => reader.idle.clear(),
            Step::Txn(number) => {
                let txn = &txns.all[*number as usize];
                match txn.fate {
                    _ if !txn.has_poll => (),
                    Fate::Happened => reader.poll(versions, txn, !has_crashed_poll, &mut reach),
                    _ => reader.idle.values_mut().for_each(|idle| *idle = None),
                }
            }
        }
    }
    reach
}

impl Reader {
    fn poll(&mut self, versions: &Versions, txn: &Txn, trusts_all: bool, reach: &mut [Reach]) {
        let mut had = BTreeSet::new();
        for record in txn.polled() {
            had.insert(record.key);
            if trusts_all || self.idle.get(&record.key).is_some_and(Option::is_some) {
                let beyond = &mut reach[record.key as usize].beyond;
                *beyond = (*beyond).max(versions.rank(record.key, record.offset));
            }
        }
        for (key, idle) in &mut self.idle {
            let Some((polls, since)) = idle else { continue };
            if had.contains(key) {
                *polls = 0;
                continue;
            }
            if *polls == 0 {
                *since = txn.invoked;
            }
            *polls += 1;
            if *polls >= CAUGHT_UP {
                let asked = &mut reach[*key as usize].asked_at_end;
                *asked = (*asked).max(*since);
            }
        }
    }
}
