//! What transactions see of each other, and which of them may commit.
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// How a store departs from doing one transaction after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
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

#[derive(Clone, Debug)]
pub(super) enum Mop {
    Write(u32, u32),
    Read(u32, Vec<u32>),
}

type Writes = Vec<(u32, u32)>;

/// The commits of a store.
pub(super) struct Db {
    isolation: Isolation,
    pub(super) chance: ChaCha8Rng,
    /// What each commit wrote, and at which of the sites.
    commits: Vec<(usize, Writes)>,
    /// How many commits each site has learnt of, of the other one's.
    known: [usize; 2],
    /// Writes that somebody may see who should not.
    uncommitted: Writes,
}

impl Db {
    pub(super) fn new(isolation: Isolation, chance: ChaCha8Rng) -> Db {
        Db { isolation, chance, commits: Vec::new(), known: [0; 2], uncommitted: Vec::new() }
    }

    /// Whether others may write between what a transaction sees and what it writes. Then it had
    /// better not look at what it wrote: its list would be of no order that ever was.
    pub(super) fn is_patched(&self) -> bool {
        use Isolation as I;
        matches!(self.isolation, I::LostUpdates | I::EachRead | I::Dirty | I::Aborted)
    }

    /// Runs a transaction at a site: whether it committed.
    pub(super) fn run(&mut self, site: usize, mops: &mut [Mop]) -> bool {
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
