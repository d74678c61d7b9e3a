//! Proof of a verdict, and how to verify it without believing any search.
//!
//! Whoever doubts a verdict need read [`Proof::verify`] alone.
use serde::{Deserialize, Serialize};

use crate::Malformed;

mod verify;

/// Why a history of one object is linearizable, or why it is not. Calls are named by the indices
/// of their invocations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The calls in an order that the model accepts. Crashed calls that are not there never
    /// happened.
    Order(Vec<u32>),
    /// Calls whose answers contradict each other, whatever else happened until they had completed.
    Contradiction(Vec<u32>),
}

/// What a proof proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// There is an order.
    Valid,
    /// There is none: every order was tried.
    Invalid,
    /// Nothing: to try every order would take too long.
    TooLarge,
}

/// Why something is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Refused {
    #[error("the history cannot be read: {0}")]
    Malformed(#[from] Malformed),
    #[error("op {0} is no invocation of a call that may have happened")]
    NoCall(u32),
    #[error("the call of op {0} is there twice")]
    Twice(u32),
    #[error("the call of op {0} completed, and is missing")]
    Missing(u32),
    #[error("the call of op {0} stands behind one that was invoked when it had completed")]
    Late(u32),
    #[error("the call of op {index} is not legal in the state {state}")]
    Illegal { index: u32, state: String },
    #[error("the call of op {0} has no answer that could contradict anything")]
    NoAnswer(u32),
    #[error("the answers do not contradict each other: they have an order")]
    HasOrder,
}
