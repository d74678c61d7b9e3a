//! A set whose history comes bit by bit: the lists that reads answer, which are most of it, are
//! looked at once and dropped.
//!
//! What is complete is taken in at *quiet* moments, at which nothing is open but calls that crashed
//! or failed: what comes later can neither have been known before nor be missed before, so nothing
//! of what was noted until then changes. A read that misses what was known, or has what nobody had
//! added, is a violation from then on. Memory is linear in the number of ops, 16 bytes each, and of
//! elements.
use std::collections::BTreeMap;

use super::{Set, timeline::Timeline, told::Kept};
use crate::{
    Budget, History, Malformed, Valid, Verdict,
    history::windows::Windows,
    stream::{Stream, Streamed},
};

/// What was read is taken in when it has this share of the budget.
const SETTLE_SHARE: u64 = 4;

/// A set, as far as its history has come.
pub(super) struct BitByBit {
    set: Set,
    windows: Windows,
    timeline: Timeline,
    told: Kept,
    /// Whether what was taken in shows no violation.
    valid: Valid,
    /// Why nothing more can be said.
    end: Option<Verdict>,
    /// Nothing is taken in before the window holds so many bytes.
    sweep_at: u64,
    ops_max: u32,
    bytes_max: u64,
}

impl BitByBit {
    pub(super) fn new(set: Set) -> BitByBit {
        BitByBit {
            set,
            windows: Windows::default(),
            timeline: Timeline::default(),
            told: Kept::default(),
            valid: Valid::Valid,
            end: None,
            sweep_at: 0,
            ops_max: 0,
            bytes_max: 0,
        }
    }

    /// Takes in what is complete, or, in the end, all; and says what that shows.
    fn take_in(
        &mut self,
        is_last: bool,
        budget: &Budget,
        leave: &(dyn Fn(&History) + Sync),
    ) -> Valid {
        self.note_complete(is_last, budget, leave);
        self.valid = match &self.end {
            Some(verdict) => verdict.valid,
            None if self.timeline.is_violated(self.set.stale_is_anomaly) => Valid::Invalid,
            None => Valid::Valid,
        };
        // What could not be dropped now will hardly be droppable soon.
        self.sweep_at = self.windows.bytes() + budget.bytes_max / SETTLE_SHARE / 2;
        self.valid
    }

    fn note_complete(&mut self, is_last: bool, budget: &Budget, leave: &(dyn Fn(&History) + Sync)) {
        if self.end.is_some() {
            return;
        }
        let names = self.windows.names();
        let window = match &mut self.windows.all[..] {
            [] => return,
            [window] => window,
            _ => {
                let why = "a set that is judged bit by bit has no keys; give it more memory";
                self.end = Some(Verdict::unknown(why));
                return;
            }
        };
        self.ops_max = self.ops_max.max(window.len());
        self.bytes_max = self.bytes_max.max(window.bytes());
        let base = window.ops as u32 - window.len();
        let history = window.take(&names);
        let all = history.len() as u32;
        let until = if is_last { all } else { history.quiet_after(0).pop().unwrap_or(0) };
        let taken_in = if until == 0 {
            window.put_back(history);
            Ok(())
        } else {
            let part = history.select((0..until).collect());
            leave(&part);
            self.told.note(&part);
            let taken_in = self.timeline.take_in(&part, base, budget);
            drop(part);
            window.put_back_from(&history, until, &[]);
            taken_in
        };
        let is_too_much = window.bytes() > budget.bytes_max / 2;
        self.end = taken_in.err().or_else(|| {
            let why = format!("out of memory: nothing was complete in {} ops", all - until);
            is_too_much.then(|| Verdict::unknown(why))
        });
        if self.end.is_some() {
            window.close();
        }
    }
}

impl Stream for BitByBit {
    fn feed(
        &mut self,
        text: &[u8],
        budget: &Budget,
        leave: &(dyn Fn(&History) + Sync),
    ) -> Result<Valid, Malformed> {
        self.windows.feed(text)?;
        if self.windows.bytes() >= self.sweep_at.max(budget.bytes_max / SETTLE_SHARE) {
            self.take_in(false, budget, leave);
        }
        Ok(self.valid)
    }

    fn settle(&mut self, budget: &Budget, leave: &(dyn Fn(&History) + Sync)) -> Valid {
        self.take_in(false, budget, leave)
    }

    fn finish(
        mut self: Box<Self>,
        budget: &Budget,
        leave: &(dyn Fn(&History) + Sync),
    ) -> Result<Streamed, Malformed> {
        self.windows.end()?;
        self.take_in(true, budget, leave);
        self.timeline.end();
        let (timeline, told) = (&self.timeline, &self.told);
        let verdict = self.end.take().unwrap_or_else(|| self.set.verdict(timeline, told));
        let verdict = verdict
            .with("streamed", true)
            .with("window_ops_max", self.ops_max)
            .with("window_bytes_max", self.bytes_max)
            .with("windows_bytes_max", self.bytes_max);
        let names = self.windows.names();
        let nemesis = self.windows.nemesis.take(&names);
        Ok(Streamed { verdict, evidence: BTreeMap::new(), nemesis })
    }
}
