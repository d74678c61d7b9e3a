//! Clocks that are wrong, on some nodes, each in its own way: set ahead or back once, too fast or
//! too slow, or jumping to and fro. The machine's own clock is never touched: see [`crate::clock`].
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{
    clock::{self, Seen, Skew},
    cluster::{Cluster, Node},
    ledger::Undo,
    remote::{Program, Remote, marks},
};

macro_rules! clock_fault {
    ($entry:ident, $name:literal, $about:literal, $draw:expr) => {
        /// In the list of faults.
        pub(super) const $entry: Entry = Entry {
            name: $name,
            about: $about,
            needs_switch: false,
            needs_disk: false,
            in_all: true,
            build: |_: &Settings| -> Box<dyn Fault> {
                Box::new(Clock { name: $name, draw: $draw, skews: BTreeMap::new() })
            },
        };
    };
}

clock_fault!(
    BUMP,
    "clock-bump",
    "sets the clocks of some nodes' processes (not the machine's) ahead or back, 11 ms to 5 min",
    bump
);
clock_fault!(
    DRIFT,
    "clock-drift",
    "makes the clocks of some nodes' processes too fast or too slow, by a thousandth to a half",
    drift
);
clock_fault!(
    STROBE,
    "clock-strobe",
    "makes the clocks of some nodes' processes jump to and fro, by 4 ms to 4 min, every 1 ms to 1 s",
    strobe
);

const MS: i64 = 1_000_000;
const DEADLINE: Duration = Duration::from_secs(45);

fn bump(rng: &mut ChaCha8Rng) -> Skew {
    let ms = 1.5f64.powf(6.0 + rng.random_range(0.0..25.0)) as i64;
    Skew { offset_ns: signed(ms * MS, rng), ..Skew::default() }
}

fn drift(rng: &mut ChaCha8Rng) -> Skew {
    let ppm = 1000.0 * 500f64.powf(rng.random_range(0.0..=1.0));
    Skew { rate_ppm: signed(ppm as i64, rng), ..Skew::default() }
}

fn strobe(rng: &mut ChaCha8Rng) -> Skew {
    let [delta, period] = [2.0..18.0, 0.0..10.0].map(|log| 2f64.powf(rng.random_range(log)));
    let delta_ns = signed(delta as i64 * MS, rng);
    Skew { delta_ns, period_ns: period as i64 * MS, ..Skew::default() }
}

fn signed(amount: i64, rng: &mut ChaCha8Rng) -> i64 {
    if rng.random_bool(0.5) { amount } else { -amount }
}

struct Clock {
    name: &'static str,
    draw: fn(&mut ChaCha8Rng) -> Skew,
    /// Of the nodes aimed at.
    skews: BTreeMap<Arc<str>, Skew>,
}

