//! A machine that comes back with an empty disk.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, json};

use super::{
    Entry, Fault, Injury, Proof, Settings,
    signal::{self, Cure, all_are, await_state},
    victims::Victims,
};
use crate::{
    cluster::{Cluster, DaemonState, Node},
    ledger::Undo,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "wipe",
    about: "kills a minority of nodes, always the same, removes their data, and starts them again",
    needs_switch: false,
    needs_disk: false,
    // Few systems promise to bear it.
    in_all: false,
    build,
};

fn build(settings: &Settings) -> Box<dyn Fault> {
    Box::new(Wipe { victims: Victims::new(settings.seed) })
}

struct Wipe {
    victims: Victims,
}

const DEADLINE: Duration = Duration::from_secs(30);

#[async_trait]
impl Fault for Wipe {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn targets(&self, _: &Cluster) -> Vec<String> {
        Victims::words()
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = self.victims.resolve(cluster, word, rng).await?;
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let (mut before, mut after) = (Map::new(), Map::new());
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            before.insert(name.to_string(), files(node).await?.into());
            cluster.kill(node).await?;
        }
        let during = await_state(cluster, &injury.nodes, DaemonState::Dead).await?;
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            clear(node).await?;
            after.insert(name.to_string(), files(node).await?.into());
        }
        let had = before.values().all(|files| files.as_u64() > Some(0));
        let is_empty = after.values().all(|files| files == 0);
        let holds = had && is_empty && all_are(&during, DaemonState::Dead);
        let seen = json!({ "files_before": before, "during": during, "files_after": after });
        Ok(Proof { holds, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        signal::heal(cluster, injury, DaemonState::Dead, Cure::Start).await
    }
}

/// Removes a node's data.
pub(super) async fn clear(node: &Node) -> Result<()> {
    let data = node.data.to_string_lossy();
    let remove = ["find", &data, "-mindepth", "1", "-delete"];
    let removed = node.remote.ask(&remove, b"", DEADLINE).await;
    removed.with_context(|| format!("failed to remove the data of {}", node.name)).map(drop)
}

/// How many files and directories a node's data has.
async fn files(node: &Node) -> Result<usize> {
    let data = node.data.to_string_lossy();
    let listed = node.remote.ask(&["find", &data, "-mindepth", "1"], b"", DEADLINE).await;
    let listed = listed.with_context(|| format!("failed to list the data of {}", node.name))?;
    Ok(listed.lines().count())
}
