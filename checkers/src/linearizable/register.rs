//! Registers to which values are written again and again: a search that knows what a register is.
//!
//! A portfolio of searches, each sound for the answer it gives: depth first for a while; then one
//! that takes crashed calls as often as it likes, which proves that there is no order if it finds
//! none; then ones that keep few configurations which differ in crashed calls only, which prove
//! that there is an order if they find one; then all configurations, as far as the budget goes.
use std::borrow::Cow;

use crate::{Budget, model::Deed};

use super::{
    familiar::{Answer, Found, GaveUp},
    plain::Act,
    problem::NEVER,
};

mod bags;
mod layers;
mod meter;
mod search;
mod seen;
mod steps;

use layers::Layers;
use meter::Why;
use search::{Ended, Search};

/// Depth first, this many configurations a layer may be explored, and a constant more.
const EFFORT: u64 = 20;
const EFFORT_MIN: u64 = 10_000;
const BEAMS: [u32; 4] = [1, 4, 16, 64];

/// Searches for an order of acts on a register that holds `init`; `None` where more calls are open
/// at once than this search can handle. Explores about `explored_max` configurations at most.
pub(super) fn check(acts: &[Act], init: u32, explored_max: u64, budget: &Budget) -> Option<Answer> {
    let acts = useful(acts);
    let layers = Layers::new(&acts)?;
    let mut search = Search::new(&layers, init, budget);
    let (ended, path) = portfolio(&mut search, &layers, explored_max);
    let row = |layer: usize| layers.layer(layer as u32).map_or(NEVER, |layer| layer.row);
    let found = match ended {
        Ended::Through => Found::Order,
        Ended::Stuck(layer) => Found::None { row: row(layer), is_earliest: true },
        Ended::GaveUp(why, layer) => Found::GaveUp(GaveUp {
            why: match why {
                Why::Steps => "too many steps",
                Why::Memory => "out of memory",
                Why::Time => "out of time",
            },
            layer,
            layers: layers.len(),
            row: row(layer),
            crashed: layers.crashed_before(layer),
        }),
    };
    Some(Answer { found, path, explored: search.explored() })
}

fn portfolio(search: &mut Search<'_>, layers: &Layers, most: u64) -> (Ended, &'static str) {
    let a_while = EFFORT * layers.len() as u64 + EFFORT_MIN;
    search.bounded(a_while.min(most));
    let ended = search.depth_first(None);
    let may_go_on = |ended| match ended {
        Ended::GaveUp(why, _) => why != Why::Time && a_while < most,
        Ended::Through | Ended::Stuck(_) => false,
    };
    if !may_go_on(ended) {
        return (ended, "depth-first");
    }
    if !layers.crashed.is_empty() {
        search.bounded(most);
        let ended = search.breadth_first(true);
        if let Ended::Stuck(_) | Ended::GaveUp(Why::Time, _) = ended {
            return (ended, "relaxed");
        }
        for beam in BEAMS {
            search.bounded(a_while.saturating_mul(u64::from(beam)).min(most));
            let ended = search.depth_first(Some(beam));
            if let Ended::Through | Ended::GaveUp(Why::Time, _) = ended {
                return (ended, "beam");
            }
        }
    }
    search.bounded(most);
    (search.breadth_first(false), "breadth-first")
}

/// Leaves out the crashed calls that wrote what nobody needs, and then what only those needed.
fn useful(acts: &[Act]) -> Cow<'_, [Act]> {
    let is_crashed = |act: &&Act| act.completed == NEVER;
    if !acts.iter().any(|act| is_crashed(&act)) {
        return Cow::Borrowed(acts);
    }
    let mut needed = rustc_hash::FxHashSet::default();
    let mut cas = Vec::new();
    for act in acts {
        match act.deed {
            Deed::Read(value) => drop(needed.insert(value)),
            Deed::Cas(old, _) if !is_crashed(&act) => drop(needed.insert(old)),
            Deed::Cas(old, new) => cas.push((old, new)),
            _ => (),
        }
    }
    let mut before = usize::MAX;
    while before != needed.len() {
        before = needed.len();
        for (old, new) in &cas {
            if needed.contains(new) {
                needed.insert(*old);
            }
        }
    }
    let is_useful = |act: &&Act| match act.deed {
        Deed::Write(value) | Deed::Cas(_, value) => !is_crashed(act) || needed.contains(&value),
        _ => true,
    };
    acts.iter().filter(is_useful).copied().collect()
}
