//! Sequential specifications: what an object answers when nobody else is using it.
//!
//! A [`Model`] is a pure step function; [`crate::linearizable`] asks whether the calls of a
//! concurrent history fit into one order that the model accepts. To add one: a file here, a line
//! in [`ALL`], and pictures for tests.
use std::{
    fmt::{Debug, Display},
    hash::Hash,
};

use serde::de::DeserializeOwned;

use crate::{Checker, Datum, OpRef, linearizable::Linearizable};

mod familiar;
mod fifo_queue;
mod multi_register;
mod mutex;
mod register;
mod set;
mod unordered_queue;

pub use familiar::{Deed, Familiar};
pub use fifo_queue::{FifoQueue, QueueInput};
pub use multi_register::{Access, MultiRegister, TxnInput};
pub use mutex::{Mutex, MutexInput};
pub use register::{CasRegister, Register, RegisterInput};
pub use set::{Set, SetAnswer, SetInput};
pub use unordered_queue::UnorderedQueue;

/// A sequential specification.
pub trait Model: Send + Sync {
    /// What may be asked: an enum tagged by `f`.
    type Input: DeserializeOwned + Clone + Debug + Eq + Hash + Send + Sync;
    /// What may be answered.
    type Output: DeserializeOwned + Clone + Debug + Eq + Hash + Send + Sync;
    /// What the object remembers. Displayed to people.
    type State: Clone + Debug + Eq + Hash + Display + Send + Sync;

    /// The state before the first call.
    fn init(&self) -> Self::State;

    /// The state after the call, or `None` where the object could not have answered so. Without
    /// an output any answer will do: nobody knows what a crashed call was told.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Option<Self::State>;

    /// The call in the words of the notation: `read -> 4`, `cas [3,4]`.
    fn describe(&self, input: &Self::Input, output: Option<&Self::Output>) -> String;

    /// Whether this call leaves every state as it is, whatever it answers. The search places such
    /// calls as soon as they fit, so a wrong `true` hides violations and invents others.
    fn is_read(&self, input: &Self::Input) -> bool;

    /// For each crashed call of `calls`, whether it can matter: a crashed write of a value that
    /// nobody can have seen cannot. Sound where every legal order that contains the calls that do
    /// not matter stays legal without them. What is said of completed calls is ignored.
    fn matter(&self, calls: &[Known<'_, Self::Input, Self::Output>]) -> Vec<bool> {
        vec![true; calls.len()]
    }

    /// The well-known object that this one behaves like, in this state, if there is one.
    fn familiar<'a>(&self, _state: &'a Self::State) -> Option<Familiar<'a>> {
        None
    }

    /// What a call does, where [`Model::familiar`] knows the object. Without an output it may have
    /// happened, whatever it answered.
    fn deed<'a>(
        &'a self,
        _input: &'a Self::Input,
        _output: Option<&'a Self::Output>,
    ) -> Deed<&'a Datum> {
        Deed::Other
    }

    /// Bytes that a state occupies, about: what a check may hold is bounded.
    fn state_bytes(&self, _: &Self::State) -> usize {
        size_of::<Self::State>()
    }

    /// Why `culprit` cannot be placed, in a sentence that a database engineer understands, or
    /// `None` where the general one must do. `calls` are all that happened or may have until then.
    fn explain(
        &self,
        _culprit: &Witness<'_, Self::Input, Self::Output>,
        _calls: &[Witness<'_, Self::Input, Self::Output>],
    ) -> Option<String> {
        None
    }
}

/// What is known of a call that may have happened.
#[derive(Debug)]
pub struct Known<'a, I, O> {
    /// What was asked.
    pub input: &'a I,
    /// What was answered; `None` if it crashed.
    pub output: Option<&'a O>,
}

/// A call with its two ends, for explanations.
#[derive(Debug)]
pub struct Witness<'a, I, O> {
    /// What was asked.
    pub input: &'a I,
    /// What was answered; `None` if it crashed.
    pub output: Option<&'a O>,
    /// Its invocation.
    pub invoked: OpRef<'a>,
    /// Its completion; `None` if it crashed.
    pub completed: Option<OpRef<'a>>,
}

/// An initial value that a model cannot start from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot start from `{init}`: {message}")]
pub struct BadInit {
    /// What was asked for.
    pub init: String,
    /// What would do.
    pub message: &'static str,
}

/// Makes a checker from an initial value as a person writes it.
pub type Build = fn(init: Option<&str>) -> Result<Box<dyn Checker>, BadInit>;

/// A model that can be had by name.
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// A checker of linearizability against it.
    pub build: Build,
}

/// Every model, by name.
pub const ALL: &[Entry] = &[
    Entry {
        name: "register",
        about: "one value: `read`, `write v`; INIT is JSON, null unless given",
        build: |init| boxed(Ok(Register::from_word(init))),
    },
    Entry {
        name: "cas-register",
        about: "a register with `cas [old,new]`, which is ok only if it replaced old",
        build: |init| boxed(Ok(CasRegister::from_word(init))),
    },
    Entry {
        name: "multi-register",
        about: "registers by name: `txn [[\"read\",k,v],[\"write\",k,v],..]`; INIT is x=0,y=0",
        build: |init| boxed(MultiRegister::from_word(init)),
    },
    Entry {
        name: "mutex",
        about: "a lock: `acquire`, `release`; INIT is free (as unless given) or held",
        build: |init| boxed(Mutex::from_word(init)),
    },
    Entry {
        name: "set",
        about: "a set that grows: `add v`, `read -> [..]`; INIT is a JSON list",
        build: |init| boxed(Set::from_word(init)),
    },
    Entry {
        name: "fifo-queue",
        about: "first in, first out: `enqueue v`, `dequeue -> v` (null: empty); INIT is a list",
        build: |init| boxed(FifoQueue::from_word(init)),
    },
    Entry {
        name: "unordered-queue",
        about: "a bag: `enqueue v`, `dequeue -> v` in any order (null: empty); INIT is a list",
        build: |init| boxed(UnorderedQueue::from_word(init)),
    },
];

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

fn boxed<M: Model + 'static>(model: Result<M, BadInit>) -> Result<Box<dyn Checker>, BadInit> {
    model.map(|model| Box::new(Linearizable(model)) as Box<dyn Checker>)
}

/// Reads an initial list of values.
fn list(init: Option<&str>) -> Result<Vec<Datum>, BadInit> {
    init.map_or(Ok(Vec::new()), |init| {
        serde_json::from_str(init)
            .map_err(|_| BadInit { init: init.to_owned(), message: "a JSON list such as [1,2]" })
    })
}

/// Values side by side, as states are shown.
fn join<'a>(values: impl IntoIterator<Item = &'a crate::Datum>) -> String {
    values.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_starts_from_nothing_and_has_its_own_name() {
        for (i, entry) in ALL.iter().enumerate() {
            assert!((entry.build)(None).is_ok(), "{}", entry.name);
            assert!(ALL[..i].iter().all(|other| other.name != entry.name), "{}", entry.name);
        }
        assert!(find("register").is_some() && find("regster").is_none());
    }

    #[test]
    fn an_initial_value_that_does_not_fit_is_refused_with_what_would() {
        for (name, init) in [("mutex", "7"), ("multi-register", "x"), ("set", "3")] {
            let error = (find(name).unwrap().build)(Some(init)).err().unwrap();
            assert!(error.to_string().contains(init), "{error}");
        }
    }
}
