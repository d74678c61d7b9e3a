//! Which edges a cycle must have, and may not have, to be an anomaly of a certain name.
//!
//! G0, G1c, G-single and G2-item are of Adya's thesis (1999, §4 and §5); that cycles in which no
//! two anti-dependencies meet are what snapshot isolation forbids is the theorem of Cerone &
//! Gotsman (2016, §4): hence G-nonadjacent. With `-process` and `-realtime` a cycle needs at least
//! one edge that a session, or real time, imposes. With `-item` the anti-dependencies are on
//! objects, without at least one of them is on a predicate; reads by predicates count as reads.
use super::graph::Kinds;

/// What is asked of a cycle's anti-dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rw {
    /// There is none.
    None,
    /// There is exactly one.
    One,
    /// There are at least two, and no two of them meet.
    Apart,
    /// There are two that meet.
    Together,
}

/// What is asked of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The kinds of edges it may have.
    pub allowed: Kinds,
    /// Kinds that it must have an edge of, each; for `wr`, `wrp` will do.
    pub needed: Kinds,
    /// Its anti-dependencies.
    pub rw: Rw,
}

/// What has been seen of a cycle so far, as bits.
pub type Seen = u8;

const LAST_IS_RW: Seen = 1;
const WR: Seen = 2;
const ORDER: Seen = 4;
const ONE: Seen = 8;
const MORE: Seen = 16;
const MET: Seen = 32;
const PREDICATE: Seen = 64;

/// One more than every value of [`Seen`].
pub const SEEN: usize = 128;

impl Pattern {
    /// Every value of [`Seen`] that a walk can come to.
    pub fn states(&self) -> Vec<Seen> {
        let mut states = self.starts().to_vec();
        let mut at = 0;
        while let Some(&seen) = states.get(at) {
            for kinds in Kinds::ALL.into_iter().filter(|kinds| kinds.is_within(self.allowed)) {
                let next = self.step(seen, kinds);
                states.extend(next.filter(|next| !states.contains(next)));
            }
            at += 1;
        }
        states
    }

    /// What may have come before the first edge that is looked at: somewhere the cycle begins,
    /// and its last edge meets its first.
    pub fn starts(&self) -> &'static [Seen] {
        match self.rw {
            Rw::None | Rw::One => &[0],
            Rw::Apart | Rw::Together => &[0, LAST_IS_RW],
        }
    }

    /// What has been seen after another edge; `None` where the cycle no longer fits.
    pub fn step(&self, seen: Seen, kinds: Kinds) -> Option<Seen> {
        if kinds == Kinds::GOES_ON {
            return Some(seen);
        }
        let mut now = seen & !LAST_IS_RW;
        if kinds.meets(Kinds::ANTI) {
            now |= match self.rw {
                Rw::None => return None,
                Rw::One if seen & ONE != 0 => return None,
                Rw::Apart if seen & LAST_IS_RW != 0 => return None,
                Rw::One => ONE,
                Rw::Apart if seen & ONE != 0 => LAST_IS_RW | MORE,
                Rw::Apart => LAST_IS_RW | ONE,
                Rw::Together if seen & LAST_IS_RW != 0 => LAST_IS_RW | MET,
                Rw::Together => LAST_IS_RW,
            };
        }
        if kinds.meets(Kinds::READS) && self.needed.meets(Kinds::WR) {
            now |= WR;
        }
        if kinds == Kinds::RWP && self.needed.meets(Kinds::RWP) {
            now |= PREDICATE;
        }
        if kinds.meets(self.needed) && kinds.meets(Kinds::PROCESS.and(Kinds::REALTIME)) {
            now |= ORDER;
        }
        Some(now)
    }

    /// Whether a walk that began with `start` and comes back to where it began is such a cycle.
    pub fn is_closed(&self, start: Seen, seen: Seen) -> bool {
        let needs = |kinds, bit| !self.needed.meets(kinds) || seen & bit != 0;
        let rw = match self.rw {
            Rw::None => true,
            Rw::One => seen & ONE != 0,
            Rw::Apart => seen & MORE != 0,
            Rw::Together => seen & MET != 0,
        };
        (seen ^ start) & LAST_IS_RW == 0
            && rw
            && needs(Kinds::WR, WR)
            && needs(Kinds::RWP, PREDICATE)
            && needs(Kinds::PROCESS.and(Kinds::REALTIME), ORDER)
    }
}
