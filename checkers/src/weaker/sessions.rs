//! What each process may rely on: the four session guarantees (Terry et al. 1994, "Session
//! guarantees for weakly consistent replicated data"), of which each process here is a
//! session. They speak of the writes that servers have applied, of which a history tells nothing;
//! so each is judged as what reads can show of it (after Viotti and Vukolić 2016, "Consistency in
//! non-transactional distributed storage systems"): is
//! there one order of the writes, in which those of each session stand in its order, such that
//!
//! - *read your writes*: no read returns something older than the session's last write of the key;
//! - *monotonic reads*: no read returns something older than the session's last read of the key;
//! - *writes follow reads*: every write comes after what its session had read, of whatever key?
//!
//! *Monotonic writes* is that order of each session's writes itself. What shows it violated is a
//! session that reads two writes of one session in the wrong order, and that alone is judged.
//!
//! Each follows from sequential consistency. For distinct written values: O(n), each.
use rustc_hash::FxHashMap;

use super::{
    Claim,
    accesses::{Accesses, Act},
    circle,
};
use crate::{Figure, History, OpsFigure, Valid};

pub(super) const NAMES: [&str; 4] =
    ["read your writes", "monotonic reads", "monotonic writes", "writes follow reads"];

/// That one write precedes another, and the read that says so; without one, their session does.
#[derive(Clone, Copy, Debug)]
struct Must {
    first: u32,
    then: u32,
    read: Option<u32>,
    /// The earlier read that it is compared with.
    since: Option<u32>,
}

/// Judges the guarantee of this name.
pub(super) fn claim(name: &str, history: &History, accesses: &Accesses) -> Claim {
    let [own, reads, writes, _] = NAMES;
    let musts = match name {
        name if name == writes => return monotonic_writes(history, accesses),
        name if name == own => read_your_writes(accesses),
        name if name == reads => monotonic_reads(accesses),
        _ => writes_follow_reads(accesses),
    };
    let Some(all) = contradiction(accesses, &musts) else { return kept(name) };
    let involved =
        all.iter().flat_map(|must| [Some(must.first), Some(must.then), must.read, must.since]);
    let figure = figure(history, accesses, involved.flatten());
    Claim::new(name, Valid::Invalid, sentence(history, accesses, &all)).shown_by(figure)
}

fn monotonic_writes(history: &History, accesses: &Accesses) -> Claim {
    let name = NAMES[2];
    let Some((newer, older)) = backwards(accesses) else { return kept(name) };
    let sources = [newer, older].map(|read| match accesses.get(read).act {
        Act::Read(source) => source,
        Act::Write => None,
    });
    let involved = sources.into_iter().flatten().chain([newer, older]);
    let figure = figure(history, accesses, involved);
    let why = wrong_order(history, accesses, (newer, older));
    Claim::new(name, Valid::Invalid, why).shown_by(figure)
}

fn kept(name: &str) -> Claim {
    Claim::new(name, Valid::Valid, "no session saw otherwise")
}

/// The calls that contradict each other, and the answer that came last.
fn figure(history: &History, accesses: &Accesses, all: impl Iterator<Item = u32>) -> Figure {
    let all: Vec<_> = all.filter_map(|i| accesses.all.get(i as usize)).collect();
    let index = |row| history.op(row).index;
    let mut calls: Vec<u32> = all.iter().map(|access| index(access.invoked)).collect();
    calls.sort_unstable();
    calls.dedup();
    let ends = all.iter().filter(|access| access.act != Act::Write).map(|read| read.completed);
    let culprit = ends.max().map_or(0, index);
    Figure::Ops(OpsFigure { calls, culprit, ..OpsFigure::default() })
}

/// The number that stands for the initial value of a key, behind those of the accesses.
fn initial(accesses: &Accesses, key: u32) -> u32 {
    accesses.all.len() as u32 + key
}

/// For each key: its initial value comes first, and then each session's writes in its order.
fn by_key(accesses: &Accesses) -> Vec<Must> {
    let mut last = FxHashMap::default();
    let mut musts = Vec::new();
    for (i, access) in accesses.all.iter().enumerate().filter(|(_, a)| a.act == Act::Write) {
        let before = last.insert((access.session, access.key), i as u32);
        let first = before.unwrap_or_else(|| initial(accesses, access.key));
        musts.push(Must { first, then: i as u32, read: None, since: None });
    }
    musts
}

