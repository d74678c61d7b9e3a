//! Processes that get next to no processor: a cgroup of ours with a quota, for as long as it lasts.
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::json;
use tokio::time::sleep;

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{
    cluster::{Cluster, Node},
    ledger::Undo,
    remote::{Remote, marks, succeeded},
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "starve",
    about: "leaves some nodes' processes a hundredth of a processor (cgroup, version 1 or 2)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build: |_: &Settings| Box::new(Starve),
};

struct Starve;

const DEADLINE: Duration = Duration::from_secs(10);
/// How often, and for how long each time, to wait until processes were held back: five seconds.
const LOOKS: (u32, Duration) = (50, Duration::from_millis(100));

/// Where a group of ours may be made: prints the directory of the hierarchy that has the
/// controller, once it has tried.
const ROOT: &str = r#"v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
grep -qsw cpu "$v2/cgroup.subtree_control" && root=$v2 ||
root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ {print $2; exit}' /proc/mounts)
[ -n "$root" ] || { echo "no cgroup has the controller cpu" >&2; exit 1; }
mkdir "$root/$1" && rmdir "$root/$1" && echo "$root""#;

/// The group of a process in the hierarchy at this directory.
const HOME: &str = r#"awk -F: -v v1="$([ -e "$1/cgroup.controllers" ] || echo 1)" \
'v1 ? $2 ~ /(^|,)cpu(,|$)/ : $1 == 0 {print $3; exit}' "/proc/$2/cgroup""#;

/// Makes the group, and moves processes there.
const STARVE: &str = r#"g=$1; shift
mkdir -p "$g" || exit
if [ -e "$g/cpu.max" ]; then echo 1000 100000 >"$g/cpu.max" || exit
else echo 100000 >"$g/cpu.cfs_period_us" && echo 1000 >"$g/cpu.cfs_quota_us" || exit; fi
for p; do echo "$p" >"$g/cgroup.procs" || [ ! -e "/proc/$p" ] || exit 1; done"#;

/// Moves whoever is in the group to another, and removes it.
const FEED: &str = r#"[ -d "$1" ] || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
for p in $(cat "$1/cgroup.procs"); do echo "$p" >"$2/cgroup.procs" || [ ! -e "/proc/$p" ] || exit 1; done
rmdir "$1" 2>/dev/null && exit 0
sleep 0.1
done
exec rmdir "$1""#;

/// Prints how often the group was held back, and who is in it.
const LOOK: &str = r#"[ -d "$1" ] || exit 0
awk '$1 == "nr_throttled" {print $2}' "$1/cpu.stat"; cat "$1/cgroup.procs""#;

/// How a group was seen.
#[derive(Serialize)]
struct Seen {
    /// How often its processes had to wait though they could have run.
    held_back: i64,
    processes: Vec<i64>,
}

#[async_trait]
impl Fault for Starve {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        let tried = cluster.nodes.iter().map(async |node| root(cluster, node).await);
        try_join_all(tried).await.map(drop)
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        let mut groups = BTreeMap::new();
        for name in &nodes {
            let node = cluster.node(name)?;
            let root = root(cluster, node).await?;
            let pids = pids(cluster, node).await?;
            let first = pids.first().with_context(|| format!("nothing runs on {name}"))?;
            let home = sh(&*node.remote, HOME, &[&root, &first.to_string()]).await?;
            let root = Path::new(&root);
            let home = root.join(home.trim().trim_start_matches('/'));
            groups.insert(name.to_string(), (root.join(group(cluster, node)), home));
        }
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Cgroup { groups } })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let Undo::Cgroup { groups } = &injury.undo else { anyhow::bail!("nobody was aimed at") };
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            let (group, _) = &groups[&**name];
            let mut words = vec![group.to_string_lossy().into_owned()];
            words.extend(pids(cluster, node).await?.iter().map(ToString::to_string));
            sh(&*node.remote, STARVE, &words.iter().map(String::as_str).collect::<Vec<_>>())
                .await?;
        }
        let mut during = look(cluster, injury).await?;
        for _ in 0..LOOKS.0 {
            if are_starved(&during) {
                break;
            }
            sleep(LOOKS.1).await;
            during = look(cluster, injury).await?;
        }
        Ok(Proof { holds: are_starved(&during), seen: json!({ "during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let Some(injury) = injury else { return Ok(Proof { holds: true, seen: json!({}) }) };
        let Undo::Cgroup { groups } = &injury.undo else { anyhow::bail!("nobody was aimed at") };
        let at_end = look(cluster, injury).await?;
        for name in &injury.nodes {
            let (group, home) = &groups[&**name];
            feed(&*cluster.node(name)?.remote, group, home).await?;
        }
        let after = look(cluster, injury).await?;
        let holds = after.values().all(|seen| seen.processes.is_empty());
        let seen = json!({
            "at_end": at_end, "lasted": are_starved(&at_end), "after": after,
        });
        Ok(Proof { holds, seen })
    }
}

/// The directory of the hierarchy in which a group of ours can be made.
async fn root(cluster: &Cluster, node: &Node) -> Result<String> {
    let told = sh(&*node.remote, ROOT, &[&group(cluster, node)]).await;
    let told = told.with_context(|| format!("no cgroup can be made on {}", node.name))?;
    Ok(told.trim().to_owned())
}

/// What our group is called.
fn group(cluster: &Cluster, node: &Node) -> String {
    format!("netsplit-{}-{}", cluster.run, node.name)
}

async fn pids(cluster: &Cluster, node: &Node) -> Result<Vec<i32>> {
    marks::systems(&*node.remote, &cluster.run, &node.name).await
}

async fn sh(remote: &dyn Remote, script: &str, words: &[&str]) -> Result<String> {
    let output = remote.exec(&[&["sh", "-c", script, "sh"], words].concat(), b"", DEADLINE).await?;
    succeeded(&output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn look(cluster: &Cluster, injury: &Injury) -> Result<BTreeMap<Arc<str>, Seen>> {
    let Undo::Cgroup { groups } = &injury.undo else { return Ok(BTreeMap::new()) };
    let looks = injury.nodes.iter().map(async |name| {
        let (group, _) = &groups[&**name];
        let told = sh(&*cluster.node(name)?.remote, LOOK, &[&group.to_string_lossy()]).await?;
        let mut numbers = told.lines().filter_map(|line| line.parse::<i64>().ok());
        let held_back = numbers.next().unwrap_or(0);
        anyhow::Ok((name.clone(), Seen { held_back, processes: numbers.collect() }))
    });
    Ok(try_join_all(looks).await?.into_iter().collect())
}

fn are_starved(seen: &BTreeMap<Arc<str>, Seen>) -> bool {
    seen.values().all(|seen| seen.held_back > 0 && !seen.processes.is_empty())
}

/// Gives processes in a group of ours back to where they came from, and removes it. Idempotent.
///
/// # Errors
/// When the node, or its kernel, refuses.
pub(crate) async fn feed(remote: &dyn Remote, group: &Path, home: &Path) -> Result<()> {
    sh(remote, FEED, &[&group.to_string_lossy(), &home.to_string_lossy()]).await.map(drop)
}
