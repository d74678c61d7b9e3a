//! Links that are slow, narrow, or do not bring what was sent: everything a network may do short
//! of being cut. Only links between nodes are hurt; clients reach every node as before.
use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{
    cluster::Cluster,
    ledger::Undo,
    net::{
        link::{Counts, Quality},
        switch::Switch,
    },
};

const PERFECT: Quality = Quality::PERFECT;

macro_rules! link_fault {
    ($entry:ident, $name:literal, $about:literal, $quality:expr, $count:ident) => {
        /// In the list of faults.
        pub(super) const $entry: Entry = Entry {
            name: $name,
            about: $about,
            needs_switch: true,
            needs_disk: false,
            // TCP's checksum is all that most systems have.
            in_all: $quality.garble == 0.0,
            build: |_: &Settings| -> Box<dyn Fault> {
                Box::new(Links { name: $name, quality: $quality, count: |counts| counts.$count })
            },
        };
    };
}

link_fault!(
    DELAY,
    "delay",
    "packets between some nodes and all others take 100 ms, and up to 50 ms more",
    Quality { delay_us: 100_000, jitter_us: 50_000, ..PERFECT },
    delayed
);
link_fault!(
    LOSS,
    "loss",
    "a fifth of the packets between some nodes and all others never arrive",
    Quality { loss: 0.2, ..PERFECT },
    lost
);
link_fault!(
    DUPLICATE,
    "duplicate",
    "a fifth of the packets between some nodes and all others arrive twice",
    Quality { duplicate: 0.2, ..PERFECT },
    duplicated
);
link_fault!(
    REORDER,
    "reorder",
    "a fifth of the packets between some nodes and all others are overtaken",
    Quality { reorder: 0.2, ..PERFECT },
    reordered
);
link_fault!(
    CORRUPT,
    "corrupt",
    "a bit is flipped in a tenth of the packets between some nodes and all others; checksums tell",
    Quality { corrupt: 0.1, ..PERFECT },
    corrupted
);
link_fault!(
    GARBLE,
    "garble",
    "a bit is flipped in one of 50 packets between some nodes, and no checksum tells",
    Quality { garble: 0.02, ..PERFECT },
    garbled
);
link_fault!(
    NARROW,
    "narrow",
    "no more than 200 kbit/s between some nodes and each of the others",
    Quality { rate_bps: 200_000, ..PERFECT },
    delayed
);

struct Links {
    name: &'static str,
    quality: Quality,
    /// What shows that the links are as they should be.
    count: fn(&Counts) -> u64,
}

/// How often the net is probed, at most, until the harm shows.
const PROBES_MAX: u32 = 20;

impl Links {
    fn harmed(&self, switch: &Switch, nodes: &BTreeSet<Arc<str>>) -> u64 {
        switch.counts(nodes).values().map(self.count).sum()
    }
}

fn switch(cluster: &Cluster) -> Result<&Switch> {
    cluster
        .switch
        .as_deref()
        .context("the links between these nodes are not ours: it needs the lab, and /dev/net/tun")
}

#[async_trait]
impl Fault for Links {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        switch(cluster).map(drop)
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        // The switch ends with the controller.
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let switch = switch(cluster)?;
        let nodes: BTreeSet<Arc<str>> = injury.nodes.iter().cloned().collect();
        let before = self.harmed(switch, &nodes);
        switch.set(&nodes, self.quality);
        let mut during = before;
        for _ in 0..PROBES_MAX {
            cluster.net.probe().await?;
            during = self.harmed(switch, &nodes);
            if during > before {
                break;
            }
        }
        let seen = json!({
            "quality": self.quality,
            "links": switch.counts(&nodes).len(),
            "harmed_before": before,
            "harmed_during": during,
        });
        Ok(Proof { holds: during > before, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let Some(injury) = injury else { return Ok(Proof { holds: true, seen: json!({}) }) };
        let switch = switch(cluster)?;
        let nodes: BTreeSet<Arc<str>> = injury.nodes.iter().cloned().collect();
        let at_end = self.harmed(switch, &nodes);
        switch.set(&nodes, cluster.weather);
        // What was under way still arrives, and late; what follows keeps behind it.
        let (mut harmed_after, mut silent, mut is_well) = (0, BTreeSet::new(), false);
        for _ in 0..PROBES_MAX {
            let before = self.harmed(switch, &nodes);
            let heard = cluster.net.probe().await?;
            harmed_after = self.harmed(switch, &nodes) - before;
            let is_whole = heard.silent.is_empty() && heard.half.is_empty();
            silent = heard.silent;
            is_well = cluster.weather != PERFECT || (harmed_after == 0 && is_whole);
            if is_well {
                break;
            }
        }
        let seen = json!({
            "harmed_at_end": at_end, "harmed_after": harmed_after, "silent_after": silent,
        });
        Ok(Proof { holds: is_well, seen })
    }
}