fn read_your_writes(accesses: &Accesses) -> Vec<Must> {
    let mut musts = by_key(accesses);
    let mut last = FxHashMap::default();
    for (i, access) in accesses.all.iter().enumerate() {
        let slot = (access.session, access.key);
        match access.act {
            Act::Write => drop(last.insert(slot, i as u32)),
            Act::Read(source) => {
                let then = source.unwrap_or_else(|| initial(accesses, access.key));
                if let Some(&first) = last.get(&slot)
                    && first != then
                {
                    musts.push(Must { first, then, read: Some(i as u32), since: None });
                }
            }
        }
    }
    musts
}

fn monotonic_reads(accesses: &Accesses) -> Vec<Must> {
    let mut musts = by_key(accesses);
    let mut last = FxHashMap::default();
    for (i, source) in accesses.reads() {
        let access = accesses.get(i);
        let then = source.unwrap_or_else(|| initial(accesses, access.key));
        if let Some((first, since)) = last.insert((access.session, access.key), (then, i))
            && first != then
        {
            musts.push(Must { first, then, read: Some(i), since: Some(since) });
        }
    }
    musts
}

fn writes_follow_reads(accesses: &Accesses) -> Vec<Must> {
    let mut musts = Vec::new();
    for session in &accesses.sessions {
        let mut before = Vec::new();
        for &i in session {
            match accesses.get(i).act {
                Act::Read(None) => (),
                Act::Read(Some(first)) => before.push((first, Some(i))),
                Act::Write => {
                    let all = before.drain(..);
                    musts.extend(all.map(|(first, read)| Must {
                        first,
                        then: i,
                        read,
                        since: None,
                    }));
                    before.push((i, None));
                }
            }
        }
    }
    musts
}

/// Two reads of one session that saw two writes of one session in the wrong order.
fn backwards(accesses: &Accesses) -> Option<(u32, u32)> {
    let mut newest: FxHashMap<(u32, u32, u32), (u32, u32)> = FxHashMap::default();
    for (i, source) in accesses.reads() {
        let Some(source) = source else { continue };
        let (reader, write) = (accesses.get(i), accesses.get(source));
        let slot = (reader.session, reader.key, write.session);
        let (place, seen_by) = newest.entry(slot).or_insert((write.place, i));
        if write.place < *place {
            return Some((*seen_by, i));
        }
        (*place, *seen_by) = (write.place, i);
    }
    None
}

/// What cannot all be, if anything: each `then` is the next one's `first`.
fn contradiction(accesses: &Accesses, musts: &[Must]) -> Option<Vec<Must>> {
    let keys = accesses.all.iter().map(|access| access.key + 1).max().unwrap_or(0);
    let mut before: Vec<Vec<Must>> = vec![Vec::new(); accesses.all.len() + keys as usize];
    for must in musts {
        before[must.then as usize].push(*must);
    }
    let predecessors = |i: u32| before[i as usize].iter().map(|must| must.first);
    let circle = circle::order(before.len(), predecessors).err()?;
    let then = circle.iter().cycle().skip(1);
    let edges = circle.iter().zip(then);
    let must = |(&first, &then): (&u32, &u32)| {
        before[then as usize].iter().find(|must| must.first == first).copied()
    };
    Some(edges.filter_map(must).collect())
}

fn op(history: &History, accesses: &Accesses, i: u32) -> String {
    match accesses.all.get(i as usize) {
        Some(access) => format!("op {}", history.op(access.invoked).index),
        None => "the initial value".into(),
    }
}

fn sentence(history: &History, accesses: &Accesses, all: &[Must]) -> String {
    let each = all.iter().map(|must| {
        let [first, then] = [must.first, must.then].map(|i| op(history, accesses, i));
        let because = match must.read {
            Some(read) => format!("as its reader in {} saw", op(history, accesses, read)),
            None => "by its own session".into(),
        };
        format!("{first} comes before {then} {because}")
    });
    each.collect::<Vec<_>>().join(", but ")
}

fn wrong_order(history: &History, accesses: &Accesses, (newer, older): (u32, u32)) -> String {
    let [newer, older] = [newer, older].map(|i| op(history, accesses, i));
    format!("{older} returned an earlier write of the session whose later write {newer} returned")
}
