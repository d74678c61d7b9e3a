//! `kill -9`, and a start after it.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use nix::sys::signal::Signal;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "kill",
    about: "kills the system's processes on some nodes (SIGKILL), starts them again at healing",
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(Kill)
}

struct Kill;

/// How long a started node may take until it serves again.
const READY: Duration = Duration::from_secs(30);

#[async_trait]
impl Fault for Kill {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn available(&self, _: &Cluster) -> Result<()> {
        Ok(())
    }

    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        target::words(cluster)
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Cluster, injury: &Injury) -> Result<Proof> {
        let before = states(cluster, &injury.nodes).await?;
        for name in &injury.nodes {
            cluster.daemons.signal(cluster.node(name)?, Signal::SIGKILL).await?;
        }
        let during = await_state(cluster, &injury.nodes, DaemonState::Dead).await?;
        let holds = all_are(&before, DaemonState::Running) && all_are(&during, DaemonState::Dead);
        Ok(Proof { holds, seen: json!({ "before": before, "during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let at_end = states(cluster, &nodes).await?;
        for name in &nodes {
            cluster.start(cluster.node(name)?).await?;
        }
        for name in &nodes {
            let ready = cluster.system.await_ready(cluster.node(name)?);
            let ready = tokio::time::timeout(READY, ready).await;
            ready.with_context(|| format!("{name} did not serve {READY:?} after its start"))??;
        }
        let after = states(cluster, &nodes).await?;
        let holds = all_are(&after, DaemonState::Running);
        let lasted = all_are(&at_end, DaemonState::Dead);
        Ok(Proof { holds, seen: json!({ "at_end": at_end, "lasted": lasted, "after": after }) })
    }
}

/// What the daemons of these nodes do, in words.
pub(super) async fn states(cluster: &Cluster, nodes: &[Arc<str>]) -> Result<Map<String, Value>> {
    let mut states = Map::new();
    for name in nodes {
        let state = cluster.daemons.state(cluster.node(name)?).await?;
        states.insert(name.to_string(), state.word().into());
    }
    Ok(states)
}

/// The same, once all are in this state, or after two seconds.
pub(super) async fn await_state(
    cluster: &Cluster,
    nodes: &[Arc<str>],
    state: DaemonState,
) -> Result<Map<String, Value>> {
    for _ in 0..200 {
        let seen = states(cluster, nodes).await?;
        if all_are(&seen, state) {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    states(cluster, nodes).await
}

pub(super) fn all_are(states: &Map<String, Value>, state: DaemonState) -> bool {
    states.values().all(|seen| seen.as_str() == Some(state.word()))
}
