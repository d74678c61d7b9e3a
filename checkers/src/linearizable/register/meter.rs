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
    explored_max: u64,
    work: u64,
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
        Meter { explored: 0, explored_max: u64::MAX, work: 0, polled: 0, budget, over: None }
    }

    /// From now on, so many more configurations may be explored.
    pub(super) fn allow(&mut self, more: u64) {
        self.explored_max = self.explored.saturating_add(more);
        self.over = self.over.filter(|&why| why == Why::Time);
    }

    /// Counts one more configuration and the work that it is. Why the search must end, if it must.
    pub(super) fn count(&mut self, work: u64) -> Option<Why> {
        self.explored += 1;
        self.work += work;
        if self.explored > self.explored_max {
            self.over = self.over.or(Some(Why::Steps));
        } else if self.work >= self.polled + WORK_A_POLL {
            self.polled = self.work;
            if self.budget.is_over() {
                self.over = Some(Why::Time);
            }
        }
        self.over
    }

    /// Why the search must end, if it must, while it holds so many bytes.
    pub(super) fn over(&mut self, bytes: impl FnOnce() -> u64) -> Option<Why> {
        if self.over.is_none() && bytes() > self.budget.bytes_max {
            self.over = Some(Why::Memory);
        }
        self.over
    }
}
