//! `SIGSTOP`: the node's kernel still answers, its processes do nothing.
use anyhow::Result;
use async_trait::async_trait;
use nix::sys::signal::Signal;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{
    Entry, Fault, Injury, Proof, Settings,
    kill::{all_are, await_state, states},
    target,
};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "pause",
    about: "stops the system's processes on some nodes (SIGSTOP), lets them go on at healing",
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(Pause)
}

struct Pause;

#[async_trait]
impl Fault for Pause {
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
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Resume })
    }

    async fn inject(&mut self, cluster: &Cluster, injury: &Injury) -> Result<Proof> {
        let before = states(cluster, &injury.nodes).await?;
        for name in &injury.nodes {
            cluster.daemons.signal(cluster.node(name)?, Signal::SIGSTOP).await?;
        }
        let during = await_state(cluster, &injury.nodes, DaemonState::Paused).await?;
        let holds = all_are(&before, DaemonState::Running) && all_are(&during, DaemonState::Paused);
        Ok(Proof { holds, seen: json!({ "before": before, "during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let at_end = states(cluster, &nodes).await?;
        for name in &nodes {
            cluster.daemons.signal(cluster.node(name)?, Signal::SIGCONT).await?;
        }
        let after = await_state(cluster, &nodes, DaemonState::Running).await?;
        let holds = all_are(&after, DaemonState::Running);
        let lasted = all_are(&at_end, DaemonState::Paused);
        Ok(Proof { holds, seen: json!({ "at_end": at_end, "lasted": lasted, "after": after }) })
    }
}
