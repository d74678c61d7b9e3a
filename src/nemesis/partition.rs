//! Cuts the net between nodes; clients still reach every node.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Entry, Fault, Injury, Proof, Settings, Topology};
use crate::{
    cluster::Cluster,
    ledger::Undo,
    net::{Grudge, Heard, links},
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "partition",
    about: "drops packets between nodes (iptables): halves, one, bridge, ring, one-way, ...",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(settings: &Settings) -> Box<dyn Fault> {
    Box::new(Partition { topologies: settings.topologies.clone() })
}

/// Cuts the net.
pub(super) struct Partition {
    /// What is drawn from; empty for all that fit.
    pub(super) topologies: Vec<Topology>,
}

#[async_trait]
impl Fault for Partition {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        if cluster.nodes.len() < 2 {
            bail!("one node has no net to cut");
        }
        for topology in &self.topologies {
            topology.check(&cluster.names(), cluster.system.has_primaries())?;
        }
        Ok(())
    }

    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        let chosen = if self.topologies.is_empty() {
            Topology::fitting(cluster.nodes.len(), cluster.system.has_primaries())
        } else {
            self.topologies.clone()
        };
        chosen.iter().map(ToString::to_string).collect()
    }

    async fn aim(
        &mut self,
        cluster: &Cluster,
        target: &str,
        rng: &mut ChaCha8Rng,
    ) -> Result<Injury> {
        let topology: Topology = target.parse()?;
        let primaries = match topology {
            Topology::Primaries => cluster.system.primaries(&cluster.nodes).await,
            _ => Vec::new(),
        };
        let grudge = topology.grudge(&cluster.names(), &primaries, rng);
        let nodes = grudge.keys().cloned().collect();
        Ok(Injury { hurt: json!(grudge), nodes, undo: Undo::DropRules })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let grudge = grudge_of(injury)?;
        let before = cluster.net.probe().await?;
        cluster.net.drop_all(&grudge).await?;
        let during = cluster.net.probe().await?;
        let was_whole = before.silent.is_empty() && before.half.is_empty();
        let holds = was_whole && !grudge.is_empty() && during.matches(&grudge);
        let seen = json!({
            "cut": links(&grudge),
            "before": look(&before),
            "during": look(&during),
        });
        Ok(Proof { holds, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let grudge = injury.map(grudge_of).transpose()?.unwrap_or_default();
        let at_end = cluster.net.probe().await?;
        cluster.net.heal().await?;
        let after = cluster.net.probe().await?;
        let holds = after.matches(&Grudge::new());
        let seen = json!({
            "at_end": look(&at_end),
            "lasted": at_end.matches(&grudge),
            "after": look(&after),
        });
        Ok(Proof { holds, seen })
    }
}

/// What an injury of the net means.
pub(super) fn grudge_of(injury: &Injury) -> Result<Grudge> {
    serde_json::from_value(injury.hurt.clone()).context("a grudge")
}

/// What a probe heard, in short: how many links were tried, and which were silent.
pub(super) fn look(heard: &Heard) -> Value {
    json!({ "links": heard.tried.len(), "silent": heard.silent, "half": heard.half })
}
