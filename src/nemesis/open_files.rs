//! Processes that may open no more files, nor accept connections: the limit is lowered to what
//! they have open.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{
    cluster::{Cluster, Node},
    ledger::Undo,
    remote::Remote,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "open-files",
    about: "lets some nodes' processes open no more files and sockets (EMFILE, by prlimit)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(OpenFiles { limited: Vec::new() })
}

const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct OpenFiles {
    limited: Vec<Limited>,
}

/// A process and its limits.
struct Limited {
    node: Arc<str>,
    pid: i32,
    before: String,
    during: String,
}

#[async_trait]
impl Fault for OpenFiles {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        self.limited.clear();
        for name in &nodes {
            let node = cluster.node(name)?;
            for pid in pids(cluster, node).await? {
                let before = limit(&*node.remote, pid).await?;
                let during = open_now(&*node.remote, pid).await?.to_string();
                self.limited.push(Limited { node: name.clone(), pid, before, during });
            }
        }
        let first = self.limited.first().context("no process runs on the nodes aimed at")?;
        let undo = Undo::OpenFiles { soft: first.before.clone() };
        Ok(Injury { hurt: json!(nodes), nodes, undo })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, _: &Injury) -> Result<Proof> {
        for it in &self.limited {
            set(&*cluster.node(&it.node)?.remote, it.pid, &it.during).await?;
        }
        let during = self.limits(cluster).await?;
        let holds = self.limited.iter().all(|it| during.get(&it.pid) == Some(&it.during));
        let before: BTreeMap<i32, &String> =
            self.limited.iter().map(|it| (it.pid, &it.before)).collect();
        Ok(Proof { holds, seen: json!({ "before": before, "during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, _: Option<&Injury>) -> Result<Proof> {
        let at_end = self.limits(cluster).await?;
        // Who was killed meanwhile, by whomever, has no limit any more.
        self.limited.retain(|it| at_end.contains_key(&it.pid));
        let lasted = self.limited.iter().all(|it| at_end.get(&it.pid) == Some(&it.during));
        for it in &self.limited {
            set(&*cluster.node(&it.node)?.remote, it.pid, &it.before).await?;
        }
        let after = self.limits(cluster).await?;
        let holds = self.limited.iter().all(|it| after.get(&it.pid) == Some(&it.before));
        self.limited.clear();
        Ok(Proof { holds, seen: json!({ "at_end": at_end, "lasted": lasted, "after": after }) })
    }
}

impl OpenFiles {
    /// The limits now, by process, of those that still live.
    async fn limits(&self, cluster: &Cluster) -> Result<BTreeMap<i32, String>> {
        let mut limits = BTreeMap::new();
        for it in &self.limited {
            let node = cluster.node(&it.node)?;
            if pids(cluster, node).await?.contains(&it.pid) {
                limits.insert(it.pid, limit(&*node.remote, it.pid).await?);
            }
        }
        Ok(limits)
    }
}

async fn pids(cluster: &Cluster, node: &Node) -> Result<Vec<i32>> {
    let Some(group) = cluster.daemons.group(node) else { return Ok(Vec::new()) };
    let processes = node.remote.processes(group).await?;
    Ok(processes.into_iter().map(|process| process.pid).collect())
}

/// How many files a process may open: a number, or `unlimited`.
async fn limit(remote: &dyn Remote, pid: i32) -> Result<String> {
    let pid = pid.to_string();
    let argv = ["prlimit", "--pid", &pid, "--nofile", "--raw", "--noheadings", "--output", "SOFT"];
    Ok(remote.ask(&argv, b"", DEADLINE).await?.trim().to_owned())
}

/// Changes that.
///
/// # Errors
/// When the node, or `prlimit`, refuses.
pub(crate) async fn set(remote: &dyn Remote, pid: i32, soft: &str) -> Result<()> {
    let (pid, soft) = (pid.to_string(), format!("--nofile={soft}:"));
    remote.ask(&["prlimit", "--pid", &pid, &soft], b"", DEADLINE).await.map(drop)
}

async fn open_now(remote: &dyn Remote, pid: i32) -> Result<usize> {
    let listed = remote.ask(&["ls", &format!("/proc/{pid}/fd")], b"", DEADLINE).await?;
    let count = listed.lines().count();
    ensure!(count > 0, "process {pid} has no open file");
    Ok(count)
}
