//! A model that goes on from where a window ended.
use crate::model::{DeedOf, Familiar, Known, Model, Witness};

/// What is known of all that came before a window.
pub(super) struct Since<S> {
    /// Index of the last op.
    pub(super) index: u32,
    /// The state in which every order ended.
    pub(super) state: S,
}

/// The same model from another state on.
pub(super) struct Onward<'a, M: Model> {
    pub(super) model: &'a M,
    /// None where nothing came before.
    pub(super) since: Option<&'a Since<M::State>>,
}

impl<M: Model> Clone for Onward<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Onward<'_, M> {}

impl<M: Model> Model for Onward<'_, M> {
    type Input = M::Input;
    type Output = M::Output;
    type State = M::State;

    fn init(&self) -> M::State {
        self.since.map_or_else(|| self.model.init(), |since| since.state.clone())
    }

    fn step(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<M::State> {
        self.model.step(state, input, output)
    }

    fn steps(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> impl Iterator<Item = M::State> {
        self.model.steps(state, input, output)
    }

    fn describe(&self, input: &M::Input, output: Option<&M::Output>) -> String {
        self.model.describe(input, output)
    }

    fn is_read(&self, input: &M::Input) -> bool {
        self.model.is_read(input)
    }

    fn matter(&self, calls: &[Known<'_, M::Input, M::Output>]) -> Vec<bool> {
        self.model.matter(calls)
    }

    fn familiar<'a>(&self, state: &'a M::State) -> Option<Familiar<'a>> {
        self.model.familiar(state)
    }

    fn deed<'a>(&'a self, input: &'a M::Input, output: Option<&'a M::Output>) -> DeedOf<'a> {
        self.model.deed(input, output)
    }

    fn state_bytes(&self, state: &M::State) -> usize {
        self.model.state_bytes(state)
    }

    /// What was dropped cannot be named, but for what it came to.
    fn explain(
        &self,
        culprit: &Witness<'_, M::Input, M::Output>,
        calls: &[Witness<'_, M::Input, M::Output>],
    ) -> Option<String> {
        let Some(Since { index, state }) = self.since else {
            return self.model.explain(culprit, calls);
        };
        let what = self.describe(culprit.input, culprit.output);
        let (process, op) = (culprit.invoked.process, culprit.invoked.index);
        Some(format!(
            "`{what}` by {process} (op {op}) has no place in any order of the calls after op \
             {index}, until which every order leads to the state {state}."
        ))
    }
}
