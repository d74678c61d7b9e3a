//! Registers to which no value is written twice: decided in the time it takes to sort.
//!
//! After Gibbons and Korach, "Testing shared memories" (1997), section 4: where each read's write
//! is known, a write and its reads form a *block*, which must be together in every order. Here
//! blocks are also glued into *chains*, each cas behind what it replaced. A chain's *zone* lies
//! between its first completion and its last invocation. Where the completion comes first, the
//! zone is *forward* and the register held the chain's values throughout it, so no two forward
//! zones overlap; otherwise the chain fits into any instant between the two, and must find one
//! that is in no forward zone. What a crashed call wrote counts if somebody needs it.
use super::{familiar::Clash, plain::Act, problem::NEVER};
use crate::model::Deed;

mod order;

pub(super) use order::order;

/// A value's write (or cas) and its reads.
#[derive(Clone, Copy)]
struct Block {
    invoked: u32,
    completed: u32,
    /// Latest invocation of a read.
    read_last: u32,
    /// Earliest completion of a read.
    read_first: u32,
    /// The value that a cas replaced, or [`NONE`].
    source: u32,
    /// The block that is chained behind this one, or [`NONE`].
    next: u32,
    /// Whether it certainly happened.
    happened: bool,
    /// Whether its chain was walked.
    walked: bool,
}

const NONE: u32 = u32::MAX;

/// From the first completion to the last invocation, or the other way round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Zone {
    first: u32,
    last: u32,
}

/// Whether there is an order; `None` where some value was written twice.
pub(super) fn check(acts: &[Act], init: u32, values: u32) -> Option<Result<(), Clash>> {
    let mut blocks = Blocks::of_writes(acts, init, values)?;
    Some(blocks.add_reads(acts).and_then(|()| blocks.chain()).and_then(|()| blocks.check()))
}

struct Blocks {
    all: Vec<Block>,
    /// The block of each value, or [`NONE`].
    by_value: Vec<u32>,
}

impl Blocks {
    /// The blocks in order of invocation; the first is that of the initial value.
    fn of_writes(acts: &[Act], init: u32, values: u32) -> Option<Blocks> {
        let mut by_value = vec![NONE; values as usize];
        let mut all = Vec::with_capacity(acts.len() / 2 + 1);
        let mut add = |value: u32, source, invoked, completed| {
            let place = by_value.get_mut(value as usize).filter(|place| **place == NONE)?;
            *place = all.len() as u32;
            all.push(Block {
                invoked,
                completed,
                read_last: 0,
                read_first: NEVER,
                source,
                next: NONE,
                happened: completed != NEVER,
                walked: false,
            });
            Some(())
        };
        add(init, NONE, 0, 0)?;
        for act in acts {
            match act.deed {
                Deed::Write(value) => add(value, NONE, act.invoked, act.completed)?,
                Deed::Cas(old, new) => add(new, old, act.invoked, act.completed)?,
                _ => (),
            }
        }
        Some(Blocks { all, by_value })
    }

    fn of_value(&self, value: u32) -> Option<usize> {
        let block = self.by_value.get(value as usize).copied().filter(|&block| block != NONE);
        block.map(|block| block as usize)
    }

    fn add_reads(&mut self, acts: &[Act]) -> Result<(), Clash> {
        for act in acts {
            let Deed::Read(value) = act.deed else { continue };
            let block = self.of_value(value).map(|block| &mut self.all[block]);
            let Some(block) = block.filter(|block| block.invoked <= act.completed) else {
                return Err(Clash(act.completed));
            };
            block.happened = true;
            block.read_last = block.read_last.max(act.invoked);
            block.read_first = block.read_first.min(act.completed);
        }
        Ok(())
    }

