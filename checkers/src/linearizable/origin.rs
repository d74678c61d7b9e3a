//! Where a history begins: at the object's first state, or where what came before it ended.
use std::fmt::Display;

use crate::model::{Model, Witness};

/// What is known of all that came before.
#[derive(Clone, Debug)]
pub(super) struct Origin<S> {
    /// The state that the first call meets.
    pub(super) state: S,
    /// Index of the last op before; none at the beginning.
    pub(super) after: Option<u32>,
    /// How many states the orders of what came before end in: this is one of them.
    pub(super) states: usize,
}

impl<S: Display> Origin<S> {
    /// The beginning of everything.
    pub(super) fn of<M: Model<State = S>>(model: &M) -> Origin<S> {
        Origin { state: model.init(), after: None, states: 1 }
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
        let state = &self.state;
        let leads = match self.states {
            1 => format!("every order leads to the state {state}"),
            n => format!("orders lead to {n} states, none of which helps; this is from {state} on"),
        };
        Some(format!(
            "`{what}` by {process} (op {op}) has no place in any order of the calls after op \
             {index}, until which {leads}."
        ))
    }
}
