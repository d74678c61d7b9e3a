//! How nodes and clients talk: JSON over TCP, one message a line.
//!
//! ```text
//! {"id":7,"from":2,"body":{"register":{"key":3}}}      from node 2; a client says no `from`
//! {"id":7,"reply":{"Ok":{"tag":{..},"value":17}}}      or {"Err":"why"}
//! ```
//!
//! Answers come in any order and carry the id of their request. [`serve`] answers, [`Peers`] asks
//! all other nodes at once, [`Caller`] is a client with one call at a time.
mod caller;
mod link;
mod outbox;
mod peers;
mod server;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use caller::Caller;
pub(crate) use peers::Peers;
pub(crate) use server::{Service, serve};

/// A question.
#[derive(Serialize, Deserialize)]
struct Request<'a> {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<usize>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Its answer.
#[derive(Serialize, Deserialize)]
struct Reply<'a> {
    id: u64,
    #[serde(borrow)]
    reply: Result<&'a RawValue, String>,
}
