//! Registers to which values are written again and again: a search that knows what a register is.
//!
//! A portfolio of searches, each sound for the answer it gives: depth first for a while; where that
//! does not get past a layer, one that begins a little before it; then one
//! that takes crashed calls as often as it likes, which proves that there is no order if it finds
//! none; then ones that spare crashed calls, or keep few configurations which differ in them only,
//! which prove that there is an order if they find one; then all configurations, as far as the budget goes.
use std::borrow::Cow;

use crate::{Budget, model::Deed};

use super::{
    familiar::{Answer, Found, GaveUp},
    plain::Act,
    problem::NEVER,
};

mod bags;
mod breadth;
mod late;
mod layers;
mod mask;
mod meter;
mod order;
mod search;
mod seen;
mod steps;
mod thrifty;

use layers::Layers;
use mask::{Mask, Wide};
use meter::Why;
use search::{Ended, Search};

/// The work that a history is worth beside its layers'.
const EFFORT_MIN: u64 = 1_000;
/// The path whose proof may come later than the first contradiction.
const RELAXED: &str = "relaxed";

/// Searches for an order of acts on a register that holds `init`; `None` where more calls are open
/// at once than this search can handle. Does about `work_max` of work at most.
pub(super) fn check(acts: &[Act], init: u32, work_max: u64, budget: &Budget) -> Option<Answer> {
    let acts = useful(acts);
    check_within::<u64>(&acts, init, work_max, budget)
        .or_else(|| check_within::<Wide<4>>(&acts, init, work_max, budget))
        .or_else(|| check_within::<Wide<16>>(&acts, init, work_max, budget))
}

/// As [`check`], with masks of one width.
fn check_within<B: Mask>(
    acts: &[Act],
    init: u32,
    work_max: u64,
    budget: &Budget,
) -> Option<Answer> {
    let layers = Layers::<B>::new(acts)?;
    let mut search = Search::new(&layers, init, budget);
    let (ended, path) = portfolio(&mut search, &layers, work_max);
    let row = |layer: usize| layers.layer(layer as u32).map_or(NEVER, |layer| layer.row);
    let found = match ended {
        Ended::Through => Found::Order,
        Ended::Stuck(layer) => Found::None { row: row(layer), is_earliest: path != RELAXED },
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
    Some(Answer { found, path, explored: search.explored(), work: search.work() })
}

/// The numbers of the acts in an order that they have, if one is found within the budget.
pub(super) fn order(acts: &[Act], init: u32, budget: &Budget) -> Option<Vec<u32>> {
    let useful = useful(acts);
    let order = order_within::<u64>(&useful, init, budget)
        .or_else(|| order_within::<Wide<4>>(&useful, init, budget))
        .or_else(|| order_within::<Wide<16>>(&useful, init, budget))??;
    let number = |act: u32| {
        let row = useful[act as usize].invoked;
        acts.partition_point(|act| act.invoked < row) as u32
    };
    Some(order.into_iter().map(number).collect())
}

/// As [`order`], with masks of one width, and numbers of the useful acts; the outer `None` where
/// that is too narrow.
fn order_within<B: Mask>(useful: &[Act], init: u32, budget: &Budget) -> Option<Option<Vec<u32>>> {
    let layers = Layers::<B>::new(useful)?;
    let mut search = Search::new(&layers, init, budget);
    search.recording();
    let (ended, _) = portfolio(&mut search, &layers, u64::MAX);
    let is_found = ended == Ended::Through;
    Some(is_found.then(|| order::order(useful, &layers, init, &mut search)))
}

/// A way to search, and how much work a layer is worth to it.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    DepthFirst(u64),
    /// With crashed calls that may be placed again and again: it can only prove that there is none.
    Relaxed,
    Thrifty(u64),
    Beam(u32),
    BreadthFirst,
}

/// No call crashed.
const CERTAIN: &[Way] = &[Way::DepthFirst(2), Way::DepthFirst(20), Way::BreadthFirst];
const CRASHED: &[Way] = &[
    Way::DepthFirst(2),
    Way::DepthFirst(20),
    Way::Relaxed,
    Way::Thrifty(20),
    Way::Beam(1),
    Way::Beam(4),
    Way::Beam(16),
    Way::Beam(64),
    Way::BreadthFirst,
];
/// Calls crashed, and few are open at a time: then a layer has few configurations, so that thrift
/// costs little.
const CRASHED_AND_NARROW: &[Way] = &[
    Way::DepthFirst(2),
    Way::DepthFirst(6),
    Way::Thrifty(20),
    Way::DepthFirst(20),
    Way::Relaxed,
    Way::Beam(1),
    Way::Beam(4),
    Way::Beam(16),
    Way::Beam(64),
    Way::BreadthFirst,
];
/// So many open calls are few.
const NARROW: u32 = 6;

fn portfolio<B: Mask>(
    search: &mut Search<'_, B>,
    layers: &Layers<B>,
    most: u64,
) -> (Ended, &'static str) {
    let ways = match layers.crashed.is_empty() {
        true => CERTAIN,
        false if layers.width() <= NARROW => CRASHED_AND_NARROW,
        false => CRASHED,
    };
    let mut ended = (Ended::Stuck(0), "");
    for &way in ways {
        let effort = match way {
            Way::DepthFirst(effort) | Way::Thrifty(effort) => effort,
            Way::Beam(beam) => 20 * u64::from(beam),
            Way::Relaxed | Way::BreadthFirst => u64::MAX,
        };
        let work = effort.saturating_mul(layers.len() as u64 + EFFORT_MIN);
        let bound = |search: &mut Search<'_, B>| {
            search.bounded(work.min(most.saturating_sub(search.work())));
        };
        bound(search);
        ended = match way {
            Way::DepthFirst(_) => (search.depth_first(None), "depth-first"),
            Way::Relaxed => (search.breadth_first(true), RELAXED),
            Way::Thrifty(_) => (search.thrifty(), "thrifty"),
            Way::Beam(beam) => (search.depth_first(Some(beam)), "beam"),
            Way::BreadthFirst => (search.breadth_first(false), "breadth-first"),
        };
        let proves_nothing = match (way, ended.0) {
            (_, Ended::GaveUp(why, _)) => why != Why::Time && search.work() < most,
            (Way::Relaxed, Ended::Through) => true,
            (Way::Thrifty(_) | Way::Beam(_), Ended::Stuck(_)) => true,
            (_, Ended::Through | Ended::Stuck(_)) => false,
        };
        if !proves_nothing {
            break;
        }
        bound(search);
        if matches!(way, Way::DepthFirst(_)) && search.is_stuck_at_deepest() {
            return (Ended::Stuck(search.deepest), "late");
        }
    }
    ended
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
        for (old, new) in cas.iter().rev() {
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
