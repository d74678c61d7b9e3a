//! How much a search has done, and whether it must end.
use crate::Budget;

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Steps,
    Memory,
    Time,
}

/// Counts what a search explores, and looks at the budget now and then.
pub(super) struct Meter<'a> {
    /// Configurations looked at.
    pub(super) explored: u64,
    pub(super) work: u64,
    work_max: u64,
    /// Work at the last look at the budget.
    polled: u64,
    budget: &'a Budget,
    over: Option<Why>,
}

/// How much work is done between two looks at the budget.
const WORK_A_POLL: u64 = 1024;

impl<'a> Meter<'a> {
    /// A meter at nought.
    pub(super) fn new(budget: &'a Budget) -> Meter<'a> {
        Meter { explored: 0, work: 0, work_max: u64::MAX, polled: 0, budget, over: None }
    }

    /// One for a part of the work, at nought: it may have all that is left.
    pub(super) fn fork(&self) -> Meter<'a> {
        let work_max = self.work_max.saturating_sub(self.work);
        Meter { work_max, over: self.over, ..Meter::new(self.budget) }
    }

    /// Adds what a fork did.
    pub(super) fn join(&mut self, explored: u64, work: u64, over: Option<Why>) {
        self.explored += explored;
        self.work += work;
        self.over = self.over.or(over).or(self.look());
    }

    /// What was done, and why it ended, if it had to.
    pub(super) fn reading(&self) -> (u64, u64, Option<Why>) {
        (self.explored, self.work, self.over)
    }

    /// From now on, so much more work may be done. To look at a configuration is one.
    pub(super) fn allow(&mut self, more: u64) {
        self.work_max = self.work.saturating_add(more);
        self.over = self.over.filter(|&why| why == Why::Time);
    }

    /// Counts one more configuration and the work that it is. Why the search must end, if it must.
    pub(super) fn count(&mut self, work: u64) -> Option<Why> {
        self.explored += 1;
        self.work += work;
        if self.work > self.work_max || self.work >= self.polled + WORK_A_POLL {
            self.over = self.over.or(self.look());
        }
        self.over
    }

    fn look(&mut self) -> Option<Why> {
        if self.work > self.work_max {
            return Some(Why::Steps);
        }
        if self.work < self.polled + WORK_A_POLL {
            return None;
        }
        self.polled = self.work;
        self.budget.is_over().then_some(Why::Time)
    }

    /// Counts work that is no configuration.
    pub(super) fn toil(&mut self, work: u64) {
        self.work += work;
    }

    /// Why the search must end, if it must, while it holds so many bytes.
    pub(super) fn over(&mut self, bytes: impl FnOnce() -> u64) -> Option<Why> {
        if self.over.is_none() && bytes() > self.budget.bytes_max {
            self.over = Some(Why::Memory);
        }
        self.over
    }
}
