//! The net between the nodes: cutting it, mending it, and looking whether it is cut.
mod harm;
pub mod iptables;
pub mod link;
pub mod probe;
pub mod silence;
pub mod switch;
pub mod tun;
pub mod weather;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Result;
use async_trait::async_trait;
use serde::Serialize;

/// Who drops whose packets: `{n1: {n2, n3}}` means that `n1` receives nothing from `n2` and `n3`.
/// One-way by nature; a cut both ways has two entries.
pub type Grudge = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

/// A way to cut and mend.
#[async_trait]
pub trait Net: Send + Sync {
    /// Cuts what the grudge says, and nothing else: what was cut before is mended.
    ///
    /// # Errors
    /// When a node refused; some nodes may be cut then.
    async fn drop_all(&self, grudge: &Grudge) -> Result<()>;

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
}

/// Who was heard by whom, over IPv4 and, where the nodes have it, IPv6.
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
    /// Whether exactly the links of this grudge are silent.
    pub fn matches(&self, grudge: &Grudge) -> bool {
        self.half.is_empty() && self.silent == links(grudge)
    }
}

/// The links a grudge cuts, as `n1>n2`: from the sender to the receiver that drops.
pub fn links(grudge: &Grudge) -> BTreeSet<String> {
    let pairs = grudge.iter().flat_map(|(to, froms)| froms.iter().map(move |from| (from, to)));
    pairs.map(|(from, to)| format!("{from}>{to}")).collect()
}
