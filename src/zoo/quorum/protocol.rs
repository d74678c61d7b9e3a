//! What is said: by clients to nodes, by nodes to nodes, by a node to its log.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Whether the node serves clients.
    Ping {},
    /// The value of a register; `null` where it has none.
    Read {
        /// Which register.
        key: u32,
    },
    /// Sets a register.
    Write {
        /// Which register.
        key: u32,
        /// To what.
        value: Value,
    },
    /// Puts an element into the set.
    Add {
        /// Which.
        element: u64,
    },
    /// All elements of the set.
    Elements {},
}

/// What a coordinator asks a replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PeerRequest {
    /// A register: a [`Versioned`].
    Register { key: u32 },
    /// The set: its elements.
    Elements {},
    /// Keep this.
    Store(Update),
}

/// What a replica is to keep, and a record of its log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Update {
    /// A register has this value, unless the replica knows a newer one.
    Register { key: u32, versioned: Versioned },
    /// The set has these elements.
    Elements(Vec<u64>),
}

/// A value and which write it is of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Versioned {
    pub(super) tag: Tag,
    pub(super) value: Value,
}

/// Which write: they are ordered by counter, then by node. No two have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Tag {
    /// One above the greatest that its coordinator had seen; 0 before the first write.
    pub(super) counter: u64,
    /// The coordinator.
    pub(super) node: u32,
}
