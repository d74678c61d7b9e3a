//! A history in plain numbers: what each call does to a familiar object, and when.
use super::{
    numbers::Numbers,
    problem::{Bar, CallOf, NEVER},
    queue::Discipline,
};
use crate::{
    Call, History, Malformed, Outcome,
    model::{Deed, Familiar, Model},
};

/// A call in plain numbers. Twenty-four bytes, so that a million of them is soon read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// What it does.
    pub(super) deed: Deed<u32>,
    /// Row of its invocation.
    pub(super) invoked: u32,
    /// Row of its completion, or [`NEVER`].
    pub(super) completed: u32,
}

/// Acts on a familiar object.
#[derive(Debug)]
pub(super) struct Plain {
    /// In order of invocation, without those that do nothing.
    pub(super) acts: Vec<Act>,
    /// Where the object begins.
    pub(super) start: Start,
    /// Number of calls, including those that failed or do nothing.
    pub(super) calls: usize,
    numbers: Numbers,
}

/// The familiar object at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A register that holds a value, by number.
    Register(u32),
    /// An empty queue, of this discipline.
    Queue(Discipline),
}

impl Plain {
    /// Reads a history, if the model is familiar and all of its calls are.
    pub(super) fn read<M: Model>(model: &M, history: &History) -> Result<Option<Plain>, Malformed> {
        let init = model.init();
        let Some(familiar) = model.familiar(&init) else { return Ok(None) };
        let mut numbers = Numbers::default();
        let start = match familiar {
            Familiar::Register { value } => Start::Register(numbers.number(value)),
            Familiar::EmptyQueue => Start::Queue(Discipline::InTurn),
            Familiar::EmptyBag => Start::Queue(Discipline::Any),
        };
        let acts = Vec::with_capacity(history.len() / 2);
        let mut plain = Plain { acts, start, calls: 0, numbers };
        let mut is_plain = true;
        history.for_each_call(|call: CallOf<M>| is_plain &= plain.push(model, &call).is_some())?;
        plain.acts.shrink_to_fit();
        Ok(is_plain.then_some(plain))
    }

    /// How many values there are: their numbers are below it, as is that of the start.
    pub(super) fn values(&self) -> u32 {
        self.numbers.count()
    }

    /// Takes in a call, if it is familiar.
    fn push<M: Model>(&mut self, model: &M, call: &CallOf<M>) -> Option<()> {
        self.calls += 1;
        let completed = match call.outcome {
            Outcome::Ok { completed, .. } => completed,
            Outcome::Info => NEVER,
            Outcome::Fail => return Some(()),
        };
        let deed = deed(model, call, completed).map(|value| self.numbers.number(value));
        match deed {
            Deed::Other => return None,
            Deed::Nothing => (),
            deed => self.acts.push(Act { deed, invoked: call.invoked, completed }),
        }
        Some(())
    }

    /// These bars as acts: some of the calls that were read, perhaps with other completions.
    pub(super) fn acts_of<M: Model>(
        &self,
        model: &M,
        calls: &[CallOf<M>],
        bars: &[Bar],
    ) -> Vec<Act> {
        let act = |bar: &Bar| {
            let deed = deed(model, &calls[bar.call as usize], bar.completed);
            // A value that was never met is unlike all others.
            let deed = deed.map(|value| self.numbers.get(value).unwrap_or(NEVER));
            let act = Act { deed, invoked: bar.invoked, completed: bar.completed };
            (act.deed != Deed::Nothing).then_some(act)
        };
        bars.iter().filter_map(act).collect()
    }

    /// The start that a state is, where its value occurs at all.
    pub(super) fn start_at<M: Model>(&self, model: &M, state: &M::State) -> Option<Start> {
        match model.familiar(state)? {
            Familiar::Register { value } => self.numbers.get(value).map(Start::Register),
            Familiar::EmptyQueue => Some(Start::Queue(Discipline::InTurn)),
            Familiar::EmptyBag => Some(Start::Queue(Discipline::Any)),
        }
    }
}

fn deed<'a, M: Model>(model: &'a M, call: &'a CallOf<M>, completed: u32) -> Deed<&'a crate::Datum> {
    match call {
        Call { outcome: Outcome::Ok { output, .. }, input, .. } if completed != NEVER => {
            model.deed(input, Some(output))
        }
        Call { input, .. } => model.deed(input, None),
    }
}
