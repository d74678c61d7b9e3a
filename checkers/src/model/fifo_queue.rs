//! A queue: first in, first out.
use std::{collections::VecDeque, fmt};

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::{BadInit, Deed, Familiar, Known, Model, join, list};
use crate::Datum;

/// A queue: `enqueue v`, `dequeue -> v`. A dequeue that is ok and answers `null` found it empty.
#[derive(Clone, Debug, Default)]
pub struct FifoQueue {
    init: Waiting,
}

/// What is in the queue, the next to leave first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waiting(VecDeque<Datum>);

/// What a queue is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueInput {
    /// Take this in.
    Enqueue(Datum),
    /// Give one out.
    Dequeue,
}

impl FifoQueue {
    /// A queue that contains these at first, from a JSON list.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list.
    pub fn from_word(init: Option<&str>) -> Result<FifoQueue, BadInit> {
        list(init).map(|values| FifoQueue { init: Waiting(values.into()) })
    }
}

impl Model for FifoQueue {
    type Input = QueueInput;
    type Output = Datum;
    type State = Waiting;

    fn init(&self) -> Waiting {
        self.init.clone()
    }

    fn step(&self, state: &Waiting, input: &QueueInput, output: Option<&Datum>) -> Option<Waiting> {
        match (input, output) {
            (QueueInput::Enqueue(value), _) => {
                Some(Waiting(state.0.iter().cloned().chain([value.clone()]).collect()))
            }
            (QueueInput::Dequeue, Some(Datum::Null)) => state.0.is_empty().then(Waiting::default),
            (QueueInput::Dequeue, taken) => {
                let front = state.0.front()?;
                taken
                    .is_none_or(|value| value == front)
                    .then(|| Waiting(state.0.iter().skip(1).cloned().collect()))
            }
        }
    }

    fn describe(&self, input: &QueueInput, output: Option<&Datum>) -> String {
        describe(input, output)
    }

    fn is_read(&self, _: &QueueInput) -> bool {
        false
    }

    fn matter(&self, calls: &[Known<'_, QueueInput, Datum>]) -> Vec<bool> {
        matter(calls)
    }

    fn familiar<'a>(&self, state: &'a Waiting) -> Option<Familiar<'a>> {
        state.0.is_empty().then_some(Familiar::EmptyQueue)
    }

    fn deed<'a>(&'a self, input: &'a QueueInput, output: Option<&'a Datum>) -> Deed<&'a Datum> {
        deed(input, output)
    }

    fn state_bytes(&self, state: &Waiting) -> usize {
        size_of::<Waiting>() + state.0.len() * size_of::<Datum>()
    }
}

/// What the call does, for queues of any order.
pub(super) fn deed<'a>(input: &'a QueueInput, output: Option<&'a Datum>) -> Deed<&'a Datum> {
    match (input, output) {
        (QueueInput::Enqueue(value), _) => Deed::Enqueue(value),
        (QueueInput::Dequeue, Some(Datum::Null)) => Deed::FindEmpty,
        (QueueInput::Dequeue, Some(value)) => Deed::Dequeue(value),
        (QueueInput::Dequeue, None) => Deed::Take,
    }
}

/// The call in words, for queues of any order.
pub(super) fn describe(input: &QueueInput, output: Option<&Datum>) -> String {
    match (input, output) {
        (QueueInput::Enqueue(value), _) => format!("enqueue {value}"),
        (QueueInput::Dequeue, Some(value)) => format!("dequeue -> {value}"),
        (QueueInput::Dequeue, None) => "dequeue".into(),
    }
}

/// A crashed enqueue matters if a dequeue answered its value; without it, and without the crashed
/// dequeue that may have taken it, the others keep their order. A crashed dequeue may always have
/// taken something.
pub(super) fn matter(calls: &[Known<'_, QueueInput, Datum>]) -> Vec<bool> {
    let taken: FxHashSet<&Datum> = calls.iter().filter_map(dequeued).collect();
    let matters = |call: &Known<'_, QueueInput, Datum>| match call.input {
        QueueInput::Dequeue => true,
        QueueInput::Enqueue(value) => taken.contains(value),
    };
    calls.iter().map(matters).collect()
}

fn dequeued<'a>(call: &Known<'a, QueueInput, Datum>) -> Option<&'a Datum> {
    call.output.filter(|_| *call.input == QueueInput::Dequeue)
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", join(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(FifoQueue::default()).check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, valid);
    }

    #[test]
    fn what_came_first_leaves_first() {
        let enqueued = "0: |- enqueue 1 -| |- enqueue 2 -| ";
        check(&format!("{enqueued} |- dequeue -> 1 -| |- dequeue -> 2 -|"), Valid::Valid);
        check(&format!("{enqueued} |- dequeue -> 2 -|"), Valid::Invalid);
        check(&format!("{enqueued} |- dequeue -~\n1: {:40}|- dequeue -> 2 -|", ""), Valid::Valid);
    }

    #[test]
    fn null_says_that_it_was_empty() {
        check("0: |- dequeue -> null -| |- enqueue 1 -|", Valid::Valid);
        check("0: |- enqueue 1 -| |- dequeue -> null -|", Valid::Invalid);
    }
}
