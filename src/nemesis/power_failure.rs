//! The power of some machines fails, and comes back: what was not synced is gone, and nobody is
//! told that connections are closed. `kill` loses neither.
use std::{fs, sync::Arc};

use anyhow::{Context, Result};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use nix::sys::signal::Signal;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, json};

use super::{
    Entry, Fault, Injury, Proof, Settings,
    signal::{Cure, all_are, await_state, states},
    target,
};
use crate::{
    cluster::{Cluster, DaemonState, Node},
    disk::Disk,
    ledger::Undo,
    net::silence::{forget_connections, silence, speak},
    remote::marks,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "power-failure",
    about: "cuts the power of some nodes: what was not synced is lost, peers hear nothing",
    needs_switch: false,
    needs_disk: true,
    in_all: true,
    build: |_: &Settings| -> Box<dyn Fault> { Box::new(PowerFailure::new(ENTRY.name, false)) },
};

/// In the list of faults.
pub(super) const TORN: Entry = Entry {
    name: "torn-power-failure",
    about: "the same, and of what was not synced some sectors are there, and some are not",
    needs_switch: false,
    needs_disk: true,
    in_all: true,
    build: |_: &Settings| -> Box<dyn Fault> { Box::new(PowerFailure::new(TORN.name, true)) },
};

struct PowerFailure {
    name: &'static str,
    is_torn: bool,
    rng: ChaCha8Rng,
}

impl PowerFailure {
    fn new(name: &'static str, is_torn: bool) -> PowerFailure {
        // Every strike brings its own chance.
        PowerFailure { name, is_torn, rng: ChaCha8Rng::seed_from_u64(0) }
    }
}

/// A file that is written and never synced: it must be gone.
const CANARY: &str = ".netsplit-not-synced";

#[async_trait]
impl Fault for PowerFailure {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        cluster.nodes.iter().try_for_each(|node| disk(node).map(drop))
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        self.rng = ChaCha8Rng::from_rng(rng);
        // The disks end with the lab.
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let chance = self.is_torn.then_some(&mut self.rng);
        power_off(cluster, &injury.nodes, chance).await
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        power_on(cluster, &nodes, self.is_torn).await
    }
}

/// The disk of a node, where it is ours.
pub(super) fn disk(node: &Node) -> Result<&Disk> {
    let disk = node.disk.as_deref();
    disk.with_context(|| {
        format!("the disk of {} is not ours: it needs the lab, and FUSE", node.name)
    })
}

/// Nothing is heard of the nodes, they stop, their disks lose what was not synced, they are dead:
/// in this order, so that nobody acts upon what happens to the others.
pub(super) async fn power_off(
    cluster: &Cluster,
    names: &[Arc<str>],
    mut chance: Option<&mut ChaCha8Rng>,
) -> Result<Proof> {
    let nodes = names.iter().map(|name| cluster.node(name)).collect::<Result<Vec<&Node>>>()?;
    let before = states(cluster, names).await?;
    try_join_all(nodes.iter().map(|node| silence(&*node.remote))).await?;
    let stop = |node: &&Node| {
        let (remote, name) = (node.remote.clone(), node.name.clone());
        async move { marks::signal(&*remote, &cluster.run, &name, Signal::SIGSTOP).await }
    };
    try_join_all(nodes.iter().map(stop)).await?;
    await_state(cluster, names, DaemonState::Paused).await?;
    let mut lost = Map::new();
    let mut is_lost = true;
    for node in &nodes {
        write_canary(node).await?;
        let of_node = disk(node)?.power_off(chance.as_deref_mut());
        is_lost &= of_node.files > 0;
        lost.insert(node.name.to_string(), json!(of_node));
    }
    try_join_all(nodes.iter().map(|node| cluster.kill(node))).await?;
    let during = await_state(cluster, names, DaemonState::Dead).await?;
    let forgotten = nodes.iter().map(|node| forget_connections(&*node.remote));
    let connections: u64 = try_join_all(forgotten).await?.into_iter().sum();
    let holds =
        is_lost && all_are(&before, DaemonState::Running) && all_are(&during, DaemonState::Dead);
    let seen = json!({
        "before": before, "during": during, "lost": lost, "connections_forgotten": connections,
    });
    Ok(Proof { holds, seen })
}

/// The disks work again, the nodes are heard, and are started.
pub(super) async fn power_on(
    cluster: &Cluster,
    names: &[Arc<str>],
    is_torn: bool,
) -> Result<Proof> {
    let at_end = states(cluster, names).await?;
    let (mut canaries, mut is_gone) = (Map::new(), true);
    for name in names {
        let node = cluster.node(name)?;
        disk(node)?.power_on();
        let survived = remove_canary(node).await?;
        is_gone &= is_torn || !survived;
        canaries.insert(name.to_string(), survived.into());
        speak(&*node.remote).await?;
    }
    let (after, holds) = Cure::Start.bring_back(cluster, names).await?;
    // Healing that failed and is tried again finds them running.
    let lasted = is_gone && !at_end.values().any(|state| state == DaemonState::Paused.word());
    let seen = json!({
        "at_end": at_end, "not_synced_survived": canaries, "lasted": lasted, "after": after,
    });
    Ok(Proof { holds, seen })
}

/// In a thread of its own: whoever answers the kernel must not be kept from it.
async fn write_canary(node: &Node) -> Result<()> {
    let path = node.data.join(CANARY);
    let written = tokio::task::spawn_blocking(move || fs::write(path, [1; 5000])).await?;
    written.with_context(|| format!("failed to write to the disk of {}", node.name))
}

/// Whether it was still there.
async fn remove_canary(node: &Node) -> Result<bool> {
    let path = node.data.join(CANARY);
    Ok(tokio::task::spawn_blocking(move || fs::remove_file(path).is_ok()).await?)
}
