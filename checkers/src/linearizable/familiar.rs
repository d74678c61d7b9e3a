//! The ways to judge familiar objects: which one takes a history, and what it answers.
use super::{
    plain::{Act, Start},
    queue, register, zones,
};
use crate::Budget;

/// What became of the search for an order.
pub(super) enum Found {
    /// There is one.
    Order,
    /// There is none.
    None {
        /// A completion until which there is no order.
        row: u32,
        /// Whether there is one until any earlier completion, but for what later answers reveal.
        is_earliest: bool,
    },
    /// Nobody knows.
    GaveUp(GaveUp),
}

/// Why and where a search was given up.
pub(super) struct GaveUp {
    pub(super) why: &'static str,
    /// Number of the completion, and of how many.
    pub(super) layer: usize,
    pub(super) layers: usize,
    /// Row of the completion.
    pub(super) row: u32,
    /// How many crashed calls were open there.
    pub(super) crashed: usize,
}

/// The answer, which way led to it, and at what cost.
pub(super) struct Answer {
    pub(super) found: Found,
    pub(super) path: &'static str,
    pub(super) explored: u64,
}

/// Judges acts, if there is a way; searches explore about `explored_max` configurations at most.
pub(super) fn judge(
    acts: &[Act],
    start: Start,
    values: u32,
    explored_max: u64,
    budget: &Budget,
) -> Option<Answer> {
    let (path, checked) = match start {
        Start::Queue(discipline) => ("queue", queue::check(acts, values, discipline)?),
        Start::Register(init) => match zones::check(acts, init, values) {
            Some(checked) => ("zones", checked),
            None => return register::check(acts, init, explored_max, budget),
        },
    };
    let found = match checked {
        Ok(()) => Found::Order,
        Err(Clash(row)) => Found::None { row, is_earliest: false },
    };
    Some(Answer { found, path, explored: acts.len() as u64 })
}

/// A row at which it is known that there is no order. (Perhaps not the first such row.)
pub(super) struct Clash(pub(super) u32);
