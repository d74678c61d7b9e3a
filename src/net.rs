//! The net between the nodes: cutting it, mending it, and looking whether it is cut.
mod cut;
mod harm;
pub mod iptables;
pub mod knock;
pub mod link;
pub mod probe;
mod rules;
pub mod silence;
pub mod switch;
pub mod tun;
pub mod weather;

use std::collections::BTreeSet;

use anyhow::Result;
use async_trait::async_trait;
use serde::Serialize;

pub use cut::{CLIENTS, Cut, Grudge, Way, links};

use crate::cluster::Node;

/// A way to cut and mend.
#[async_trait]
pub trait Net: Send + Sync {
    /// Cuts this, and nothing else: what was cut before is mended.
    ///
    /// # Errors
    /// When a node refused; some nodes may be cut then.
    async fn cut(&self, cut: &Cut) -> Result<()>;

    /// Mends everything. Idempotent.
    ///
    /// # Errors
    /// When a node refused.
    async fn heal(&self) -> Result<()>;

    /// Sends packets between all nodes, both ways, and returns who was heard by whom.
    ///
    /// # Errors
    /// When the probe itself did not work.
    async fn probe(&self) -> Result<Heard>;

    /// Whether nodes can be cut from the clients, and be seen to be.
    ///
    /// # Errors
    /// The reason why not.
    fn reaches_clients(&self) -> Result<()>;

    /// How many packets a node has refused since it was last told what to cut.
    ///
    /// # Errors
    /// When the node could not be asked.
    async fn refused(&self, node: &Node) -> Result<u64>;
}

/// Who was heard by whom, over IPv4 and, where the nodes have it, IPv6; the clients, where they and
/// the nodes hear each other at all, are among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Links that were tried, as `n1>n2`: from the sender to the receiver.
    pub tried: BTreeSet<String>,
    /// Those over which nothing arrived, by either family.
    pub silent: BTreeSet<String>,
    /// Those over which one family arrived and the other did not.
    pub half: BTreeSet<String>,
}

impl Heard {
    /// Whether exactly the links of this cut are silent.
    pub fn matches(&self, cut: &Cut) -> bool {
        self.half.is_empty() && self.silent == cut.silent()
    }

    /// Whether everybody was heard by everybody.
    pub fn is_whole(&self) -> bool {
        self.matches(&Cut::default())
    }
}
