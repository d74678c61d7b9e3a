//! An order that explains a history, for whoever will not take a verdict at its word.
use super::{
    CallOf, Prepared, familiar, parts, portfolio,
    problem::{NEVER, bars},
    search::Outcome,
};
use crate::{Budget, Malformed, model::Model};

impl<M: Model> Prepared<'_, M> {
    /// An order that the model accepts: the rows of the invocations, in turn. Calls that crashed
    /// and that it takes not to have happened are left out. `None` where there is no order, or the
    /// budget does not suffice to find it.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit the model.
    pub fn order(&self, budget: &Budget) -> Result<Option<Vec<u32>>, Malformed> {
        let calls: Vec<CallOf<M>> = self.history.calls()?;
        if let Some(plain) = &self.plain
            && let Some(order) = familiar::order(&plain.acts, plain.start, plain, budget)
        {
            let rows = order.iter().map(|&act| plain.acts[act as usize].invoked);
            return Ok(Some(with_idle(rows.collect(), &calls)));
        }
        let parts = parts::split(self.model, self.history, &calls);
        if !parts.is_empty() {
            return self.order_parts(&parts, budget);
        }
        let problem = self.problem(&calls);
        Ok(match portfolio::decide(&problem, budget).outcome {
            Outcome::Order(order) => {
                Some(order.iter().map(|&bar| problem.bars[bar as usize].invoked).collect())
            }
            Outcome::Stuck(_) | Outcome::GaveUp(..) => None,
        })
    }
}

/// Adds the completed calls that a fast way left out because they do nothing, each at the instant
/// at which it was invoked: all before it can have been by then, and nothing after it.
fn with_idle<I, O>(rows: Vec<u32>, calls: &[crate::Call<I, O>]) -> Vec<u32> {
    let placed: rustc_hash::FxHashSet<u32> = rows.iter().copied().collect();
    let completed = bars(calls).into_iter().filter(|bar| bar.completed != NEVER);
    let idle = completed.map(|bar| bar.invoked).filter(|row| !placed.contains(row));
    let mut idle = idle.peekable();
    let mut all = Vec::with_capacity(rows.len());
    let mut now = 0;
    for row in rows {
        now = row.max(now);
        while let Some(earlier) = idle.next_if(|&other| other < now) {
            all.push(earlier);
        }
        all.push(row);
    }
    all.extend(idle);
    all
}