#[async_trait]
impl Fault for Clock {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        let attempts = cluster.nodes.iter().map(async |node| {
            let tried = ask(&*node.remote, &node.netsplit, &["attempt"]).await;
            tried.with_context(|| format!("clocks on {} cannot be changed", node.name))
        });
        try_join_all(attempts).await.map(drop)
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        self.skews = match listed(word)? {
            Some(skews) => skews,
            None => {
                let nodes = target::resolve(cluster, word, rng).await?;
                nodes.into_iter().map(|node| (node, (self.draw)(rng))).collect()
            }
        };
        let nodes: Vec<Arc<str>> = self.skews.keys().cloned().collect();
        let executable = |name: &Arc<str>| -> Result<(String, PathBuf)> {
            Ok((name.to_string(), cluster.node(name)?.netsplit.clone()))
        };
        let netsplit = nodes.iter().map(executable).collect::<Result<_>>()?;
        let hurt: BTreeMap<_, _> = self.skews.iter().map(|(n, s)| (n, s.to_string())).collect();
        Ok(Injury { hurt: json!(hurt), nodes, undo: Undo::Clocks { netsplit } })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, _: &Injury) -> Result<Proof> {
        let skewed = self.skews.iter().map(async |(name, skew)| {
            let node = cluster.node(name)?;
            anyhow::Ok((name, skew_node(cluster, node, skew).await?))
        });
        let seen: BTreeMap<_, _> = try_join_all(skewed).await?.into_iter().collect();
        let holds = seen.values().all(|seen| seen.holds() && seen.processes > 0);
        Ok(Proof { holds, seen: json!({ "during": look(&seen) }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let names = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let healed = names.iter().map(async |name| {
            let node = cluster.node(name)?;
            let at_end = match cluster.clocks.of(node) {
                Some(skew) => Some(of_node(cluster, node, "look", Some(&skew)).await?),
                None => None,
            };
            cluster.clocks.set(node, None);
            anyhow::Ok((name, at_end, of_node(cluster, node, "restore", None).await?))
        });
        let (mut at_end, mut after) = (BTreeMap::new(), BTreeMap::new());
        for (name, before, restored) in try_join_all(healed).await? {
            at_end.extend(before.map(|before| (name, before)));
            after.insert(name, restored);
        }
        let lasted = at_end.values().all(Seen::holds);
        let holds = after.values().all(Seen::holds);
        let seen = json!({ "at_end": look(&at_end), "lasted": lasted, "after": look(&after) });
        Ok(Proof { holds, seen })
    }
}

/// `n1=+60000ms,n2=-2500ppm`: exactly whose clock is wrong, and how.
fn listed(target: &str) -> Result<Option<BTreeMap<Arc<str>, Skew>>> {
    if !target.contains('=') {
        return Ok(None);
    }
    let one = |part: &str| -> Result<(Arc<str>, Skew)> {
        let (node, skew) = part.split_once('=').context("some have a skew, and some have none")?;
        Ok((node.into(), skew.parse()?))
    };
    target.split(',').map(one).collect::<Result<_>>().map(Some)
}

/// Makes the clocks of a node wrong, and of whatever is started there later.
async fn skew_node(cluster: &Cluster, node: &Node, skew: &Skew) -> Result<Seen> {
    let seen = of_node(cluster, node, "skew", Some(skew)).await?;
    cluster.clocks.set(node, Some(seen.skew));
    let netsplit = node.netsplit.display().to_string();
    let skew = serde_json::to_string(&seen.skew)?;
    let argv = [&*netsplit, "clock", "keep", &cluster.run, &node.name, &skew];
    let argv = argv.map(str::to_owned).into();
    let env = marks::of_helper(&cluster.run, &node.name, clock::KEEPER);
    node.remote.spawn(&Program { argv, env, log: node.logs.join("clock.log") }).await?;
    Ok(seen)
}

async fn of_node(cluster: &Cluster, node: &Node, what: &str, skew: Option<&Skew>) -> Result<Seen> {
    let skew = skew.map(serde_json::to_string).transpose()?;
    let words = [what, &cluster.run, &node.name].into_iter().chain(skew.as_deref());
    let said = ask(&*node.remote, &node.netsplit, &words.collect::<Vec<_>>()).await;
    let said = said.with_context(|| format!("on {}", node.name))?;
    serde_json::from_str(&said).context("it said something else")
}

/// Makes the clocks of a run's processes on a node right, by this executable there; says of how
/// many.
///
/// # Errors
/// When some are still wrong, or could not be looked at.
pub(crate) async fn restore(
    remote: &dyn Remote,
    netsplit: &Path,
    run: &str,
    node: &str,
) -> Result<usize> {
    let seen: Seen = serde_json::from_str(&ask(remote, netsplit, &["restore", run, node]).await?)?;
    anyhow::ensure!(seen.holds(), "the clocks of {:?} are still wrong", seen.others);
    Ok(seen.processes)
}

/// Asks netsplit on the node.
async fn ask(remote: &dyn Remote, netsplit: &Path, words: &[&str]) -> Result<String> {
    let netsplit = netsplit.display().to_string();
    let argv = [&[&*netsplit, "clock"], words].concat();
    remote.ask(&argv, b"", DEADLINE).await
}

/// What was seen, by node, for people.
fn look(seen: &BTreeMap<&Arc<str>, Seen>) -> Value {
    let one = |(name, seen): (&&Arc<str>, &Seen)| {
        let ahead_ms = seen.ahead_ns.map(|ns| ns as f64 / MS as f64);
        let Seen { processes, others, fits, .. } = seen;
        let told = json!({
            "processes": processes, "others": others, "ahead_ms": ahead_ms, "fits": fits,
        });
        (name.to_string(), told)
    };
    Value::Object(seen.iter().map(one).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn what_is_drawn_can_be_told_and_drawn_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for draw in [bump, drift, strobe].repeat(100) {
            let skew = draw(&mut rng);
            let told = listed(&format!("n1={skew},n2={skew}")).expect("skews").expect("a list");
            assert_eq!(told, BTreeMap::from([("n1".into(), skew), ("n2".into(), skew)]));
        }
        assert_eq!(listed("minority").expect("a word"), None);
        assert!(listed("n1=+5ms,n2").is_err());
    }
}
