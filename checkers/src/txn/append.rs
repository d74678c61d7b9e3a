//! List-append: what reads of whole lists give away.
//!
//! Elements are distinct, so a list says who appended it, in which order. The longest list that
//! anybody read of a key is the order of its versions (Kingsbury & Alvaro 2020, §4.2.3); every
//! other list should be a prefix of it. An append that happened and is in no list came after all
//! that was seen. Everything is decided key by key, in parallel.
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::{
    Options,
    by_key::{ByKey, Entry},
    decode::{Act, Txns, Words},
    findings::Findings,
    graph::{Kinds, NONE},
    judge,
    versions::{Access, TAIL, Versions},
};
use crate::{Budget, Checker, History, Verdict};

mod direct;
mod explain;
mod inside;
mod key;
mod list;
mod positions;
mod strangers;

/// The checker of transactions that append to lists and read them.
pub struct Append(pub Options);

/// What `--workload append` means.
pub const ENTRY: super::Entry = super::Entry {
    name: "append",
    about: "transactions that append to lists and read them: [[\"append\",k,v],[\"r\",k,[..]]]",
    build: |options| Box::new(Append(options)),
};

impl Checker for Append {
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let txns = match Txns::decode(history, Words::LISTS) {
            Ok(txns) => txns,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let (versions, findings) = analyze(&txns);
        let lists = explain::Lists { txns: &txns, versions: &versions };
        judge::judge(&txns, &lists, &findings, &self.0.consistency, budget)
    }
}

/// What the transactions of a history depend on, and what is wrong with them one by one.
pub fn analyze(txns: &Txns<'_>) -> (Versions, Findings) {
    let keys = Keys::group(txns);
    let accesses: Vec<AtomicU32> = txns.acts.iter().map(|_| AtomicU32::new(NONE)).collect();
    let mut writers = vec![NONE; keys.versions()];
    let mut reader_starts = vec![0; keys.versions() + 1];
    let mut readers = vec![NONE; keys.reads()];
    let shares = keys.shares(&mut writers, &mut reader_starts[1..], &mut readers);
    let found: Vec<Share> = shares
        .into_par_iter()
        .map(|mut share| {
            key::analyze_all(txns, &keys, &accesses, &mut share);
            share
        })
        .collect();
    let (mut findings, mut others) = (Findings::default(), Vec::new());
    let mut unseen = Vec::new();
    for share in found {
        findings.merge(share.findings);
        others.extend(share.others);
        unseen.extend(share.unseen);
    }
    others.sort_unstable();
    let mut versions = Versions {
        starts: txns.starts.clone(),
        accesses: accesses.into_iter().map(|access| Access(access.into_inner())).collect(),
        writers,
        reader_starts,
        readers,
        others,
        ..Versions::default()
    };
    for (version, mut members) in unseen {
        // What may have happened did where any of it was seen.
        members.retain(|&txn| txns.is_ok(txn) || versions.is_writer(txn));
        if members.is_empty() {
            continue;
        }
        versions.writers[version as usize] = TAIL | versions.tails.push(&members);
    }
    (versions, findings)
}

/// The micro-operations of each key, and where what is found out about them goes.
struct Keys {
    of: ByKey,
    /// Where the versions of each key begin: one for nothing, one an append, one for the tail.
    versions: Vec<u32>,
    /// Where the readers of each key begin.
    readers: Vec<u32>,
}

impl Keys {
    fn group(txns: &Txns<'_>) -> Keys {
        let of = ByKey::group(txns);
        let (mut versions, mut readers) = (vec![0; of.len() + 1], vec![0_u32; of.len() + 1]);
        for (key, act) in txns.keys.iter().zip(&txns.acts) {
            readers[*key as usize + 1] += u32::from(matches!(act, Act::Read(_)));
        }
        for key in 0..of.len() {
            let appends = of.entries(key).len() as u32 - readers[key + 1];
            versions[key + 1] = versions[key] + appends + 2;
            readers[key + 1] += readers[key];
        }
        Keys { of, versions, readers }
    }

    fn versions(&self) -> usize {
        self.versions[self.of.len()] as usize
    }

    fn reads(&self) -> usize {
        self.readers[self.of.len()] as usize
    }

    fn entries(&self, key: usize) -> &[Entry] {
        self.of.entries(key)
    }

    /// Cuts the work into shares of about the same size, each with its part of the output.
    fn shares<'a>(
        &self,
        mut writers: &'a mut [u32],
        mut reader_starts: &'a mut [u32],
        mut readers: &'a mut [u32],
    ) -> Vec<Share<'a>> {
        let mut shares = Vec::new();
        for keys in self.of.shares() {
            let (from, to) = (keys.start, keys.end);
            let versions = (self.versions[to] - self.versions[from]) as usize;
            let reads = (self.readers[to] - self.readers[from]) as usize;
            let cut;
            (cut, writers) = writers.split_at_mut(versions);
            let starts;
            (starts, reader_starts) = reader_starts.split_at_mut(versions);
            let readers_here;
            (readers_here, readers) = readers.split_at_mut(reads);
            shares.push(Share {
                keys,
                writers: cut,
                reader_ends: starts,
                readers: readers_here,
                findings: Findings::default(),
                unseen: Vec::new(),
                others: Vec::new(),
            });
        }
        shares
    }
}

/// Some keys, and where to write what is found out about them.
struct Share<'a> {
    keys: std::ops::Range<usize>,
    writers: &'a mut [u32],
    /// Where the readers of each version end.
    reader_ends: &'a mut [u32],
    readers: &'a mut [u32],
    findings: Findings,
    /// By the version behind the last: who appended unseen.
    unseen: Vec<(u32, Vec<u32>)>,
    others: Vec<(u32, u32, Kinds)>,
}

/// Writes down what a micro-operation accessed.
fn note(accesses: &[AtomicU32], mop: u32, access: Access) {
    accesses[mop as usize].store(access.0, Ordering::Relaxed);
}
