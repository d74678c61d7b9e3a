//! Sequential specifications: what an object answers when nobody else is using it.
//!
//! A [`Model`] is a pure step function; [`crate::linearizable`] asks whether the calls of a
//! concurrent history fit into one order that the model accepts. To add one: a file here, a line
//! in [`ALL`], and pictures for tests.
//!
//! A model of your own needs none of that. A traffic light that may only go round:
//!
//! ```
//! use checkers::{Budget, Checker, Datum, Valid, linearizable::Linearizable, model::Model, notation};
//!
//! struct Light;
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
//! #[serde(rename_all = "lowercase")]
//! enum Ask { Look, Show(Datum) }
//!
//! impl Model for Light {
//!     type Input = Ask;
//!     type Output = Datum;
//!     type State = Datum;
//!     fn init(&self) -> Datum { "red".into() }
//!     fn step(&self, light: &Datum, ask: &Ask, answer: Option<&Datum>) -> Option<Datum> {
//!         let next = match light { Datum::Text(l) if **l == *"red" => "green", _ => "red" };
//!         match ask {
//!             Ask::Look => answer.is_none_or(|seen| seen == light).then(|| light.clone()),
//!             Ask::Show(wanted) => (*wanted == next.into()).then(|| wanted.clone()),
//!         }
//!     }
//!     fn describe(&self, ask: &Ask, answer: Option<&Datum>) -> String { format!("{ask:?}: {answer:?}") }
//!     fn is_read(&self, ask: &Ask) -> bool { *ask == Ask::Look }
//! }
//!
//! let history = notation::history(r#"0: |- show "green" -| |- look -> "red" -|"#);
//! let verdict = Linearizable(Light).check(&history, &Budget::unlimited());
//! assert_eq!(verdict.valid, Valid::Invalid);
//! ```
use std::{
    fmt::{Debug, Display},
    hash::Hash,
};

use serde::de::DeserializeOwned;

use crate::{Datum, OpRef, decode};

mod catalogue;
mod counter;
mod familiar;
mod fenced_mutex;
mod fifo_queue;
mod kv;
mod lock;
mod log;
mod multi_register;
mod mutex;
mod priority_queue;
mod queue;
mod reentrant_mutex;
mod register;
mod semaphore;
mod set;
mod stack;
mod unique_ids;
mod unordered_queue;
mod words;

pub use catalogue::{ALL, AnyLevel, Build, Entry, find};
pub use counter::{Counter, CounterInput};
pub use familiar::{Deed, DeedOf, Familiar};
pub use fenced_mutex::FencedMutex;
pub use fifo_queue::FifoQueue;
pub use kv::{Appended, Kv, KvInput};
pub use lock::{LockInput, Owner};
pub use log::{Log, LogAnswer, LogInput};
pub use multi_register::{Access, MultiRegister, TxnInput};
pub use mutex::{Mutex, MutexInput};
pub use priority_queue::{PriorityQueue, Ranked};
pub use queue::{Content, Queue, QueueInput};
pub use reentrant_mutex::ReentrantMutex;
pub use register::{CasRegister, Register, RegisterInput};
pub use semaphore::{Permits, Semaphore, SemaphoreInput};
pub use set::{Set, SetAnswer, SetInput};
pub use stack::Stack;
pub use unique_ids::{IdInput, UniqueIds};
pub use unordered_queue::UnorderedQueue;
pub(crate) use words::span;

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

    /// Every state that the object may be in after the call: what [`Model::step`] says. An object
    /// that is not deterministic says more, and `step` is then any one of them
    /// (see `tests/several_states.rs`).
    fn steps(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> impl Iterator<Item = Self::State> {
        self.step(state, input, output).into_iter()
    }

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

    /// The parts of the object that a call is about, where the object is made of parts that know
    /// nothing of each other, as registers with names are; `None` where it is about all of them.
    /// What is about other parts must neither change what such a call answers nor what it does.
    fn parts<'a>(&'a self, _input: &'a Self::Input) -> Option<Vec<&'a Datum>> {
        None
    }

    /// The state that a completed call leaves behind, where that is certain whatever came before:
    /// where such a call stands alone, a history may be cut in two (see [`crate::stream`]).
    fn leaves(&self, _input: &Self::Input, _output: &Self::Output) -> Option<Self::State> {
        None
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
    ) -> DeedOf<'a> {
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

/// Reads an initial list of values.
fn list<V: DeserializeOwned>(init: Option<&str>) -> Result<Vec<V>, BadInit> {
    init.map_or(Ok(Vec::new()), |init| {
        decode::answer(init.as_bytes())
            .map_err(|_| BadInit { init: init.to_owned(), message: "a JSON list such as [1,2]" })
    })
}

/// Values side by side, as states are shown.
fn join<'a>(values: impl IntoIterator<Item = &'a Datum>) -> String {
    values.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
