//! Cuts the net between nodes; clients still reach every node.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Entry, Fault, Injury, Proof, Settings, Topology, cut};
use crate::{
    cluster::Cluster,
    ledger::Undo,
    net::{Cut, Grudge, Way},
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "partition",
    about: "drops packets between nodes (iptables): halves, one, bridge, ring, one-way, ...",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |settings| Box::new(Partition::new(ENTRY.name, Kind::Drop, settings)),
};

/// In the list of faults.
pub(super) const REJECT: Entry = Entry {
    name: "reject",
    about: "refuses and resets connections between nodes, at once (iptables), as a partition",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |settings| Box::new(Partition::new(REJECT.name, Kind::Reset, settings)),
};

/// In the list of faults.
pub(super) const PORT: Entry = Entry {
    name: "cut-port",
    about: "drops packets between nodes from and to one port (iptables): --fault-port, or the system's",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |settings| Box::new(Partition::new(PORT.name, Kind::Port(settings.port), settings)),
};

/// What becomes of packets that do not come through.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Drop,
    Reset,
    /// Those of this port, or of that by which the system's nodes talk to each other.
    Port(Option<u16>),
}

/// Cuts the net.
pub(super) struct Partition {
    name: &'static str,
    kind: Kind,
    /// What is drawn from; empty for all that fit.
    topologies: Vec<Topology>,
}

impl Partition {
    pub(super) fn new(name: &'static str, kind: Kind, settings: &Settings) -> Partition {
        Partition { name, kind, topologies: settings.topologies.clone() }
    }

    fn way(&self, cluster: &Cluster) -> Result<Way> {
        Ok(match self.kind {
            Kind::Drop => Way::Drop,
            Kind::Reset => Way::Reset,
            Kind::Port(port) => {
                let port = port.or(cluster.system.peer_port());
                Way::Port(port.context("which port is to be cut? --fault-port N says it")?)
            }
        })
    }

    fn cut(&self, cluster: &Cluster, injury: &Injury) -> Result<Cut> {
        Ok(Cut { way: self.way(cluster)?, ..grudge_of(injury)?.into() })
    }
}

#[async_trait]
impl Fault for Partition {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        if cluster.nodes.len() < 2 {
            bail!("one node has no net to cut");
        }
        self.way(cluster)?;
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
        cut::inject(cluster, &self.cut(cluster, injury)?).await
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let cut = injury.map(|injury| self.cut(cluster, injury)).transpose()?;
        cut::heal(cluster, &cut.unwrap_or_default()).await
    }
}

/// What an injury of the net means.
pub(super) fn grudge_of(injury: &Injury) -> Result<Grudge> {
    serde_json::from_value(injury.hurt.clone()).context("a grudge")
}
