//! A net that is cut and mended again and again, along the same line, until healing: a loose cable.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::time::sleep;

use super::{
    Entry, Fault, Injury, Proof, Settings,
    cut::probed,
    partition::{Kind, Partition, grudge_of},
    recurring::{Deed, Running},
};
use crate::{
    cluster::Cluster,
    net::{Cut, links},
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "flapping",
    about: "cuts and mends the net between nodes again and again, along the same line (iptables)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(settings: &Settings) -> Box<dyn Fault> {
    let partition = Partition::new(ENTRY.name, Kind::Drop, settings);
    Box::new(Flapping { partition, chance: None, running: None })
}

/// How long the net is whole, and how much longer cut than a look at it takes, at most.
const SPAN_MAX_MS: u64 = 1000;

struct Flapping {
    partition: Partition,
    chance: Option<ChaCha8Rng>,
    running: Option<Running>,
}

struct Flap {
    cut: Cut,
    rng: ChaCha8Rng,
}

#[async_trait]
impl Deed for Flap {
    async fn once(&mut self, cluster: &Cluster, _: &[Arc<str>]) -> Result<bool> {
        let [cut, whole] =
            [(); 2].map(|()| Duration::from_millis(self.rng.random_range(0..SPAN_MAX_MS)));
        cluster.net.cut(&self.cut).await?;
        let during = cluster.net.probe().await?;
        sleep(cut).await;
        cluster.net.heal().await?;
        sleep(whole).await;
        Ok(during.matches(&self.cut))
    }
}

#[async_trait]
impl Fault for Flapping {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        self.partition.available(cluster).await
    }

    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        self.partition.targets(cluster)
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let injury = self.partition.aim(cluster, word, rng).await?;
        self.chance = Some(ChaCha8Rng::from_rng(rng));
        Ok(injury)
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let grudge = grudge_of(injury)?;
        let before = cluster.net.probe().await?;
        let rng = self.chance.take().context("nothing was aimed at")?;
        let deed = Box::new(Flap { cut: grudge.clone().into(), rng });
        let (running, first) = Running::start(deed, cluster.clone(), injury.nodes.clone());
        self.running = Some(running);
        let seen = first.await.context("the deed panicked")?;
        let holds = seen && !grudge.is_empty() && before.is_whole();
        let seen = json!({ "cut": links(&grudge), "before": probed(&before), "first_seen": seen });
        Ok(Proof { holds, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, _: Option<&Injury>) -> Result<Proof> {
        let Some(running) = self.running.take() else {
            return Ok(Proof { holds: true, seen: json!({}) });
        };
        let tally = running.stop().await?;
        cluster.net.heal().await?;
        let after = cluster.net.probe().await?;
        let mut seen = tally.seen();
        seen["after"] = probed(&after);
        Ok(Proof { holds: after.is_whole(), seen })
    }
}
