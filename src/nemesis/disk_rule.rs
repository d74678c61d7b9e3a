//! Disks that do not do what they are told, as long as it lasts: they fail, dawdle, do half of it.
use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use nix::errno::Errno;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{
    Entry, Fault, Injury, Proof, Settings,
    power_failure::{disk, power_off, power_on},
    signal::Cure,
    target,
    victims::Victims,
};
use crate::{
    cluster::Cluster,
    disk::{Deed, Harm, Rule},
    ledger::Undo,
};

macro_rules! disk_fault {
    ($entry:ident, $name:literal, $about:literal, $in_all:literal, $rule:expr) => {
        /// In the list of faults.
        pub(super) const $entry: Entry = Entry {
            name: $name,
            about: $about,
            needs_switch: false,
            needs_disk: true,
            in_all: $in_all,
            build: |settings: &Settings| -> Box<dyn Fault> {
                let (deeds, share, harm): (&[Deed], f64, Harm) = $rule;
                build($name, settings, deeds, share, harm)
            },
        };
    };
}

const ALL: &[Deed] = &[Deed::Read, Deed::Write, Deed::Sync];

disk_fault!(
    ERROR,
    "disk-error",
    "a twentieth of what some nodes ask of their disks fails (EIO)",
    true,
    (ALL, 0.05, Harm::Error(Errno::EIO))
);
disk_fault!(
    SLOW,
    "slow-disk",
    "whatever some nodes ask of their disks takes up to 100 ms longer",
    true,
    (ALL, 1.0, Harm::Delay(Duration::from_millis(100)))
);
disk_fault!(
    SHORT,
    "short-writes",
    "half of what some nodes write is written in part, and they are told so",
    true,
    (&[Deed::Write], 0.5, Harm::Short)
);
// Few systems promise to bear the others.
disk_fault!(
    GARBLED,
    "garbled-writes",
    "a bit is flipped in a twentieth of what a minority of nodes, always the same, writes",
    false,
    (&[Deed::Write], 0.05, Harm::Flip)
);
disk_fault!(
    LYING,
    "lying-fsync",
    "fsync does nothing on a minority of nodes, always the same, until their power fails at healing",
    false,
    (&[Deed::Sync], 1.0, Harm::Lie)
);

fn build(
    name: &'static str,
    settings: &Settings,
    deeds: &'static [Deed],
    share: f64,
    harm: Harm,
) -> Box<dyn Fault> {
    let rule = Rule { deeds, files: settings.files.clone(), share, harm };
    let victims = matches!(harm, Harm::Flip | Harm::Lie).then(|| Victims::new(settings.seed));
    Box::new(DiskRule { name, rule, victims })
}

struct DiskRule {
    name: &'static str,
    rule: Rule,
    /// Who may be hurt, where data does not survive it.
    victims: Option<Victims>,
}

/// How often, and for how long each time, to wait until the rule has been applied: five seconds.
const LOOKS: (u32, Duration) = (100, Duration::from_millis(50));

#[async_trait]
impl Fault for DiskRule {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        cluster.nodes.iter().try_for_each(|node| disk(node).map(drop))
    }

    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        self.victims.as_ref().map_or_else(|| target::words(cluster), |_| Victims::words())
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = match &self.victims {
            Some(victims) => victims.resolve(cluster, word, rng).await?,
            None => target::resolve(cluster, word, rng).await?,
        };
        // The disks end with the lab.
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let before = applied(cluster, &injury.nodes)?.1;
        set(cluster, &injury.nodes, Some(&self.rule))?;
        let mut during = applied(cluster, &injury.nodes)?;
        for _ in 0..LOOKS.0 {
            if during.1 > before {
                break;
            }
            sleep(LOOKS.1).await;
            during = applied(cluster, &injury.nodes)?;
        }
        let seen = json!({ "harmed_before": before, "harmed_during": during.0 });
        Ok(Proof { holds: during.1 > before, seen })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let (at_end, _) = applied(cluster, &nodes)?;
        if self.rule.harm == Harm::Lie {
            // It shows only when the power fails, before the truth is told again.
            let off = power_off(cluster, &nodes, None).await?;
            set(cluster, &nodes, None)?;
            let on = power_on(cluster, &nodes, false).await?;
            let seen = json!({ "harmed_at_end": at_end, "power_off": off.seen, "power_on": on.seen,
                "lasted": off.holds && on.seen["lasted"] == true });
            return Ok(Proof { holds: on.holds, seen });
        }
        set(cluster, &nodes, None)?;
        // Whom an error has killed is started again.
        let (after, holds) = Cure::Start.bring_back(cluster, &nodes).await?;
        Ok(Proof { holds, seen: json!({ "harmed_at_end": at_end, "after": after }) })
    }
}

fn set(cluster: &Cluster, nodes: &[Arc<str>], rule: Option<&Rule>) -> Result<()> {
    nodes.iter().try_for_each(|name| {
        disk(cluster.node(name)?)?.rule(rule.cloned());
        Ok(())
    })
}

/// How often rules have been applied: by node, and in all.
fn applied(cluster: &Cluster, nodes: &[Arc<str>]) -> Result<(Map<String, Value>, u64)> {
    let mut counts = Map::new();
    let mut sum = 0;
    for name in nodes {
        let applied = disk(cluster.node(name)?)?.applied();
        counts.insert(name.to_string(), applied.into());
        sum += applied;
    }
    Ok((counts, sum))
}
