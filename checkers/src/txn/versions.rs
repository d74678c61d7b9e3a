//! Dependencies that follow from known version orders, none of them stored as edges.
//!
//! The versions of a key are numbered one after the other, so what overwrote version `v` is what
//! wrote `v + 1`. A transaction's successors are then read off its own micro-operations: who
//! overwrote what it wrote (`ww`), who read what it wrote (`wr`), who overwrote what it read (`rw`).
use super::graph::{Cursor, Graph, Kinds, NONE};

/// In [`Versions::writers`]: not a transaction, but the tail of this number.
pub(super) const TAIL: u32 = 1 << 31;

/// Who wrote and who read which version.
#[derive(Default)]
pub struct Versions {
    /// Where the micro-operations of each transaction begin, and at last where they all end.
    pub starts: Vec<u32>,
    /// What each micro-operation accessed; see [`Access`].
    pub accesses: Vec<Access>,
    /// Who wrote each version. Behind the last of a key stands [`NONE`] or a tail.
    pub writers: Vec<u32>,
    /// Where the readers of each version begin, and at last where they all end.
    pub reader_starts: Vec<u32>,
    /// Who read it.
    pub readers: Vec<u32>,
    /// Writes that nobody saw, although they happened: after all that was seen, in no known order.
    pub tails: Tails,
    /// Dependencies that follow from no order, by whom they come from.
    pub others: Vec<(u32, u32, Kinds)>,
}

/// The version that a micro-operation wrote or read; none where nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(pub(super) u32);

impl Access {
    /// Nobody knows.
    pub const UNKNOWN: Access = Access(NONE);

    /// It wrote this version.
    pub const fn wrote(version: u32) -> Access {
        Access(version << 1 | 1)
    }

    /// It read this version.
    pub const fn read(version: u32) -> Access {
        Access(version << 1)
    }

    /// The version, and whether it was written.
    pub fn known(self) -> Option<(u32, bool)> {
        (self.0 != NONE).then_some((self.0 >> 1, self.0 & 1 == 1))
    }
}

/// Sets of transactions of which each, except itself, comes after something.
///
/// Everybody but oneself would be `n²` edges. Two hubs a member keep it linear: one leads to it
/// and all before it in its tail, the other to it and all behind it.
#[derive(Default)]
pub struct Tails {
    starts: Vec<u32>,
    members: Vec<u32>,
    /// The tail of each member.
    tails: Vec<u32>,
}

impl Tails {
    /// Adds a tail of these transactions, in ascending order. Returns its number.
    pub fn push(&mut self, members: &[u32]) -> u32 {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let number = self.starts.len() as u32 - 1;
        self.members.extend(members);
        self.tails.extend(members.iter().map(|_| number));
        self.starts.push(self.members.len() as u32);
        number
    }

    /// The members of a tail.
    pub fn members(&self, tail: u32) -> &[u32] {
        &self.members[self.range(tail)]
    }

    fn range(&self, tail: u32) -> std::ops::Range<usize> {
        self.starts[tail as usize] as usize..self.starts[tail as usize + 1] as usize
    }

    fn hubs(&self) -> u32 {
        self.members.len() as u32 * 2
    }

    /// Where to enter a tail so as to reach everybody but oneself: at most two hubs.
    fn entries(&self, tail: u32, txn: u32) -> [Option<u32>; 2] {
        let range = self.range(tail);
        let (first, end) = (range.start as u32, range.end as u32);
        match self.members[range].binary_search(&txn) {
            Err(_) => [Some(first * 2 + 1), None],
            Ok(place) => {
                let own = first + place as u32;
                [(own > first).then(|| (own - 1) * 2), (own + 1 < end).then_some((own + 1) * 2 + 1)]
            }
        }
    }

    /// The member at a hub, then the next hub.
    fn next(&self, hub: u32, step: u32, txns: u32) -> Option<u32> {
        let member = hub / 2;
        let tail = self.tails[member as usize];
        let range = self.range(tail);
        match step {
            0 => Some(self.members[member as usize]),
            1 if hub.is_multiple_of(2) => (member > range.start as u32).then(|| txns + hub - 2),
            1 => (member + 1 < range.end as u32).then(|| txns + hub + 2),
            _ => None,
        }
    }
}

impl Versions {
    /// Whether somebody saw a version that a transaction wrote.
    pub fn is_writer(&self, txn: u32) -> bool {
        let (start, end) = (self.starts[txn as usize], self.starts[txn as usize + 1]);
        let accesses = &self.accesses[start as usize..end as usize];
        accesses.iter().any(|access| access.known().is_some_and(|(_, is_write)| is_write))
    }

