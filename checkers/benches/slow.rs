//! A model that hides what it is like, so that the general search must judge it.
use checkers::model::{Known, Model};

/// The model, unfamiliar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slow<M>(pub(crate) M);

impl<M: Model> Model for Slow<M> {
    type Input = M::Input;
    type Output = M::Output;
    type State = M::State;

    fn init(&self) -> M::State {
        self.0.init()
    }

    fn step(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<M::State> {
        self.0.step(state, input, output)
    }

    fn steps(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> impl Iterator<Item = M::State> {
        self.0.steps(state, input, output)
    }

    fn describe(&self, input: &M::Input, output: Option<&M::Output>) -> String {
        self.0.describe(input, output)
    }

    fn is_read(&self, input: &M::Input) -> bool {
        self.0.is_read(input)
    }

    fn matter(&self, calls: &[Known<'_, M::Input, M::Output>]) -> Vec<bool> {
        self.0.matter(calls)
    }
}
