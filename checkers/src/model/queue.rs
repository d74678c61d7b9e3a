//! What queues of any order share: values are put in, and each comes out once.
use std::{
    borrow::Borrow,
    fmt::{Debug, Display},
    hash::Hash,
};

use rustc_hash::FxHashSet;
use serde::{Deserialize, de::DeserializeOwned};

use super::{BadInit, Deed, DeedOf, Familiar, Known, Model, Witness, list, words};
use crate::Datum;

/// A queue whose order is that of its content. Taking out is `ok` with `null` where it was empty.
#[derive(Clone, Debug, Default)]
pub struct Queue<C> {
    init: C,
}

/// What a queue is asked. Each order has words of its own for the same two things.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueInput<V = Datum> {
    /// Take this in.
    #[serde(alias = "push", alias = "insert")]
    Enqueue(V),
    /// Give one out.
    #[serde(alias = "pop", alias = "delete-min")]
    Dequeue,
}

/// What is in a queue, and so which value comes out next. The default is empty.
pub trait Content: Clone + Debug + Default + Display + Eq + Hash + Send + Sync {
    /// What can be put in; it comes out as the datum it borrows.
    type Value: DeserializeOwned + Borrow<Datum> + Clone + Debug + Eq + Hash + Send + Sync;

    /// What putting in and taking out are called.
    const VERBS: [&'static str; 2];

    /// What the search knows an empty one as, where it has a fast way for it.
    const FAMILIAR: Option<Familiar<'static>> = None;

    /// The rank of a value, where there are any.
    fn rank(_: &Self::Value) -> Option<i64> {
        None
    }

    /// How many values are left.
    fn size(&self) -> usize;

    /// How many times a value is in it.
    fn count(&self, value: &Datum) -> usize;

    /// This with one value more.
    fn with(&self, value: &Self::Value) -> Self;

    /// This with one value less: the given one, or whichever comes next where that is not known.
    /// `None` where it cannot come next.
    fn without(&self, value: Option<&Datum>) -> Option<Self>;
}

type CallOf<'a, C> = Witness<'a, QueueInput<<C as Content>::Value>, Datum>;

impl<C: Content> Queue<C> {
    /// A queue that contains these at first, from a JSON list, in the order they were put in.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list, or holds what the queue cannot.
    pub fn from_word(init: Option<&str>) -> Result<Queue<C>, BadInit> {
        let values: Vec<C::Value> = list(init)?;
        Ok(Queue { init: values.iter().fold(C::default(), |content, value| content.with(value)) })
    }
}

impl<C: Content> Model for Queue<C> {
    type Input = QueueInput<C::Value>;
    type Output = Datum;
    type State = C;

    fn init(&self) -> C {
        self.init.clone()
    }

    fn step(&self, state: &C, input: &Self::Input, output: Option<&Datum>) -> Option<C> {
        match (input, output) {
            (QueueInput::Enqueue(value), _) => Some(state.with(value)),
            (QueueInput::Dequeue, Some(Datum::Null)) => (state.size() == 0).then(C::default),
            (QueueInput::Dequeue, taken) => state.without(taken),
        }
    }

    fn describe(&self, input: &Self::Input, output: Option<&Datum>) -> String {
        let [put, take] = C::VERBS;
        match (input, output) {
            (QueueInput::Enqueue(value), _) => format!("{put} {}", value.borrow()),
            (QueueInput::Dequeue, Some(value)) => format!("{take} -> {value}"),
            (QueueInput::Dequeue, None) => take.into(),
        }
    }

    fn is_read(&self, _: &Self::Input) -> bool {
        false
    }

    fn leaves(&self, input: &Self::Input, output: &Datum) -> Option<C> {
        let found_empty = matches!((input, output), (QueueInput::Dequeue, Datum::Null));
        found_empty.then(C::default)
    }

    /// A crashed enqueue matters if a dequeue answered its value; without it, and without the
    /// crashed dequeue that may have taken it, the others keep their order. A crashed dequeue may
    /// always have taken something.
    fn matter(&self, calls: &[Known<'_, Self::Input, Datum>]) -> Vec<bool> {
        let answered = calls.iter().filter(|call| matches!(call.input, QueueInput::Dequeue));
        let taken: FxHashSet<&Datum> = answered.filter_map(|call| call.output).collect();
        let matters = |call: &Known<'_, Self::Input, Datum>| match call.input {
            QueueInput::Dequeue => true,
            QueueInput::Enqueue(value) => taken.contains(value.borrow()),
        };
        calls.iter().map(matters).collect()
    }

