//! Nodes that are alone, or that no client reaches though they see each other.
use std::{collections::BTreeSet, sync::Arc};

use anyhow::Result;
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Entry, Fault, Injury, Proof, Settings, cut, grudge::alone, target};
use crate::{
    cluster::Cluster,
    ledger::Undo,
    net::{Cut, Grudge},
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "isolate",
    about: "cuts some nodes off from all others and from the clients (iptables)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |_: &Settings| Box::new(Isolate { name: ENTRY.name, is_alone: true }),
};

/// In the list of faults.
pub(super) const CLIENTS: Entry = Entry {
    name: "cut-clients",
    about: "cuts the clients off from some nodes, which still see each other (iptables)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |_: &Settings| Box::new(Isolate { name: CLIENTS.name, is_alone: false }),
};

struct Isolate {
    name: &'static str,
    /// Whether other nodes do not see them either.
    is_alone: bool,
}

impl Isolate {
    fn cut(&self, cluster: &Cluster, injury: &Injury) -> Cut {
        let clients: BTreeSet<Arc<str>> = injury.nodes.iter().cloned().collect();
        let grudge = match self.is_alone {
            true => alone(&cluster.names(), &clients),
            false => Grudge::new(),
        };
        Cut { clients, ..grudge.into() }
    }
}

#[async_trait]
impl Fault for Isolate {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        cluster.net.reaches_clients()
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::DropRules })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        cut::inject(cluster, &self.cut(cluster, injury)).await
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let cut = injury.map(|injury| self.cut(cluster, injury));
        cut::heal(cluster, &cut.unwrap_or_default()).await
    }
}
