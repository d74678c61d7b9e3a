//! Weak models as Biswas & Enea (2019, §2.2) define them: is there an order of commits?
use super::random_txns::{Ending, KEYS, Mop, Txn};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Weak {
    ReadCommitted,
    ReadAtomic,
    Causal,
}

pub(crate) const WEAK: [(Weak, &str); 3] = [
    (Weak::ReadCommitted, "read-committed"),
    (Weak::ReadAtomic, "read-atomic"),
    (Weak::Causal, "causal"),
];

/// Who wrote what a read saw: a transaction, or nobody at the start.
type Source = Option<usize>;

struct Reads {
    /// By transaction, what it read of others: key and source.
    of_others: Vec<Vec<(usize, Source)>>,
    writes: Vec<[bool; KEYS]>,
}

pub(crate) fn holds(level: Weak, txns: &[Txn]) -> bool {
    let Some(reads) = reads(level, txns) else { return false };
    let behind = behind(&reads);
    let count = txns.len();
    let mut before = vec![vec![false; count]; count];
    for reader in 0..count {
        for (_, source) in &reads.of_others[reader] {
            if let Some(source) = source {
                before[*source][reader] = true;
            }
        }
        for (place, &(key, source)) in reads.of_others[reader].iter().enumerate() {
            for seen in (0..count).filter(|seen| reads.writes[*seen][key] && *seen != reader) {
                let from_it = |read: &(usize, Source)| read.1 == Some(seen);
                let is_seen = match level {
                    Weak::ReadCommitted => reads.of_others[reader][..place].iter().any(from_it),
                    Weak::ReadAtomic => reads.of_others[reader].iter().any(from_it),
                    Weak::Causal => behind[reader][seen],
                };
                match source {
                    _ if !is_seen || source == Some(seen) => (),
                    None => return false,
                    Some(source) => before[seen][source] = true,
                }
            }
        }
    }
    let mut rest: Vec<usize> = (0..count).collect();
    an_order_keeps_to(&before, &mut rest)
}

/// Tries every order of commits.
fn an_order_keeps_to(before: &[Vec<bool>], rest: &mut Vec<usize>) -> bool {
    if rest.is_empty() {
        return true;
    }
    for at in 0..rest.len() {
        let next = rest[at];
        if rest.iter().any(|&other| before[other][next]) {
            continue;
        }
        rest.remove(at);
        if an_order_keeps_to(before, rest) {
            return true;
        }
        rest.insert(at, next);
    }
    false
}

/// Who stands behind what each transaction read.
fn behind(reads: &Reads) -> Vec<Vec<bool>> {
    let count = reads.writes.len();
    let mut behind = vec![vec![false; count]; count];
    for _ in 0..count {
        for reader in 0..count {
            for source in reads.of_others[reader].iter().filter_map(|read| read.1) {
                behind[reader][source] = true;
                let more = behind[source].clone();
                behind[reader].iter_mut().zip(more).for_each(|(is, too)| *is |= too);
            }
        }
    }
    behind
}

/// What was read of whom; `None` where a read cannot be right at that level.
fn reads(level: Weak, txns: &[Txn]) -> Option<Reads> {
    let mut reads = Reads { of_others: Vec::new(), writes: Vec::new() };
    let mut seen = vec![false; txns.len()];
    for (reader, txn) in txns.iter().enumerate() {
        let mut of_others = Vec::new();
        let mut known: [Option<Option<u32>>; KEYS] = [None; KEYS];
        for (place, mop) in txn.mops.iter().enumerate() {
            match mop {
                Mop::Append(key, element) => known[*key] = Some(Some(*element)),
                Mop::Read(..) if txn.ending != Ending::Ok => (),
                Mop::Read(key, list) => {
                    let value = list.last().copied();
                    let source = match value {
                        None => None,
                        Some(element) => Some(writer(txns, *key, element, reader, place)?),
                    };
                    if level != Weak::ReadCommitted && known[*key].is_some_and(|k| k != value) {
                        return None;
                    }
                    known[*key] = Some(value);
                    if source != Some(reader) {
                        of_others.push((*key, source));
                        source.into_iter().for_each(|source| seen[source] = true);
                    }
                }
            }
        }
        reads.of_others.push(of_others);
        reads.writes.push([0, 1].map(|key| last_write(txn, key).is_some()));
    }
    // Who failed wrote nothing, nor did who may not have happened and was not seen.
    for (txn, writes) in reads.writes.iter_mut().enumerate() {
        let happened = match txns[txn].ending {
            Ending::Ok => true,
            Ending::Info => seen[txn],
            Ending::Fail => false,
        };
        *writes = writes.map(|has_written| has_written && happened);
    }
    Some(reads)
}

fn last_write(txn: &Txn, key: usize) -> Option<u32> {
    txn.mops.iter().rev().find_map(|mop| match mop {
        Mop::Append(of, element) if *of == key => Some(*element),
        _ => None,
    })
}

/// Whose write a read saw; `None` if it may not see any such.
fn writer(txns: &[Txn], key: usize, element: u32, reader: usize, place: usize) -> Option<usize> {
    let write = Mop::Append(key, element);
    let by = txns.iter().position(|txn| txn.mops.contains(&write))?;
    let is_own = by == reader && txns[by].mops[..place].contains(&write);
    let is_whole = by != reader
        && txns[by].ending != Ending::Fail
        && last_write(&txns[by], key) == Some(element);
    (is_own || is_whole).then_some(by)
}
