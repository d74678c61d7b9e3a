//! What faults that send a signal to whole nodes have in common.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use nix::sys::signal::Signal;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Fault, Injury, Proof, target};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// A fault that puts the daemons of some nodes into a state by a signal.
pub(super) struct SignalFault {
    pub(super) name: &'static str,
    pub(super) signal: Signal,
    /// What the daemons then are.
    pub(super) state: DaemonState,
    pub(super) cure: Cure,
    pub(super) undo: Undo,
}

/// How they come back.
#[derive(Clone, Copy)]
pub(super) enum Cure {
    /// Started anew.
    Start,
    /// By `SIGCONT`.
    Continue,
}

/// How long a started node may take until it serves again.
const READY: Duration = Duration::from_secs(30);
/// How often, and for how long each time, to wait until a signal has done its work: two seconds.
const LOOKS: (u32, Duration) = (200, Duration::from_millis(10));

#[async_trait]
impl Fault for SignalFault {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        Ok(Injury { hurt: json!(nodes), nodes, undo: self.undo.clone() })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let before = states(cluster, &injury.nodes).await?;
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            match self.signal {
                Signal::SIGKILL => cluster.kill(node).await?,
                signal => cluster.daemons.signal(node, signal).await?,
            }
        }
        let during = await_state(cluster, &injury.nodes, self.state).await?;
        let holds = all_are(&before, DaemonState::Running) && all_are(&during, self.state);
        Ok(Proof { holds, seen: json!({ "before": before, "during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        heal(cluster, injury, self.state, self.cure).await
    }
}

/// Looks whether the daemons are in that state still, and makes them run again.
pub(super) async fn heal(
    cluster: &Cluster,
    injury: Option<&Injury>,
    state: DaemonState,
    cure: Cure,
) -> Result<Proof> {
    let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
    let at_end = states(cluster, &nodes).await?;
    let (after, holds) = cure.bring_back(cluster, &nodes).await?;
    let lasted = all_are(&at_end, state);
    Ok(Proof { holds, seen: json!({ "at_end": at_end, "lasted": lasted, "after": after }) })
}

impl Cure {
    /// Makes these nodes run again: what they then do, and whether all of them run.
    pub(super) async fn bring_back(
        self,
        cluster: &Cluster,
        nodes: &[Arc<str>],
    ) -> Result<(Map<String, Value>, bool)> {
        self.apply(cluster, nodes).await?;
        let after = await_state(cluster, nodes, DaemonState::Running).await?;
        let holds = all_are(&after, DaemonState::Running);
        Ok((after, holds))
    }

    /// Makes these nodes run again; those that were started, until they serve.
    async fn apply(self, cluster: &Cluster, nodes: &[Arc<str>]) -> Result<()> {
        for name in nodes {
            let node = cluster.node(name)?;
            match self {
                Cure::Start => cluster.start(node).await?,
                Cure::Continue => cluster.daemons.signal(node, Signal::SIGCONT).await?,
            }
        }
        if matches!(self, Cure::Continue) {
            return Ok(());
        }
        // All are started before any is waited for: none may be ready without the others.
        for name in nodes {
            serving(cluster, name).await?;
        }
        Ok(())
    }
}

/// Returns when a node that was started serves.
pub(super) async fn serving(cluster: &Cluster, name: &str) -> Result<()> {
    let ready = cluster.system.await_ready(cluster.node(name)?);
    let ready = tokio::time::timeout(READY, ready).await;
    ready.with_context(|| format!("{name} did not serve {READY:?} after its start"))?
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

/// The same, once all are in this state, or when waiting longer would be in vain.
pub(super) async fn await_state(
    cluster: &Cluster,
    nodes: &[Arc<str>],
    state: DaemonState,
) -> Result<Map<String, Value>> {
    for _ in 0..LOOKS.0 {
        let seen = states(cluster, nodes).await?;
        if all_are(&seen, state) {
            return Ok(seen);
        }
        tokio::time::sleep(LOOKS.1).await;
    }
    states(cluster, nodes).await
}

pub(super) fn all_are(states: &Map<String, Value>, state: DaemonState) -> bool {
    states.values().all(|seen| seen.as_str() == Some(state.word()))
}
