//! Registers: what reads and writes of single values give away.
//!
//! Values are distinct, so a read says whose write it saw. Nothing says in which order a key's
//! values were written: there is a partial order of versions, from the initial state and from what
//! [`super::Assume`] takes for granted (Kingsbury & Alvaro 2020, §5.2). Where the database says it,
//! it is known: reads and writes may pass on the number that it gives the version, as etcd's
//! `mod_revision` or a commit's timestamp (`["w","x",1,17]`, `["r","x",1,17]`). Every version knows
//! the transactions that wrote the next ones, so that dependencies are read off as for lists.
use rayon::prelude::*;

use super::{
    Assume, Options,
    atom::Atom,
    by_key::ByKey,
    decode::{Act, Txns, Words},
    findings::Findings,
    graph::NONE,
    judge,
    versions::{Access, TAIL, Versions},
};
use crate::{Budget, Checker, History, Verdict};

mod assumed;
mod circle;
mod decide;
mod direct;
mod explain;
mod key;
mod order;
mod supplied;
mod weak;

use explain::Registers;
use key::KeyView;

/// The checker of transactions that write and read registers.
pub struct RwRegister(pub Options);

/// What `--workload rw-register` means.
pub const ENTRY: super::Entry = super::Entry {
    name: "rw-register",
    about: "transactions that write and read registers: [[\"w\",k,v],[\"r\",k,v]]; \
            [\"r\",k,v,n] where the database numbers versions",
    build: |options| Box::new(RwRegister(options)),
};

impl Checker for RwRegister {
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let txns = match Txns::decode(history, Words::REGISTERS) {
            Ok(txns) => txns,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let (mut registers, findings) = analyze(txns, self.0.assume);
        registers.search_orders = self.0.search_orders;
        judge::judge(&registers.txns, &registers, &findings, &self.0.consistency, budget)
    }
}

/// What the transactions of a history depend on, and what is wrong with them one by one.
pub fn analyze(mut txns: Txns<'_>, assume: Assume) -> (Registers<'_>, Findings) {
    let values = values(&mut txns);
    let by_key = ByKey::group(&txns);
    let views = each(&by_key, |key| KeyView::look(&txns, &values, &by_key, key));
    let happened = happened(&txns, &views);
    let orders = each(&by_key, |key| {
        let mut findings = Findings::default();
        let order = order::order(&txns, &views[key], assume, &happened, &mut findings);
        direct::find(&txns, &values, by_key.entries(key), &views[key], &mut findings);
        (order, findings)
    });
    let mut findings = Findings::default();
    let mut nexts = Vec::with_capacity(orders.len());
    for (next, found) in orders {
        findings.merge(found);
        nexts.push(next);
    }
    let versions = versions(&txns, &views, &nexts);
    (Registers { txns, versions, views, happened, assume, search_orders: false }, findings)
}

/// Something for each key, in parallel.
fn each<T: Send>(by_key: &ByKey, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let shares: Vec<Vec<T>> =
        by_key.shares().into_par_iter().map(|keys| keys.map(&work).collect()).collect();
    shares.into_iter().flatten().collect()
}

/// What each micro-operation wrote or read.
fn values(txns: &mut Txns<'_>) -> Vec<Atom> {
    let names = &mut txns.names;
    let nothing = names.atom("null");
    let value = |act: &Act<'_>| match *act {
        Act::Write(atom) => atom,
        Act::Read("null") => nothing,
        Act::Read(text) => names.atom(text),
    };
    txns.acts.iter().map(value).collect()
}

/// Which transactions happened: they say so themselves, or somebody read what they wrote.
fn happened(txns: &Txns<'_>, views: &[KeyView]) -> Vec<bool> {
    let mut happened: Vec<bool> = (0..txns.len() as u32).map(|txn| txns.is_ok(txn)).collect();
    for view in views {
        for touch in view.touches.iter().filter(|touch| touch.read != NONE) {
            if let Some(writer) = view.writers[touch.read as usize].committed() {
                happened[writer as usize] = true;
            }
        }
    }
    happened
}

/// Numbers the versions of all keys, two numbers each: the second stands for what comes next.
fn versions(txns: &Txns<'_>, views: &[KeyView], nexts: &[Vec<(u32, u32)>]) -> Versions {
    let count: usize = views.iter().map(|view| view.values.len()).sum();
    let mut versions = Versions {
        starts: txns.starts.clone(),
        accesses: vec![Access::UNKNOWN; txns.acts.len()],
        writers: vec![NONE; 2 * count],
        reader_starts: Vec::with_capacity(2 * count + 1),
        ..Versions::default()
    };
    for (view, nexts) in views.iter().zip(nexts) {
        let first = versions.reader_starts.len() as u32;
        for next in nexts.chunk_by(|one, other| one.0 == other.0) {
            let members: Vec<u32> = next.iter().map(|(_, txn)| *txn).collect();
            versions.writers[(first + 2 * next[0].0 + 1) as usize] = match members[..] {
                [only] => only,
                _ => TAIL | versions.tails.push(&members),
            };
        }
        for touch in &view.touches {
            if let Some(version) = view.known(touch.read) {
                versions.accesses[touch.read_mop as usize] = Access::read(first + 2 * version);
            }
            if let Some(version) = view.known(touch.write) {
                versions.accesses[touch.write_mop as usize] = Access::wrote(first + 2 * version);
            }
        }
        add_readers(view, &mut versions);
    }
    versions.reader_starts.push(versions.readers.len() as u32);
    versions
}

/// Adds the readers of a key's versions.
fn add_readers(view: &KeyView, versions: &mut Versions) {
    let mut readers: Vec<(u32, u32)> = view
        .touches
        .iter()
        .filter_map(|touch| Some((view.known(touch.read)?, touch.txn)))
        .collect();
    readers.sort_unstable();
    let mut rest = readers.into_iter().peekable();
    for version in 0..view.values.len() as u32 {
        versions.reader_starts.push(versions.readers.len() as u32);
        while let Some((_, txn)) = rest.next_if(|(read, _)| *read == version) {
            versions.readers.push(txn);
        }
        versions.reader_starts.push(versions.readers.len() as u32);
    }
}
