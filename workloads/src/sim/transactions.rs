//! Imagined stores of transactions, each of which provides one consistency model and no more.
//!
//! A store is a row of commits. What a transaction reads is decided by which of them it sees; what
//! it may commit, by which of them it does not.
use std::fmt::Write;

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::generator::stream;

/// What the transactions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Lists that are appended to.
    Lists,
    /// Registers that are written.
    Registers,
}

/// How a store departs from doing one transaction after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isolation {
    Strict,
    /// Who only reads may see an old state.
    OldReads,
    /// Everybody sees an old state, and overwrites nothing that was written since.
    Snapshots,
    /// The same at each of two sites, which learn late of each other.
    Sites,
    /// Everybody sees an old state, and overwrites what was written since.
    LostUpdates,
    /// Each read sees what is committed by then.
    EachRead,
    /// Now and then a read sees what is not committed yet, or never will be.
    Dirty,
    /// Now and then a read sees what never will be committed.
    Aborted,
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

#[derive(Clone, Debug)]
enum Mop {
    Write(u32, u32),
    Read(u32, Vec<u32>),
}

type Writes = Vec<(u32, u32)>;

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Idle,
    Asked,
    Done(bool),
}

impl Sim {
    /// A history of this store, as JSON Lines.
    pub fn history(&self, objects: Objects, size: Size, seed: u64) -> String {
        let mut db = Db {
            isolation: self.isolation,
            chance: stream(seed, self.name),
            commits: Vec::new(),
            known: [0; 2],
            uncommitted: Vec::new(),
        };
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

struct Db {
    isolation: Isolation,
    chance: ChaCha8Rng,
    /// What each commit wrote, and at which of the sites.
    commits: Vec<(usize, Writes)>,
    /// How many commits each site has learnt of, of the other one's.
    known: [usize; 2],
    /// Writes that somebody may see who should not.
    uncommitted: Writes,
}

impl Db {
    /// Whether others may write between what a transaction sees and what it writes. Then it had
    /// better not look at what it wrote: its list would be of no order that ever was.
    fn is_patched(&self) -> bool {
        use Isolation as I;
        matches!(self.isolation, I::LostUpdates | I::EachRead | I::Dirty | I::Aborted)
    }

    /// Runs a transaction at a site: whether it committed.
    fn run(&mut self, site: usize, mops: &mut [Mop]) -> bool {
        let is_update = mops.iter().any(|mop| matches!(mop, Mop::Write(..)));
        let now = self.commits.len();
        let old = now - self.chance.random_range(0..=4).min(now);
        let mut end = match self.isolation {
            Isolation::OldReads if !is_update => old,
            Isolation::Snapshots | Isolation::LostUpdates | Isolation::EachRead => old,
            _ => now,
        };
        let fails = self.chance.random_bool(0.1);
        self.learn(site);
        let mut own: Writes = Vec::new();
        for mop in mops {
            if self.isolation == Isolation::EachRead {
                end = self.chance.random_range(end..=now);
            }
            match mop {
                Mop::Write(key, element) => own.push((*key, *element)),
                Mop::Read(key, list) => *list = self.read(*key, site, end, &own),
            }
        }
        self.leak(&own, fails);
        if fails || self.conflicts(site, end, &own) {
            return false;
        }
        if !own.is_empty() {
            self.commits.push((site, own));
        }
        true
    }

    /// A site learns of what the other one committed, in its order.
    fn learn(&mut self, site: usize) {
        if self.chance.random_bool(0.3) {
            let more = self.chance.random_range(self.known[site]..=self.commits.len());
            self.known[site] = more;
        }
    }

    fn is_seen(&self, commit: usize, site: usize, end: usize) -> bool {
        match self.isolation {
            Isolation::Sites => self.commits[commit].0 == site || commit < self.known[site],
            _ => commit < end,
        }
    }

    /// What a key has, with what the transaction itself wrote.
    fn read(&mut self, wanted: u32, site: usize, end: usize, own: &Writes) -> Vec<u32> {
        let seen = (0..self.commits.len()).filter(|&commit| self.is_seen(commit, site, end));
        let committed = seen.flat_map(|commit| &self.commits[commit].1);
        let of_key = |(key, element): &(u32, u32)| (*key == wanted).then_some(*element);
        let mut list: Vec<u32> = committed.filter_map(of_key).collect();
        let has_written = own.iter().any(|(key, _)| *key == wanted);
        if !has_written && self.chance.random_bool(0.5) {
            let last = list.last().copied().unwrap_or(0);
            list.extend(self.uncommitted.iter().filter_map(of_key).filter(|e| *e > last));
        }
        list.extend(own.iter().filter_map(of_key));
        list
    }

    /// What others may come to see of it before it commits, or fails.
    fn leak(&mut self, own: &Writes, fails: bool) {
        let leaks = match self.isolation {
            Isolation::Dirty => true,
            Isolation::Aborted => fails,
            _ => false,
        };
        if leaks {
            self.uncommitted = own.choose(&mut self.chance).copied().into_iter().collect();
        }
    }

    /// Whether it would overwrite what it did not see.
    fn conflicts(&self, site: usize, end: usize, own: &Writes) -> bool {
        let has_checks = matches!(self.isolation, Isolation::Snapshots | Isolation::Sites);
        let unseen = (0..self.commits.len()).filter(|&commit| !self.is_seen(commit, site, end));
        let mut written = unseen.flat_map(|commit| &self.commits[commit].1);
        has_checks && written.any(|(key, _)| own.iter().any(|(mine, _)| mine == key))
    }
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
