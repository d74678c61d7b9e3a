//! Nodes that are killed and started again, until healing: in turn, or at random.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use tokio::time::sleep;

use super::{
    Entry, Fault, Settings,
    recurring::{Deed, Recurring},
    signal::{Cure, all_are, await_state, serving},
};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// In the list of faults.
pub(super) const ROLLING: Entry = Entry {
    name: "rolling-restart",
    about: "restarts nodes in turn (SIGKILL, start), each when the one before it serves again",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: rolling,
};

/// In the list of faults.
pub(super) const STORM: Entry = Entry {
    name: "restart-storm",
    about: "kills and starts random nodes again and again, without waiting until they serve",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: storm,
};

fn rolling(_: &Settings) -> Box<dyn Fault> {
    let deed = |_| -> Box<dyn Deed> { Box::new(InTurn { next: 0 }) };
    Box::new(Recurring::new(ROLLING.name, Cure::Start, Undo::Nothing, deed))
}

fn storm(_: &Settings) -> Box<dyn Fault> {
    let deed = |rng| -> Box<dyn Deed> { Box::new(AtRandom { rng }) };
    Box::new(Recurring::new(STORM.name, Cure::Start, Undo::Nothing, deed))
}

/// How long a node stays down, at most, in a storm.
const DOWN_MAX_MS: u64 = 500;
/// How long it is left alone after its start, at most.
const UP_MAX_MS: u64 = 1500;

/// How long all are left alone after a node serves again.
const BETWEEN: Duration = Duration::from_millis(300);

struct InTurn {
    next: usize,
}

#[async_trait]
impl Deed for InTurn {
    async fn once(&mut self, cluster: &Cluster, nodes: &[Arc<str>]) -> Result<bool> {
        let node = &nodes[self.next % nodes.len()];
        self.next += 1;
        let was_dead = kill(cluster, node).await?;
        cluster.start(cluster.node(node)?).await?;
        serving(cluster, node).await?;
        sleep(BETWEEN).await;
        Ok(was_dead)
    }
}

struct AtRandom {
    rng: ChaCha8Rng,
}

#[async_trait]
impl Deed for AtRandom {
    async fn once(&mut self, cluster: &Cluster, nodes: &[Arc<str>]) -> Result<bool> {
        let node = nodes.choose(&mut self.rng).context("nobody to hurt")?.clone();
        let down = Duration::from_millis(self.rng.random_range(0..DOWN_MAX_MS));
        let up = Duration::from_millis(self.rng.random_range(0..UP_MAX_MS));
        let was_dead = kill(cluster, &node).await?;
        sleep(down).await;
        cluster.start(cluster.node(&node)?).await?;
        sleep(up).await;
        Ok(was_dead)
    }
}

/// Kills a node's daemon, and looks whether it is dead.
async fn kill(cluster: &Cluster, node: &Arc<str>) -> Result<bool> {
    cluster.kill(cluster.node(node)?).await?;
    let seen = await_state(cluster, std::slice::from_ref(node), DaemonState::Dead).await?;
    Ok(all_are(&seen, DaemonState::Dead))
}
