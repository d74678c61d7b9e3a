//! How stale was it? A history of a register is *Delta-atomic* if it would be atomic had every
//! read begun Delta earlier (Golab, Li and Shah 2011, "Analyzing consistency properties for
//! fun and profit"). The smallest such Delta says how stale the stalest answer was.
//!
//! For distinct written values atomicity is decided by zones (Gibbons and Korach 1997, "Testing
//! shared memories"). All calls about one value are a *cluster*; its zone lies between its earliest completion
//! and its latest invocation. Where the completion is first, the register certainly held the value
//! all the while (a *forward* zone); elsewhere one instant between the two is enough (*backward*).
//! An order exists if and only if no read ended before its write began, no two forward zones
//! overlap, and no backward zone lies in a forward one.
//!
//! Beginning earlier never hurts, so the smallest Delta is found by halving: O(n log n) a step,
//! and as many steps as the time in nanoseconds has bits. Exact, on closed intervals: at one
//! instant invocations come before completions.
use std::collections::BTreeMap;

use super::{
    Claim,
    accesses::{Accesses, Act, NEVER},
};
use crate::{History, Nanos, Valid};

pub(super) const NAME: &str = "Delta-atomic";

/// Instants: row r is 2r + 2, so that an odd number is between two rows and all are after 0.
type Instant = u64;

/// A cluster's earliest completion and latest invocation.
#[derive(Clone, Copy, Debug)]
struct Zone {
    completed: Instant,
    invoked: Instant,
}

/// The smallest Delta, if the history's times allow one to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// The smallest Delta.
    Exact(Nanos),
    /// A read, by its access, that ended before its write began: no Delta mends that.
    Future(u32),
    /// There are no times, or they go backwards.
    Timeless,
}

/// The claim that there is a Delta, and which.
pub(super) fn claim(history: &History, accesses: &Accesses) -> Claim {
    match bound(history, accesses) {
        Bound::Exact(delta) => Claim::new(
            &format!("{NAME} with Delta = {delta} ns"),
            Valid::Valid,
            "it would be atomic had every read begun so much earlier, but not less",
        ),
        Bound::Future(read) => Claim::new(
            NAME,
            Valid::Invalid,
            format!(
                "the read in op {} ended before the write of its value began",
                history.op(accesses.get(read).invoked).index,
            ),
        ),
        Bound::Timeless => Claim::unknown(NAME, "the history has no times, or they go backwards"),
    }
}

/// The smallest Delta for which the history is Delta-atomic.
pub(super) fn bound(history: &History, accesses: &Accesses) -> Bound {
    let times: Vec<(Nanos, u32)> = history.ops().map(|op| (op.time, op.row)).collect();
    if let Some((read, _)) = accesses.reads().find(|&(read, source)| {
        source.is_some_and(|s| accesses.get(read).completed < accesses.get(s).invoked)
    }) {
        return Bound::Future(read);
    }
    let holds = |delta| is_atomic(history, accesses, &times, delta);
    if holds(0) {
        return Bound::Exact(0);
    }
    let span = times.last().map_or(0, |last| last.0.saturating_sub(times[0].0));
    if span == 0 || !times.is_sorted() {
        return Bound::Timeless;
    }
    let (mut low, mut high) = (0, span);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Bound::Exact(high)
}

/// Whether all keys are atomic when reads begin so much earlier. No read may end before its write
/// begins.
fn is_atomic(history: &History, accesses: &Accesses, times: &[(Nanos, u32)], delta: Nanos) -> bool {
    let mut keys: BTreeMap<u32, BTreeMap<Option<u32>, Zone>> = BTreeMap::new();
    for (i, access) in accesses.all.iter().enumerate() {
        let (cluster, invoked) = match access.act {
            Act::Write => (Some(i as u32), 2 * Instant::from(access.invoked) + 2),
            Act::Read(source) => (source, earlier(history, times, access.invoked, delta)),
        };
        let completed = match access.completed {
            NEVER => Instant::MAX,
            row => 2 * Instant::from(row) + 2,
        };
        // The initial value was written before everything.
        let first = if cluster.is_none() { 0 } else { Instant::MAX };
        let zones = keys.entry(access.key).or_default();
        let zone = zones.entry(cluster).or_insert(Zone { completed: first, invoked: 0 });
        zone.completed = zone.completed.min(completed);
        zone.invoked = zone.invoked.max(invoked);
    }
    keys.into_values().all(|zones| are_compatible(zones.into_values()))
}

/// When a call made at this row would have begun so much earlier.
fn earlier(history: &History, times: &[(Nanos, u32)], row: u32, delta: Nanos) -> Instant {
    let own = 2 * Instant::from(row) + 2;
    if delta == 0 {
        return own;
    }
    let time = history.op(row).time.saturating_sub(delta);
    let next = times.partition_point(|&(at, _)| at < time);
    times.get(next).map_or(own, |&(_, row)| own.min(2 * Instant::from(row) + 1))
}

/// Gibbons and Korach's condition.
fn are_compatible(zones: impl Iterator<Item = Zone>) -> bool {
    let is_forward = |zone: &Zone| zone.completed < zone.invoked;
    let (mut forward, backward): (Vec<Zone>, Vec<Zone>) = zones.partition(is_forward);
    forward.sort_unstable_by_key(|zone| zone.completed);
    if forward.windows(2).any(|pair| pair[1].completed < pair[0].invoked) {
        return false;
    }
    let is_covered = |zone: &Zone| {
        let after = forward.partition_point(|f| f.completed < zone.invoked);
        after.checked_sub(1).is_some_and(|last| zone.completed < forward[last].invoked)
    };
    !backward.iter().any(is_covered)
}
