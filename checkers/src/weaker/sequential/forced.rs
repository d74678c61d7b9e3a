//! What every sequentially consistent order of register calls has in common, where the values
//! written differ: then each read names its write, and no other write may come between the two.
//! So of another write of that key: what comes before the read comes before the write it saw, and
//! what comes after that write comes after the read. Applied until nothing new follows; if then
//! calls precede each other in a circle there is no order. That no circle is left proves nothing:
//! the question is NP-complete even so (Gibbons and Korach 1997, "Testing shared memories"), which
//! is why the search remains.
//!
//! Sessions are chains, so what precedes a call is one number a session, as in a vector clock:
//! O(n · sessions) memory, and time a round.
use rustc_hash::FxHashMap;

use super::super::{
    accesses::{Access, Accesses, Act},
    circle,
};
use crate::Budget;

/// Rounds after which the rest is left to the search; what was found by then is still true.
const ROUNDS_MAX: usize = 64;

/// Calls each of which must precede the next, and the last the first. Numbers of accesses.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::weaker) struct Circle(pub(in crate::weaker) Vec<u32>);

pub(in crate::weaker) struct Forced<'a> {
    accesses: &'a Accesses,
    /// For each access, those known to precede it, beside its predecessors in the session.
    pub(in crate::weaker) before: Vec<Vec<u32>>,
    /// For each write, the last read of it in each session.
    pub(in crate::weaker) readers: Vec<Vec<u32>>,
    /// Of each session and key, the writes, in order.
    writes: FxHashMap<(u32, u32), Vec<u32>>,
    /// The sessions that write each key.
    writing: FxHashMap<u32, Vec<u32>>,
    /// For each access, how many accesses of each session come no later.
    clocks: Vec<u32>,
}

impl<'a> Forced<'a> {
    /// All that can be concluded within the budget.
    pub(in crate::weaker) fn new(
        accesses: &'a Accesses,
        budget: &Budget,
    ) -> Result<Forced<'a>, Circle> {
        let size = accesses.all.len();
        let mut forced = Forced {
            accesses,
            before: vec![Vec::new(); size],
            readers: vec![Vec::new(); size],
            writes: FxHashMap::default(),
            writing: FxHashMap::default(),
            clocks: Vec::new(),
        };
        forced.begin();
        let words = (size * accesses.sessions.len()) as u64;
        for _ in 0..ROUNDS_MAX {
            let order = circle::order(size, |i| forced.predecessors(i)).map_err(Circle)?;
            if words.saturating_mul(4) > budget.bytes_max / 2 || budget.is_over() {
                break;
            }
            forced.tick(&order);
            if !forced.conclude() {
                break;
            }
        }
        forced.clocks = Vec::new();
        Ok(forced)
    }

    /// A write comes before its reads, and every write after the reads of the initial value.
    fn begin(&mut self) {
        let mut first: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (i, access) in self.accesses.all.iter().enumerate() {
            let i = i as u32;
            match access.act {
                Act::Write => {
                    let own = self.writes.entry((access.session, access.key)).or_default();
                    if own.is_empty() {
                        self.writing.entry(access.key).or_default().push(access.session);
                    }
                    own.push(i);
                }
                Act::Read(Some(source)) => {
                    self.before[i as usize].push(source);
                    keep_last(&mut self.readers[source as usize], self.accesses, i);
                }
                Act::Read(None) => {
                    keep_last(first.entry(access.key).or_default(), self.accesses, i);
                }
            }
        }
        let mut heads: Vec<u32> = self.writes.values().map(|own| own[0]).collect();
        heads.sort_unstable();
        for head in heads {
            if let Some(reads) = first.get(&self.accesses.get(head).key) {
                self.before[head as usize].extend(reads);
            }
        }
    }

    fn predecessor(&self, access: &Access) -> Option<u32> {
        let session = &self.accesses.sessions[access.session as usize];
        access.place.checked_sub(1).map(|place| session[place as usize])
    }

    fn predecessors(&self, i: u32) -> impl Iterator<Item = u32> + '_ {
        let own = self.predecessor(self.accesses.get(i));
        self.before[i as usize].iter().copied().chain(own)
    }

    /// Sets the clocks from what is known by now.
    fn tick(&mut self, order: &[u32]) {
        let width = self.accesses.sessions.len();
        let mut clocks = std::mem::take(&mut self.clocks);
        clocks.clear();
        clocks.resize(order.len() * width, 0);
        let mut clock = vec![0; width];
        for &i in order {
            clock.fill(0);
            for before in self.predecessors(i) {
                let start = before as usize * width;
                for (mine, theirs) in clock.iter_mut().zip(&clocks[start..start + width]) {
                    *mine = (*mine).max(*theirs);
                }
            }
            let access = self.accesses.get(i);
            clock[access.session as usize] = access.place + 1;
            clocks[i as usize * width..][..width].copy_from_slice(&clock);
        }
        self.clocks = clocks;
    }

    fn clock(&self, i: u32, session: u32) -> u32 {
        self.clocks[i as usize * self.accesses.sessions.len() + session as usize]
    }

    fn precedes(&self, a: u32, b: u32) -> bool {
        let access = self.accesses.get(a);
        a != b && access.place < self.clock(b, access.session)
    }

    /// Applies both rules once everywhere; whether anything followed. Of the writes of a session
    /// only the last before a call counts: the earlier ones precede that.
    fn conclude(&mut self) -> bool {
        let mut new = Vec::new();
        for i in 0..self.accesses.all.len() as u32 {
            let access = self.accesses.get(i);
            let writing = self.writing.get(&access.key).map_or(&[][..], Vec::as_slice);
            for &session in writing {
                let Some(other) = self.last_write_before(i, session, access.key) else { continue };
                match access.act {
                    Act::Read(Some(source)) if other != source && !self.precedes(other, source) => {
                        new.push((other, source));
                    }
                    Act::Read(_) => (),
                    Act::Write => {
                        let late = self.readers[other as usize].iter();
                        let late = late.filter(|&&reader| !self.precedes(reader, i));
                        new.extend(late.map(|&reader| (reader, i)));
                    }
                }
            }
        }
        for &(a, b) in &new {
            self.before[b as usize].push(a);
        }
        !new.is_empty()
    }

    fn last_write_before(&self, i: u32, session: u32, key: u32) -> Option<u32> {
        let own = self.writes.get(&(session, key))?;
        let known = self.clock(i, session);
        let is_before = |&write: &u32| write != i && self.accesses.get(write).place < known;
        own[..own.partition_point(is_before)].last().copied()
    }
}

/// Keeps only the last read of each session: it comes after the others.
fn keep_last(readers: &mut Vec<u32>, accesses: &Accesses, reader: u32) {
    let session = accesses.get(reader).session;
    // Reads of one session tend to follow each other, so the last place is the one to look at.
    match readers.iter_mut().rev().find(|other| accesses.get(**other).session == session) {
        Some(other) => *other = reader,
        None => readers.push(reader),
    }
}
