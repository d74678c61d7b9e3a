//! A node that leaves for good, and one with an empty disk that takes its place.
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    Entry, Fault, Injury, Proof, Settings,
    signal::{all_are, await_state, serving},
    target,
    wipe::clear,
};
use crate::{
    cluster::{Cluster, DaemonState, Node},
    ledger::Undo,
    remote::Program,
    system::Membership,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "shrink",
    about: "removes a member from the system, and its data; at healing it joins as a new one",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(Shrink)
}

struct Shrink;

/// Fewer nodes than these have none to spare.
const NODES_MIN: usize = 3;
/// How long all may take to agree who is a member, or to let one be.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// Whom each node takes for members: a list, or why it does not say.
type Views = BTreeMap<Arc<str>, Value>;

#[async_trait]
impl Fault for Shrink {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        if cluster.system.membership().is_none() {
            bail!("netsplit does not know how nodes join {} and leave it", cluster.system.name());
        }
        if cluster.nodes.len() < NODES_MIN {
            bail!("of {} nodes none can be spared", cluster.nodes.len());
        }
        Ok(())
    }

    /// One at a time: who removes more must know how many are left that can agree.
    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        let primaries = cluster.system.has_primaries().then_some("primaries");
        ["one"].into_iter().chain(primaries).map(Into::into).collect()
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let mut nodes = target::resolve(cluster, word, rng).await?;
        nodes.truncate(1);
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let all = cluster.names();
        let before = agreement(cluster, &all, &all).await?;
        let rest: Vec<_> = all.iter().filter(|n| !injury.nodes.contains(n)).cloned().collect();
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            change(cluster, &rest, Change::Remove, node).await?;
            cluster.kill(node).await?;
        }
        let during = agreement(cluster, &rest, &rest).await?;
        let dead = await_state(cluster, &injury.nodes, DaemonState::Dead).await?;
        let holds =
            agree(&before, &all) && agree(&during, &rest) && all_are(&dead, DaemonState::Dead);
        let seen = json!({ "before": before, "members": during, "daemons": dead });
        Ok(Proof { holds, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let all = cluster.names();
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let rest: Vec<_> = all.iter().filter(|n| !nodes.contains(n)).cloned().collect();
        let at_end = views(cluster, &rest).await?;
        for name in &nodes {
            let node = cluster.node(name)?;
            if cluster.daemons.state(node).await? != DaemonState::Dead {
                continue;
            }
            clear(node).await?;
            if let Some(program) = change(cluster, &rest, Change::Add, node).await? {
                cluster.start_as(node, program).await?;
            }
            serving(cluster, name).await?;
        }
        let after = agreement(cluster, &all, &all).await?;
        let running = await_state(cluster, &nodes, DaemonState::Running).await?;
        let holds = agree(&after, &all) && all_are(&running, DaemonState::Running);
        let lasted = nodes.is_empty() || agree(&at_end, &rest);
        let seen = json!({
            "at_end": at_end, "lasted": lasted, "after": after, "daemons_after": running,
        });
        Ok(Proof { holds, seen })
    }
}

fn membership(cluster: &Cluster) -> Result<&dyn Membership> {
    cluster.system.membership().context("nodes cannot come and go")
}

#[derive(Clone, Copy)]
enum Change {
    Remove,
    Add,
}

/// Has one of these nodes make the change: the first that does. None may, for a while, such as when
/// the one that led them is gone. Gives how to start a node that was added.
async fn change(
    cluster: &Cluster,
    asked: &[Arc<str>],
    change: Change,
    node: &Node,
) -> Result<Option<Program>> {
    let membership = membership(cluster)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let mut last = None;
        for name in asked {
            let asked = cluster.node(name)?;
            let done = match change {
                Change::Remove => membership.remove(asked, node).await.map(|()| None),
                Change::Add => membership.add(asked, node, &cluster.nodes).await.map(Some),
            };
            match done {
                Ok(done) => return Ok(done),
                Err(e) => last = Some(e),
            }
        }
        if let Some(e) = last.filter(|_| Instant::now() >= end) {
            return Err(e.context(format!("no member did it within {PATIENCE:?}")));
        }
        sleep(PAUSE).await;
    }
}

/// Whom these nodes take for members, once all take `wanted`, or when it is too late.
async fn agreement(cluster: &Cluster, asked: &[Arc<str>], wanted: &[Arc<str>]) -> Result<Views> {
    let end = Instant::now() + PATIENCE;
    loop {
        let views = views(cluster, asked).await?;
        if agree(&views, wanted) || Instant::now() >= end {
            return Ok(views);
        }
        sleep(PAUSE).await;
    }
}

async fn views(cluster: &Cluster, asked: &[Arc<str>]) -> Result<Views> {
    let membership = membership(cluster)?;
    let mut views = Views::new();
    for name in asked {
        let view = membership.members(cluster.node(name)?, &cluster.nodes).await;
        let view = view.map_or_else(|e| json!(format!("{e:#}")), |members| json!(members));
        views.insert(name.clone(), view);
    }
    Ok(views)
}

fn agree(views: &Views, wanted: &[Arc<str>]) -> bool {
    views.values().all(|view| *view == json!(wanted))
}
