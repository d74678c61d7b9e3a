//! Consistency models as their definitions have them: is there an order?
//!
//! A history of lists is one of registers as well: a register has the last element of its list.
use std::collections::BTreeMap;

use super::random_txns::{Ending, KEYS, Mop, Txn};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    SnapshotIsolation,
    StrongSnapshotIsolation,
    Serializable,
    SessionSerializable,
    StrictSerializable,
}

/// What the transactions are about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Objects {
    Lists,
    Registers,
}

type Lists = [Vec<u32>; KEYS];

/// What number the version of a key with an element has.
pub(crate) type Numbers = BTreeMap<(usize, u32), usize>;

/// Whether there is an order of what happened, and of some of what may have, that explains every
/// answer.
pub(crate) fn holds(level: Level, objects: Objects, txns: &[Txn]) -> bool {
    is_explained(&Asked { level, objects, numbers: &Numbers::new() }, txns)
}

/// The same of registers, where versions have to be in the order of their numbers.
pub(crate) fn holds_in_order(level: Level, txns: &[Txn], numbers: &Numbers) -> bool {
    is_explained(&Asked { level, objects: Objects::Registers, numbers }, txns)
}

struct Asked<'n> {
    level: Level,
    objects: Objects,
    numbers: &'n Numbers,
}

fn is_explained(asked: &Asked<'_>, txns: &[Txn]) -> bool {
    let happened: Vec<&Txn> = txns.iter().filter(|txn| txn.ending == Ending::Ok).collect();
    let may: Vec<&Txn> = txns.iter().filter(|txn| txn.ending == Ending::Info).collect();
    (0..1_u32 << may.len()).any(|chosen| {
        let mut rest = happened.clone();
        rest.extend(
            may.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, t)| *t),
        );
        search(asked, &mut rest, &mut Vec::new(), &mut vec![Lists::default()])
    })
}

/// Tries each of the rest as the next to commit; `states` are what every commit led to.
fn search<'t>(
    asked: &Asked<'_>,
    rest: &mut Vec<&'t Txn>,
    order: &mut Vec<&'t Txn>,
    states: &mut Vec<Lists>,
) -> bool {
    if rest.is_empty() {
        let last = states.last().expect("the first state");
        return is_in_order(last, asked.numbers);
    }
    let level = asked.level;
    for at in 0..rest.len() {
        let txn = rest[at];
        let is_early = rest.iter().any(|other| must_precede(level, other, txn));
        if is_early || !fits(level, asked.objects, txn, order, states) {
            continue;
        }
        rest.swap_remove(at);
        order.push(txn);
        states.push(after(states.last().expect("the first state"), txn));
        if search(asked, rest, order, states) {
            return true;
        }
        states.pop();
        order.pop();
        rest.push(txn);
        let last = rest.len() - 1;
        rest.swap(at, last);
    }
    false
}

/// Whether the elements that have numbers are in their order.
fn is_in_order(lists: &Lists, numbers: &Numbers) -> bool {
    let numbers_of = |(key, list): (usize, &Vec<u32>)| {
        list.iter().filter_map(|element| numbers.get(&(key, *element))).is_sorted()
    };
    lists.iter().enumerate().all(numbers_of)
}

fn must_precede(level: Level, one: &Txn, other: &Txn) -> bool {
    let before = one.completed.is_some_and(|completed| completed < other.invoked);
    let earlier = one.invoked < other.invoked;
    match level {
        Level::SnapshotIsolation | Level::Serializable => false,
        Level::SessionSerializable => one.process == other.process && earlier,
        Level::StrictSerializable | Level::StrongSnapshotIsolation => {
            one.ending == Ending::Ok && before
        }
    }
}

/// Whether it could have committed next.
fn fits(level: Level, objects: Objects, txn: &Txn, order: &[&Txn], states: &[Lists]) -> bool {
    let now = states.len() - 1;
    let is_snapshot = matches!(level, Level::SnapshotIsolation | Level::StrongSnapshotIsolation);
    let earliest = if is_snapshot { 0 } else { now };
    (earliest..=now).any(|snapshot| {
        let missed = &order[snapshot..];
        let conflicts = missed.iter().any(|other| writes_meet(txn, other));
        let too_old = missed.iter().any(|other| must_precede(level, other, txn));
        !conflicts && !too_old && reads_fit(txn, objects, &states[snapshot])
    })
}

fn writes_meet(one: &Txn, other: &Txn) -> bool {
    let writes = |txn: &Txn, wanted: usize| {
        txn.mops.iter().any(|mop| matches!(mop, Mop::Append(key, _) if *key == wanted))
    };
    (0..KEYS).any(|key| writes(one, key) && writes(other, key))
}

/// Whether it reads what the snapshot has, with its own appends behind.
fn reads_fit(txn: &Txn, objects: Objects, snapshot: &Lists) -> bool {
    let mut own = snapshot.clone();
    txn.mops.iter().all(|mop| match mop {
        Mop::Append(key, element) => {
            own[*key].push(*element);
            true
        }
        Mop::Read(..) if txn.ending != Ending::Ok => true,
        Mop::Read(key, list) => match objects {
            Objects::Lists => own[*key] == *list,
            Objects::Registers => own[*key].last() == list.last(),
        },
    })
}

fn after(state: &Lists, txn: &Txn) -> Lists {
    let mut next = state.clone();
    for mop in &txn.mops {
        if let Mop::Append(key, element) = mop {
            next[*key].push(*element);
        }
    }
    next
}
