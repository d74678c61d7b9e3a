//! Model states by number, so that a configuration is a few machine words.
use rustc_hash::FxHashMap;

use crate::model::{Known, Model};

/// The states met so far.
pub(super) struct States<'a, M: Model> {
    model: &'a M,
    all: Vec<M::State>,
    numbers: FxHashMap<M::State, u32>,
    bytes: u64,
}

impl<'a, M: Model> States<'a, M> {
    /// The one state to start from, number 0.
    pub(super) fn new(model: &'a M, init: M::State) -> States<'a, M> {
        let mut states = States { model, all: Vec::new(), numbers: FxHashMap::default(), bytes: 0 };
        states.number(init);
        states
    }

    /// The state of a number.
    pub(super) fn get(&self, number: u32) -> &M::State {
        &self.all[number as usize]
    }

    /// Bytes that all of them hold, about.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The n-th of the states that a call may lead to, and whether there are more.
    pub(super) fn step(
        &mut self,
        from: u32,
        call: &Known<'_, M::Input, M::Output>,
        nth: u32,
    ) -> Option<(u32, bool)> {
        let after = self.model.steps(&self.all[from as usize], call.input, call.output);
        let mut after = after.skip(nth as usize);
        let state = after.next()?;
        let has_more = after.next().is_some();
        drop(after);
        Some((self.number(state), has_more))
    }

    /// Whether a call that changes nothing fits.
    pub(super) fn fits(&self, at: u32, call: &Known<'_, M::Input, M::Output>) -> bool {
        self.model.steps(&self.all[at as usize], call.input, call.output).next().is_some()
    }

    /// The number of a state, if it was met.
    pub(super) fn find(&self, state: &M::State) -> Option<u32> {
        self.numbers.get(state).copied()
    }

    /// The number of a state, met or not.
    pub(super) fn number(&mut self, state: M::State) -> u32 {
        if let Some(number) = self.find(&state) {
            return number;
        }
        let number = self.all.len() as u32;
        // Twice, for the list and the map, and what a map keeps beside it.
        self.bytes += 2 * self.model.state_bytes(&state) as u64 + 16;
        self.all.push(state.clone());
        self.numbers.insert(state, number);
        number
    }
}