    /// Whether what stands behind the last version is a tail.
    pub fn tail(&self, version: u32) -> bool {
        self.writers.get(version as usize).is_some_and(|w| *w != NONE && w & TAIL != 0)
    }

    /// Whether a transaction is among those that overwrote a version.
    pub fn is_overwritten_by(&self, version: u32, txn: u32) -> bool {
        match self.writers.get(version as usize + 1) {
            None | Some(&NONE) => false,
            Some(&tail) if tail & TAIL != 0 => {
                self.tails.members(tail & !TAIL).binary_search(&txn).is_ok()
            }
            Some(&writer) => writer == txn,
        }
    }

    /// Who overwrote a version, from the point of view of a transaction: itself left out.
    fn overwriter(&self, version: u32, txn: u32, which: u32) -> Option<u32> {
        let writer = self.writers.get(version as usize + 1).copied().unwrap_or(NONE);
        if writer == NONE {
            return None;
        }
        if writer & TAIL == 0 {
            return (which == 0 && writer != txn).then_some(writer);
        }
        let entry = self.tails.entries(writer & !TAIL, txn)[which as usize]?;
        Some(self.txns() + entry)
    }

    /// Whoever comes after because of one access, one by one.
    fn follower(&self, access: Access, txn: u32, step: &mut u32) -> Option<(u32, Kinds)> {
        let (version, is_write) = access.known()?;
        let kinds = if is_write { Kinds::WW } else { Kinds::RW };
        while *step < 2 {
            *step += 1;
            if let Some(writer) = self.overwriter(version, txn, *step - 1) {
                return Some((writer, kinds));
            }
        }
        if !is_write {
            return None;
        }
        let (start, end) = self.reader_range(version);
        while start + *step - 2 < end {
            let reader = self.readers[(start + *step - 2) as usize];
            *step += 1;
            if reader != txn {
                return Some((reader, Kinds::WR));
            }
        }
        None
    }

    fn reader_range(&self, version: u32) -> (u32, u32) {
        (self.reader_starts[version as usize], self.reader_starts[version as usize + 1])
    }

    /// Whoever comes after, by an edge that follows from no order.
    fn other(&self, txn: u32, step: u32) -> Option<(u32, Kinds)> {
        let first = self.others.partition_point(|edge| edge.0 < txn);
        let (from, to, kinds) = self.others.get(first + step as usize)?;
        (*from == txn).then_some((*to, *kinds))
    }
}

impl Graph for Versions {
    fn nodes(&self) -> u32 {
        self.txns() + self.tails.hubs()
    }

    fn txns(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    fn has_predicates(&self) -> bool {
        self.others.iter().any(|(_, _, kinds)| kinds.meets(Kinds::RWP))
    }

    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)> {
        let txns = self.txns();
        if node >= txns {
            let next = self.tails.next(node - txns, at.0, txns)?;
            at.0 += 1;
            return Some((next, Kinds::GOES_ON));
        }
        let (start, end) = (self.starts[node as usize], self.starts[node as usize + 1]);
        while start + at.0 < end {
            let access = self.accesses[(start + at.0) as usize];
            if let Some(found) = self.follower(access, node, &mut at.1) {
                return Some(found);
            }
            *at = Cursor(at.0 + 1, 0);
        }
        if self.others.is_empty() {
            return None;
        }
        let found = self.other(node, at.1)?;
        at.1 += 1;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_leads_to_everybody_but_oneself() {
        // Transactions 0 to 3 read the first version of a key; 1 to 3 overwrote it, unseen.
        let mut versions = Versions {
            starts: vec![0, 1, 2, 3, 4],
            accesses: vec![Access::read(0); 4],
            writers: vec![NONE, TAIL],
            reader_starts: vec![0, 4, 4],
            readers: vec![0, 1, 2, 3],
            ..Versions::default()
        };
        versions.tails.push(&[1, 2, 3]);
        for (txn, expected) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (2, vec![1, 3])] {
            let mut reached = Vec::new();
            let mut open = vec![txn];
            while let Some(node) = open.pop() {
                for (next, _) in versions.successors(node) {
                    if next < 4 { reached.push(next) } else { open.push(next) }
                }
            }
            reached.sort_unstable();
            assert_eq!(reached, expected, "{txn}");
        }
    }
}
