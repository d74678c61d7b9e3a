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

/// Calls each of which must precede the next, for this reason, and the last the first. Numbers of
/// accesses.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::weaker) struct Circle(pub(in crate::weaker) Vec<(u32, Because)>);

/// Why one call precedes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::weaker) enum Because {
    /// One session made both, in this order.
    Session,
    /// The second read what the first wrote.
    Saw,
    /// The first read the initial value; the second is a write.
    Initial,
    /// Both are writes: this read of the second comes after the first.
    SawNewer(u32),
    /// The first read what this write wrote, which comes before the second, a write too.
    Overwrote(u32),
    /// Both are writes, and the opposite leads to a contradiction.
    Excluded,
}

/// A call that precedes another.
#[derive(Clone, Copy, Debug)]
pub(in crate::weaker) struct Must {
    pub(in crate::weaker) first: u32,
    because: Because,
}

#[derive(Clone)]
pub(in crate::weaker) struct Forced {
    /// For each access, those known to precede it, beside its predecessors in the session.
    pub(in crate::weaker) before: Vec<Vec<Must>>,
    /// For each write, the last read of it in each session.
    pub(in crate::weaker) readers: Vec<Vec<u32>>,
}

/// Draws the conclusions.
struct Reasoning<'a> {
    accesses: &'a Accesses,
    before: Vec<Vec<Must>>,
    readers: Vec<Vec<u32>>,
    /// Of each session and key, the writes, in order.
    writes: FxHashMap<(u32, u32), Vec<u32>>,
    /// The sessions that write each key.
    writing: FxHashMap<u32, Vec<u32>>,
    /// For each access, how many accesses of each session come no later.
    clocks: Vec<u32>,
}

impl Forced {
    /// All that can be concluded within the budget where of each of these `facts` the first comes
    /// before the second.
    pub(in crate::weaker) fn new(
        accesses: &Accesses,
        facts: &[(u32, u32)],
        budget: &Budget,
    ) -> Result<Forced, Circle> {
        let size = accesses.all.len();
        let mut reasoning = Reasoning {
            accesses,
            before: vec![Vec::new(); size],
            readers: vec![Vec::new(); size],
            writes: FxHashMap::default(),
            writing: FxHashMap::default(),
            clocks: Vec::new(),
        };
        reasoning.begin();
        for &(first, then) in facts {
            reasoning.before[then as usize].push(Must { first, because: Because::Excluded });
        }
        let words = (size * accesses.sessions.len()) as u64;
        for _ in 0..ROUNDS_MAX {
            let order = circle::order(size, |i| reasoning.predecessors(i));
            let order = order.map_err(|circle| reasoning.reasons(&circle))?;
            if words.saturating_mul(4) > budget.bytes_max / 2 || budget.is_over() {
                break;
            }
            reasoning.tick(&order);
            if !reasoning.conclude() {
                break;
            }
        }
        Ok(Forced { before: reasoning.before, readers: reasoning.readers })
    }
}

impl Reasoning<'_> {
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
                    self.before[i as usize].push(Must { first: source, because: Because::Saw });
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
                let must = |&first: &u32| Must { first, because: Because::Initial };
                self.before[head as usize].extend(reads.iter().map(must));
            }
        }
    }

    fn predecessor(&self, access: &Access) -> Option<u32> {
        let session = &self.accesses.sessions[access.session as usize];
        access.place.checked_sub(1).map(|place| session[place as usize])
    }

    fn predecessors(&self, i: u32) -> impl Iterator<Item = u32> + '_ {
        let own = self.predecessor(self.accesses.get(i));
        self.before[i as usize].iter().map(|must| must.first).chain(own)
    }

    /// The circle with the reason of each step.
    fn reasons(&self, circle: &[u32]) -> Circle {
        let then = circle.iter().cycle().skip(1);
        let because = |first: u32, then: u32| {
            let must = self.before[then as usize].iter().find(|must| must.first == first);
            must.map_or(Because::Session, |must| must.because)
        };
        let steps = circle.iter().zip(then);
        Circle(steps.map(|(&first, &then)| (first, because(first, then))).collect())
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
                        new.push((other, source, Because::SawNewer(i)));
                    }
                    Act::Read(_) => (),
                    Act::Write => {
                        let late = self.readers[other as usize].iter();
                        let late = late.filter(|&&reader| !self.precedes(reader, i));
                        new.extend(late.map(|&reader| (reader, i, Because::Overwrote(other))));
                    }
                }
            }
        }
        for &(first, then, because) in &new {
            self.before[then as usize].push(Must { first, because });
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
