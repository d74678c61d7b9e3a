//! What is asked for, by clients and by nodes, and what they hear.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What to do with a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Take it.
    Acquire,
    /// Keep it for longer. Who says so late, from before the lease was granted anew, is told by the
    /// token.
    Renew(u64),
    /// Give it back.
    Release(u64),
}

/// A question.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Whether the node serves clients.
    Ping {},
    /// Something about a lease.
    Lease {
        /// What.
        ask: Ask,
        /// Which lease.
        key: u32,
        /// Who wants it.
        owner: Value,
    },
}
