//! Imagined stores of transactions, each of which provides one consistency model and no more.
//!
//! A store is a row of commits. What a transaction reads is decided by which of them it sees; what
//! it may commit, by which of them it does not.
use std::fmt::Write;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::generator::stream;

mod db;
mod store;

use db::{Db, Isolation, Mop};
pub(super) use store::{forks, lists, registers};

/// What the transactions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Lists that are appended to.
    Lists,
    /// Registers that are written.
    Registers,
}

/// An imagined store by name.
pub struct Sim {
    /// What it is called.
    pub name: &'static str,
    /// The strongest model that it provides.
    pub provides: &'static str,
    /// The weakest models that it does not provide.
    pub breaks: &'static [&'static str],
    isolation: Isolation,
}

const fn sim(
    name: &'static str,
    isolation: Isolation,
    provides: &'static str,
    breaks: &'static [&'static str],
) -> Sim {
    Sim { name, provides, breaks, isolation }
}

/// All of them, the strongest first.
pub const ALL: &[Sim] = {
    use Isolation as I;
    const STRICT: &[&str] = &["strong-serializable"];
    const SKEW: &[&str] = &["serializable", "strong-snapshot-isolation"];
    const SNAPSHOT: &[&str] = &["snapshot-isolation"];
    &[
        sim("strict-serializable", I::Strict, "strong-serializable", &[]),
        sim("stale-reads", I::OldReads, "serializable", STRICT),
        sim("snapshot-isolation", I::Snapshots, "snapshot-isolation", SKEW),
        sim("parallel-snapshot-isolation", I::Sites, "parallel-snapshot-isolation", SNAPSHOT),
        sim("lost-update", I::LostUpdates, "prefix", SNAPSHOT),
        sim(
            "read-committed",
            I::EachRead,
            "read-committed",
            &["read-atomic", "snapshot-isolation"],
        ),
        sim("read-uncommitted", I::Dirty, "read-uncommitted", &["read-committed"]),
        sim("aborted-reads", I::Aborted, "read-uncommitted", &["read-committed"]),
    ]
};

/// How much is asked of a store.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Transactions.
    pub txns: usize,
    /// Clients, each with one transaction at a time.
    pub clients: usize,
    /// Keys.
    pub keys: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Idle,
    Asked,
    Done(bool),
}

impl Sim {
    /// A history of this store, as JSON Lines.
    pub fn history(&self, objects: Objects, size: Size, seed: u64) -> String {
        let mut db = Db::new(self.isolation, stream(seed, self.name));
        let mut clients = vec![(Stage::Idle, Vec::new()); size.clients];
        let mut elements = vec![0; size.keys as usize];
        let (mut text, mut begun, mut ended) = (String::new(), 0, 0);
        while ended < size.txns {
            let process = db.chance.random_range(0..size.clients);
            let (stage, mops) = &mut clients[process];
            *stage = match *stage {
                Stage::Idle if begun == size.txns => continue,
                Stage::Idle => {
                    begun += 1;
                    *mops = asked(&mut db.chance, &mut elements);
                    if db.is_patched() {
                        mops.sort_by_key(|mop| matches!(mop, Mop::Write(..)));
                    }
                    write(&mut text, objects, process, "invoke", mops);
                    Stage::Asked
                }
                Stage::Asked => Stage::Done(db.run(process % 2, mops)),
                Stage::Done(is_ok) => {
                    ended += 1;
                    write(&mut text, objects, process, if is_ok { "ok" } else { "fail" }, mops);
                    Stage::Idle
                }
            };
        }
        text
    }
}

/// A transaction to ask for.
fn asked(chance: &mut ChaCha8Rng, elements: &mut [u32]) -> Vec<Mop> {
    let only_reads = chance.random_bool(0.3);
    let mop = |_| {
        let key = chance.random_range(0..elements.len());
        if only_reads || chance.random_bool(0.5) {
            return Mop::Read(key as u32, Vec::new());
        }
        elements[key] += 1;
        Mop::Write(key as u32, elements[key])
    };
    let count = 4;
    (0..count).map(mop).collect()
}

fn write(text: &mut String, objects: Objects, process: usize, kind: &str, mops: &[Mop]) {
    let word = if objects == Objects::Lists { "append" } else { "w" };
    let shown = |mop: &Mop| match mop {
        Mop::Write(key, element) => format!("[\"{word}\",{key},{element}]"),
        Mop::Read(key, _) if kind != "ok" => format!("[\"r\",{key},null]"),
        Mop::Read(key, list) if objects == Objects::Lists => format!("[\"r\",{key},{list:?}]"),
        Mop::Read(key, list) => {
            let last = list.last().map_or_else(|| "null".to_owned(), u32::to_string);
            format!("[\"r\",{key},{last}]")
        }
    };
    let mops: Vec<String> = mops.iter().map(shown).collect();
    let mops = mops.join(",");
    let _ = writeln!(
        text,
        "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"txn\",\"value\":[{mops}]}}"
    );
}
