//! When a system answered, kept in little room.
use std::collections::BTreeMap;

use checkers::Nanos;

use crate::findings::resilience::SECOND;

/// The times of `ok`s. Of each hundredth of a second the first and the last are kept: that gives
/// the same availability as all of them, and the same longest outage, unless that is shorter.
#[derive(Default)]
pub(super) struct Service {
    first: Option<Nanos>,
    last: Nanos,
    slots: BTreeMap<u64, (Nanos, Nanos)>,
    /// Those after the last invocation that was seen: few, since there are not many open calls.
    late: Vec<Nanos>,
}

/// The length of a slot.
const SLOT: Nanos = SECOND / 100;

impl Service {
    /// A call was due, or invoked.
    pub(super) fn asked(&mut self, due: Nanos, invoked: Nanos) {
        self.first = Some(self.first.map_or(due, |first| first.min(due)));
        self.last = self.last.max(invoked);
    }

    /// A call ended `ok`.
    pub(super) fn answered(&mut self, at: Nanos) {
        self.late.push(at);
    }

    /// Makes room: what lies between the invocations seen so far is put where it stays.
    pub(super) fn settle(&mut self) {
        let last = self.last;
        for at in self.late.extract_if(.., |at| *at <= last) {
            let slot = self.slots.entry(at / SLOT).or_insert((at, at));
            *slot = (slot.0.min(at), slot.1.max(at));
        }
    }

    /// Availability and the longest outage, as [`crate::findings::resilience`] defines them.
    pub(super) fn measure(&self) -> Option<(f64, Nanos)> {
        let first = self.first?;
        let marks = || self.slots.values().flat_map(|&(from, until)| [from, until]);
        let mut served: Vec<u64> = marks().map(|at| at.saturating_sub(first) / SECOND).collect();
        served.dedup();
        let windows = self.last.saturating_sub(first) / SECOND + 1;
        let starts = self.slots.values().map(|slot| slot.0).chain([self.last]);
        let ends = [first].into_iter().chain(self.slots.values().map(|slot| slot.1));
        let longest =
            starts.zip(ends).map(|(start, end)| start.saturating_sub(end)).max().unwrap_or(0);
        Some((served.len() as f64 / windows as f64, longest))
    }
}
