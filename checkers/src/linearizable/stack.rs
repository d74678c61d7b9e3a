//! Stacks onto which no value is pushed twice: decided in the time it takes to sort.
//!
//! In an order each value is on the stack from its push to its pop, and of two such intervals one
//! lies within the other or they are apart. A value certainly is there between the completion of
//! its push and the invocation of its pop: that is its *stay*. One without a stay can be popped as
//! soon as it is pushed, and hinders nobody.
//!
//! Where stays overlap without a gap, one value must lie beneath all of the others: pushed before
//! the first stay begins and popped after the last one ends. Any that can be so, may be so: put it
//! beneath an order of the others, and it is an order of all. So it is taken away, the rest falls
//! into parts without a gap, and each is judged in the same way (Lee and Mathur, "Efficient
//! decrease-and-conquer linearizability monitoring", 2025, section on stacks). An interval need not
//! reach beyond the gaps, so a pop that found nothing needs a gap, and that is all it needs.
use super::{
    familiar::Clash,
    passages::{self, Passage, Traffic},
    plain::Act,
    spans::Spans,
};

mod beneath;
mod gaps;

use beneath::{Beneath, Taken};
use gaps::Gaps;

/// Whether there is an order; `None` where a value was pushed twice, a deed is none of a stack, or
/// it matters what crashed calls popped.
pub(super) fn check(acts: &[Act], values: u32) -> Option<Result<(), Clash>> {
    let mut traffic = match passages::of(acts, values)? {
        Ok(traffic) => traffic,
        Err(clash) => return Some(Err(clash)),
    };
    traffic.passages.sort_unstable_by_key(|passage| passage.enqueue.1);
    let is_possible = traffic.judge(is_possible)?;
    Some(if is_possible { Ok(()) } else { Err(Clash::at_end(acts)) })
}

/// Whether there is an order of passages, which are sorted by when their stays begin.
fn is_possible(traffic: &Traffic) -> bool {
    if !traffic.empties.is_empty() {
        let mut spans = Spans::default();
        traffic.passages.iter().filter_map(Passage::stay).for_each(|stay| spans.cover(stay));
        if !traffic.empties.iter().all(|&empty| spans.leave_room(empty)) {
            return false;
        }
    }
    let stays = traffic.passages.iter().filter(|passage| passage.stay().is_some());
    is_nested(&stays.copied().collect::<Vec<_>>())
}

/// Whether intervals that contain these stays can be nested or apart.
fn is_nested(stays: &[Passage]) -> bool {
    if stays.is_empty() {
        return true;
    }
    let mut beneath = Beneath::new(stays);
    let mut gaps = Gaps::new(stays);
    let mut parts = Vec::new();
    split(0..stays.len(), &mut gaps, &mut parts);
    while let Some((first, last)) = parts.pop() {
        match beneath.take(first, last) {
            Taken::Empty => (),
            Taken::Nobody => return false,
            Taken::Value(value) => {
                gaps.remove(value);
                split(first..last + 1, &mut gaps, &mut parts);
            }
        }
    }
    true
}

/// Splits a part where new gaps are.
fn split(part: std::ops::Range<usize>, gaps: &mut Gaps, parts: &mut Vec<(usize, usize)>) {
    let mut found: Vec<usize> = std::iter::from_fn(|| gaps.next()).collect();
    found.sort_unstable();
    let mut first = part.start;
    for gap in found.into_iter().filter(|&gap| gap > part.start) {
        parts.push((first, gap - 1));
        first = gap;
    }
    parts.push((first, part.end - 1));
}