    fn familiar<'a>(&self, state: &'a C) -> Option<Familiar<'a>> {
        C::FAMILIAR.filter(|_| *state == C::default())
    }

    fn deed<'a>(&'a self, input: &'a Self::Input, output: Option<&'a Datum>) -> DeedOf<'a> {
        match (input, output) {
            (QueueInput::Enqueue(value), _) => match C::rank(value) {
                None => Deed::Enqueue(value.borrow()),
                Some(rank) => Deed::EnqueueAs(value.borrow(), rank),
            },
            (QueueInput::Dequeue, Some(Datum::Null)) => Deed::FindEmpty,
            (QueueInput::Dequeue, Some(value)) => Deed::Dequeue(value),
            (QueueInput::Dequeue, None) => Deed::Take,
        }
    }

    /// Twice the values, since trees keep about as much beside them.
    fn state_bytes(&self, state: &C) -> usize {
        size_of::<C>() + 2 * state.size() * size_of::<Datum>()
    }

    /// A value that came out more often than it had been put in.
    fn explain(&self, culprit: &CallOf<'_, C>, calls: &[CallOf<'_, C>]) -> Option<String> {
        let value = taken::<C>(culprit).filter(|value| !value.is_null())?;
        let is_put = |call: &&CallOf<'_, C>| match call.input {
            QueueInput::Enqueue(put) => put.borrow() == value,
            QueueInput::Dequeue => false,
        };
        let puts = self.init.count(value) + calls.iter().filter(is_put).count();
        let end = culprit.completed.map(|done| done.row);
        let had_taken = |call: &&CallOf<'_, C>| {
            taken::<C>(call) == Some(value) && call.completed.map(|done| done.row) < end
        };
        let before: Vec<_> = calls.iter().filter(had_taken).map(words::name).collect();
        let who = words::name(culprit);
        match (puts, &before[..]) {
            (0, _) => Some(format!("{who} returned {value}, but nothing had ever put it in.")),
            (_, [.., last]) if before.len() >= puts => Some(format!(
                "{who} returned {value}, but that was put in {}, and {last} had returned it.",
                if puts == 1 { "once".into() } else { format!("{puts} times") },
            )),
            _ => None,
        }
    }
}

/// What a call took out.
fn taken<'a, C: Content>(call: &CallOf<'a, C>) -> Option<&'a Datum> {
    call.output.filter(|_| matches!(call.input, QueueInput::Dequeue))
}

/// Asserts the verdict on a picture of a queue that starts with these values.
#[cfg(test)]
#[track_caller]
pub(super) fn check<C: Content>(init: &str, picture: &str, valid: crate::Valid) {
    use crate::{Budget, Checker, linearizable::Linearizable, notation};
    let checker = Linearizable(Queue::<C>::from_word(Some(init)).unwrap());
    let verdict = checker.check(&notation::history(picture), &Budget::unlimited());
    assert_eq!(verdict.valid, valid, "{picture}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Budget, Checker, Valid,
        linearizable::Linearizable,
        model::{FifoQueue, PriorityQueue, Stack, UnorderedQueue},
        notation,
    };

    /// What holds whatever the order.
    #[track_caller]
    fn check_all(picture: &str, valid: Valid) {
        use super::check;
        check::<<FifoQueue as Model>::State>("[]", picture, valid);
        check::<<UnorderedQueue as Model>::State>("[]", picture, valid);
        check::<<Stack as Model>::State>("[]", picture, valid);
        check::<<PriorityQueue as Model>::State>("[]", picture, valid);
    }

    #[test]
    fn null_says_that_it_was_empty() {
        check_all("0: |- dequeue -> null -| |- enqueue 1 -|", Valid::Valid);
        check_all("0: |- enqueue 1 -| |- dequeue -> null -|", Valid::Invalid);
    }

    #[test]
    fn a_value_comes_out_once() {
        let once = "0: |- enqueue 1 -| |- dequeue -> 1 -|";
        check_all(&format!("{once} |- dequeue -> null -|"), Valid::Valid);
        check_all(&format!("{once} |- dequeue -> 1 -|"), Valid::Invalid);
    }

    #[test]
    fn a_crashed_dequeue_may_have_emptied_it_but_not_twice() {
        let crashed = "0: |- enqueue 1 -|\n1: |- dequeue -~\n";
        check_all(&format!("{crashed}2: {:20} |- dequeue -> null -|", ""), Valid::Valid);
        check_all(&format!("{crashed}2: {:20} |- dequeue -> 1 -|", ""), Valid::Valid);
        let both = "|- dequeue -> null -| |- dequeue -> 1 -|";
        check_all(&format!("{crashed}2: {:20} {both}", ""), Valid::Invalid);
    }

    #[test]
    fn a_crashed_enqueue_may_have_happened_a_failed_one_never() {
        check_all("0: |- enqueue 1 -~\n1: |- dequeue -> 1 -|", Valid::Valid);
        check_all("0: |- enqueue 1 -~\n1: |- dequeue -> null -|", Valid::Valid);
        check_all("0: |- enqueue 1 -x\n1: |- dequeue -> 1 -|", Valid::Invalid);
    }

    #[test]
    fn a_value_from_nowhere_or_twice_is_explained() {
        let explain = |picture: &str| {
            let history = notation::history(picture);
            let verdict = Linearizable(Stack::default()).check(&history, &Budget::unlimited());
            verdict.anomalies[0].explanation.clone()
        };
        let nowhere = explain("0: |- push 1 -| |- pop -> 2 -|");
        assert!(
            nowhere.starts_with("pop by process 0 (op 2) returned 2, but nothing"),
            "{nowhere}"
        );
        let twice = explain("0: |- push 1 -| |- pop -> 1 -| |- pop -> 1 -|");
        let expected = "put in once, and pop by process 0 (op 2) had returned it.";
        assert!(twice.contains(expected), "{twice}");
    }
}
