//! Where a history begins: at the object's first state, or where all that came before it ended.
use std::fmt::Display;

use crate::model::{Model, Witness};

/// What is known of all that came before.
#[derive(Clone, Debug)]
pub(super) struct Origin<S> {
    /// The state that the first call meets.
    pub(super) state: S,
    /// Index of the last op before, all orders of which end in that state; none at the beginning.
    pub(super) after: Option<u32>,
}

impl<S: Display> Origin<S> {
    /// The beginning of everything.
    pub(super) fn of<M: Model<State = S>>(model: &M) -> Origin<S> {
        Origin { state: model.init(), after: None }
    }

    /// Why a call has no place, if it can be told. What was dropped cannot be named, but for what
    /// it came to.
    pub(super) fn explain<M: Model<State = S>>(
        &self,
        model: &M,
        culprit: &Witness<'_, M::Input, M::Output>,
        calls: &[Witness<'_, M::Input, M::Output>],
    ) -> Option<String> {
        let Some(index) = self.after else { return model.explain(culprit, calls) };
        let what = model.describe(culprit.input, culprit.output);
        let (process, op) = (culprit.invoked.process, culprit.invoked.index);
        Some(format!(
            "`{what}` by {process} (op {op}) has no place in any order of the calls after op \
             {index}, until which every order leads to the state {}.",
            self.state
        ))
    }
}
