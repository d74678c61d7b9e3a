//! A bag: what went in comes out once, in any order.
use std::{collections::BTreeMap, fmt};

use super::{
    BadInit, Deed, Familiar, Known, Model,
    fifo_queue::{QueueInput, deed, describe, matter},
    list,
};
use crate::Datum;

/// A queue without an order: `enqueue v`, `dequeue -> v`. A dequeue that is ok and answers `null`
/// found it empty.
///
/// What a crashed dequeue took is decided as late as can be: the state counts how many elements
/// are missing, and a dequeue that finds the bag empty says which. That loses nothing, since a
/// crashed call may take effect as late as it likes.
#[derive(Clone, Debug, Default)]
pub struct UnorderedQueue {
    init: Bag,
}

/// What is in the bag, and how many of those were taken by dequeues that crashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bag {
    counts: BTreeMap<Datum, u32>,
    missing: u32,
}

impl Bag {
    fn total(&self) -> u32 {
        self.counts.values().sum()
    }

    fn with(&self, value: &Datum) -> Bag {
        let mut bag = self.clone();
        *bag.counts.entry(value.clone()).or_default() += 1;
        bag
    }

    fn without(&self, value: &Datum) -> Option<Bag> {
        let count = *self.counts.get(value)?;
        if self.total() == self.missing {
            return None;
        }
        let mut bag = self.clone();
        match count {
            1 => drop(bag.counts.remove(value)),
            _ => drop(bag.counts.insert(value.clone(), count - 1)),
        }
        Some(bag)
    }
}

impl UnorderedQueue {
    /// A bag that contains these at first, from a JSON list.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list.
    pub fn from_word(init: Option<&str>) -> Result<UnorderedQueue, BadInit> {
        let values = list(init)?;
        let init = values.iter().fold(Bag::default(), |bag, value| bag.with(value));
        Ok(UnorderedQueue { init })
    }
}

impl Model for UnorderedQueue {
    type Input = QueueInput;
    type Output = Datum;
    type State = Bag;

    fn init(&self) -> Bag {
        self.init.clone()
    }

    fn step(&self, state: &Bag, input: &QueueInput, output: Option<&Datum>) -> Option<Bag> {
        match (input, output) {
            (QueueInput::Enqueue(value), _) => Some(state.with(value)),
            (QueueInput::Dequeue, Some(Datum::Null)) => {
                (state.total() == state.missing).then(Bag::default)
            }
            (QueueInput::Dequeue, Some(value)) => state.without(value),
            (QueueInput::Dequeue, None) => (state.total() > state.missing)
                .then(|| Bag { missing: state.missing + 1, ..state.clone() }),
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

    fn familiar<'a>(&self, state: &'a Bag) -> Option<Familiar<'a>> {
        (*state == Bag::default()).then_some(Familiar::EmptyBag)
    }

    fn deed<'a>(&'a self, input: &'a QueueInput, output: Option<&'a Datum>) -> Deed<&'a Datum> {
        deed(input, output)
    }

    fn state_bytes(&self, state: &Bag) -> usize {
        size_of::<Bag>() + state.counts.len() * (size_of::<Datum>() + size_of::<u32>()) * 2
    }
}

impl fmt::Display for Bag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.counts.iter().map(|(value, count)| match count {
            1 => value.to_string(),
            _ => format!("{count} x {value}"),
        });
        write!(f, "{{{}}}", each.collect::<Vec<_>>().join(", "))?;
        match self.missing {
            0 => Ok(()),
            missing => write!(f, " less {missing}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(UnorderedQueue::default()).check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, valid);
    }

    #[test]
    fn elements_leave_in_any_order_but_once() {
        let enqueued = "0: |- enqueue 1 -| |- enqueue 2 -| ";
        check(&format!("{enqueued} |- dequeue -> 2 -| |- dequeue -> 1 -|"), Valid::Valid);
        check(&format!("{enqueued} |- dequeue -> 2 -| |- dequeue -> 2 -|"), Valid::Invalid);
    }

    #[test]
    fn a_crashed_dequeue_may_have_emptied_it_but_not_twice() {
        let crashed = "0: |- enqueue 1 -|\n1: |- dequeue -~\n";
        check(&format!("{crashed}2: {:20} |- dequeue -> null -|", ""), Valid::Valid);
        check(&format!("{crashed}2: {:20} |- dequeue -> 1 -|", ""), Valid::Valid);
        let both = "|- dequeue -> null -| |- dequeue -> 1 -|";
        check(&format!("{crashed}2: {:20} {both}", ""), Valid::Invalid);
    }
}
