//! An order of blocks of which it is known that they have one.
use super::{Blocks, NONE, Zone, instant};
use crate::{linearizable::plain::Act, model::Deed};

/// As [`super::check`], the numbers of the acts in an order that they have: chain after chain,
/// block after block, each write before its reads.
pub(in crate::linearizable) fn order(acts: &[Act], init: u32, values: u32) -> Option<Vec<u32>> {
    let mut blocks = Blocks::of_writes(acts, init, values)?;
    blocks.add_reads(acts).and_then(|()| blocks.chain()).ok()?;
    let ranks = blocks.ranks();
    let place = |(number, act): (usize, &Act)| {
        let (value, is_read) = match act.deed {
            Deed::Read(value) => (value, true),
            Deed::Write(value) | Deed::Cas(_, value) => (value, false),
            _ => return None,
        };
        let rank = ranks[blocks.of_value(value)?];
        (rank != NONE).then_some((rank, is_read, number as u32))
    };
    let mut placed: Vec<_> = acts.iter().enumerate().filter_map(place).collect();
    placed.sort_unstable();
    Some(placed.into_iter().map(|(.., number)| number).collect())
}

impl Blocks {
    /// The place of each block among those that happened.
    fn ranks(&mut self) -> Vec<u32> {
        let mut ranks = vec![NONE; self.all.len()];
        let mut rank = 0;
        for start in self.in_turn() {
            let mut at = start as u32;
            while at != NONE {
                ranks[at as usize] = rank;
                rank += 1;
                at = self.all[at as usize].next;
            }
        }
        ranks
    }

    /// Where the chains begin, in the order in which they follow each other.
    fn in_turn(&mut self) -> Vec<usize> {
        let starts = self.starts().into_iter();
        let mut chains: Vec<(Zone, usize)> =
            starts.filter_map(|start| Some((self.walk(start).ok()?, start))).collect();
        let is_forward = |zone: &Zone| zone.first < zone.last;
        let mut forward: Vec<Zone> =
            chains.iter().map(|(zone, _)| *zone).filter(is_forward).collect();
        forward.sort_unstable();
        let from =
            |zone: &Zone| if is_forward(zone) { zone.first } else { instant(zone, &forward) };
        chains.sort_by_key(|(zone, _)| from(zone));
        [0].into_iter().chain(chains.into_iter().map(|(_, start)| start)).collect()
    }
}
