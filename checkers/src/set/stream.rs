//! A set whose history comes bit by bit: the lists that reads answer, which are most of it, are
//! looked at once and dropped.
//!
//! What is complete is taken in at *quiet* moments, at which nothing is open but calls that crashed
//! or failed: what comes later can neither have been known before nor be missed before, so nothing
//! of what was noted until then changes. A read that misses what was known, or has what nobody had
//! added, is a violation from then on. Memory is linear in the number of ops, 16 bytes each, and of
//! elements.
use super::{Set, timeline::Timeline, told::Kept};
use crate::{
    Budget, History, Verdict,
    stream::fold::{Fold, Part},
};

/// A set, as far as its history was taken in.
pub(super) struct Growing {
    set: Set,
    timeline: Timeline,
    told: Kept,
}

impl Growing {
    pub(super) fn new(set: Set) -> Growing {
        Growing { set, timeline: Timeline::default(), told: Kept::default() }
    }
}

impl Fold for Growing {
    fn until(history: &History) -> u32 {
        history.quiet_after(0).pop().unwrap_or(0)
    }

    fn part(history: &History, until: u32) -> History {
        history.select((0..until).collect())
    }

    fn take_in(&mut self, part: &Part<'_>, budget: &Budget) -> Result<(), Verdict> {
        self.told.note(part.history);
        self.timeline.take_in(part.history, part.base, budget)
    }

    fn is_violated(&self) -> bool {
        self.timeline.is_violated(self.set.stale_is_anomaly)
    }

    fn verdict(&mut self) -> Verdict {
        self.timeline.end();
        self.set.verdict(&self.timeline, &self.told)
    }
}