    /// Glues each cas behind what it replaced, which therefore happened too.
    fn chain(&mut self) -> Result<(), Clash> {
        let is_needed = |&block: &u32| {
            let block = &self.all[block as usize];
            block.happened && block.source != NONE
        };
        let mut needed: Vec<u32> = (0..self.all.len() as u32).filter(is_needed).collect();
        while let Some(number) = needed.pop() {
            let Block { source, completed, .. } = self.all[number as usize];
            let Some(before) = self.of_value(source) else { return Err(Clash(completed)) };
            let before = &mut self.all[before];
            if before.next != NONE && before.next != number {
                return Err(Clash(completed));
            }
            before.next = number;
            if !before.happened {
                before.happened = true;
                if before.source != NONE {
                    needed.extend(self.of_value(source).map(|block| block as u32));
                }
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), Clash> {
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        let init = self.walk(0)?;
        for start in self.starts() {
            let zone = self.walk(start)?;
            // Nothing may end before the initial value was used for the last time.
            if zone.first < init.last {
                return Err(Clash(init.last));
            }
            if zone.first < zone.last { forward.push(zone) } else { backward.push(zone) }
        }
        // What no chain's start leads to goes round in a circle.
        match self.all.iter().find(|block| block.happened && !block.walked) {
            Some(block) => Err(Clash(block.completed)),
            None => disjoint(&mut forward).and_then(|()| outside(&backward, &forward)),
        }
    }

    /// The blocks at which the chains begin, but for the initial one.
    fn starts(&self) -> Vec<usize> {
        let is_start = |&block: &usize| self.all[block].source == NONE && self.all[block].happened;
        (1..self.all.len()).filter(is_start).collect()
    }

    /// Places the blocks of a chain one after the other, each as early as can be.
    fn walk(&mut self, start: usize) -> Result<Zone, Clash> {
        let mut zone = Zone { first: NEVER, last: 0 };
        let (mut now, mut at) = (0, start);
        loop {
            let is_init = at == 0;
            let block = &mut self.all[at];
            block.walked = true;
            now = now.max(block.invoked);
            if (block.completed < now && !is_init) || block.read_first < now {
                return Err(Clash(now));
            }
            if !is_init {
                zone.first = zone.first.min(block.completed);
                zone.last = zone.last.max(block.invoked);
            }
            zone.first = zone.first.min(block.read_first);
            zone.last = zone.last.max(block.read_last);
            now = now.max(block.read_last);
            if block.next == NONE {
                return Ok(zone);
            }
            at = block.next as usize;
        }
    }
}

/// No two forward zones may overlap. Sorts them.
fn disjoint(forward: &mut [Zone]) -> Result<(), Clash> {
    forward.sort_unstable();
    match forward.windows(2).find(|pair| pair[0].last > pair[1].first) {
        Some(pair) => Err(Clash(pair[0].last)),
        None => Ok(()),
    }
}

/// No backward zone may lie within a forward one; these are sorted.
fn outside(backward: &[Zone], forward: &[Zone]) -> Result<(), Clash> {
    match backward.iter().map(|zone| (zone, instant(zone, forward))).find(|(z, at)| *at > z.first) {
        Some((_, at)) => Err(Clash(at)),
        None => Ok(()),
    }
}

/// The first instant from which on a backward zone's chain has no forward zone around it.
fn instant(zone: &Zone, forward: &[Zone]) -> u32 {
    let before = forward.partition_point(|other| other.first < zone.last);
    forward[..before].last().map_or(zone.last, |around| around.last.max(zone.last))
}

#[cfg(test)]
mod tests {
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, model::Register, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(Register::default()).check(&history, &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some("zones")));
    }

    #[test]
    fn a_value_may_not_come_back() {
        check(
            "0: |- write 1 -| |- write 2 -|
             1:                                |- read -> 1 -|",
            Valid::Invalid,
        );
        check(
            "0: |- write 1 -|
             1: |- write 2 -|    |- read -> 1 -|  |- read -> 2 -|",
            Valid::Invalid,
        );
        check(
            "0: |- write 1 -|
             1: |- write 2 -----------------------------|
             2:              |- read -> 1 -|  |- read -> 2 -|",
            Valid::Valid,
        );
    }

    #[test]
    fn a_write_must_find_an_instant_at_which_nothing_else_is_there() {
        let seen = "0: |- write 1 -|                              |- read -> 1 -|\n";
        check(&format!("{seen}1: {:17} |- write 2 -|", ""), Valid::Invalid);
        check(&format!("{seen}1: {:17} |- write 2 -~", ""), Valid::Valid);
        check(&format!("{seen}1: |- write 2 -|"), Valid::Valid);
    }

    #[test]
    fn a_cas_follows_what_it_replaced() {
        check("0: |- write 1 -| |- cas [1,2] -| |- read -> 2 -|", Valid::Valid);
        check("0: |- cas [1,2] -| |- write 1 -|", Valid::Invalid);
        check("0: |- write 1 -| |- cas [1,2] -| |- cas [1,3] -|", Valid::Invalid);
        check("0: |- cas [1,2] -------|\n1: |- cas [2,1] -------|", Valid::Invalid);
    }

    #[test]
    fn what_crashed_counts_where_it_was_seen() {
        check("0: |- write 1 -~\n1: |- cas [1,2] -~\n2: |- read -> 2 -|", Valid::Valid);
        check("1: |- cas [1,2] -~\n2: |- read -> 2 -|", Valid::Invalid);
        check(
            "0: |- write 1 -~\n1:                |- read -> null -| |- read -> 1 -|",
            Valid::Valid,
        );
        check("0: |- write 1 -~\n1:       |- read -> 1 -| |- read -> null -|", Valid::Invalid);
    }
}
