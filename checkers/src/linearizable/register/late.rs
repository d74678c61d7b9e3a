//! To prove that no order passes a layer, it mostly suffices to begin a little before it.
//!
//! From configurations that stand for all there could be at an earlier layer: every value that
//! matters from there on, or one that does not; every open read done; every open write optional,
//! as a hidden one is; crashed calls as often as one likes; each set of the open cas. If none of
//! these passes, none does, and no more than these few layers is to blame.
use super::{
    bags::EMPTY,
    mask::Mask,
    search::{Ended, Search},
    seen::Config,
};
use crate::model::Deed;

/// How many layers before the one at which the search is stuck.
const DISTANCES: [usize; 4] = [8, 64, 512, 4096];
/// From more configurations than this it is not tried.
const STARTS_MAX: usize = 2048;
/// A value unlike all others.
const OTHER: u32 = u32::MAX - 1;

impl<B: Mask> Search<'_, B> {
    /// Whether certainly no configuration passes the deepest layer that was reached.
    pub(super) fn is_stuck_at_deepest(&mut self) -> bool {
        let deepest = self.deepest;
        let mut is_stuck = false;
        for distance in DISTANCES {
            let from = deepest.saturating_sub(distance);
            let Some(starts) = self.starts(from, deepest) else { continue };
            let ended = self.breadth_from(starts, true, deepest + 1);
            is_stuck = matches!(ended, Ended::Stuck(_));
            if ended != Ended::Through || from == 0 {
                break;
            }
        }
        self.deepest = deepest;
        is_stuck
    }

    /// What stands for every configuration before a layer, as far as it matters until another.
    fn starts(&self, from: usize, until: usize) -> Option<Vec<Config<B>>> {
        let layers = self.stepper.layers;
        let layer = layers.layer(from as u32)?;
        let mut sets = vec![B::NONE];
        let mut states = vec![OTHER];
        states.extend(layers.open_within(from, until).filter_map(|open| open.needs()));
        let crashed = layers.crashed.iter().filter_map(|crash| match crash.deed {
            Deed::Cas(old, _) => Some(old),
            _ => None,
        });
        states.extend(crashed);
        states.sort_unstable();
        states.dedup();
        for (_, open) in layers.open(layer).filter(|(_, open)| matches!(open.deed, Deed::Cas(..))) {
            if states.len() * sets.len() * 2 > STARTS_MAX {
                return None;
            }
            let with: Vec<B> = sets.iter().map(|&set| set | open.bit()).collect();
            sets.extend(with);
        }
        let config = |&(state, cas): &(u32, B)| Config {
            layer: from as u32,
            state,
            placed: layer.reads | cas,
            hidden: layer.writes,
            crashed: EMPTY,
        };
        let pairs = states.iter().flat_map(|&state| sets.iter().map(move |&cas| (state, cas)));
        Some(pairs.map(|pair| config(&pair)).collect())
    }
}
