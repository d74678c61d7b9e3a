//! etcd, by its v3 JSON gateway.
//!
//! Every workload is answered, by a client of its [`family`]: registers are keys, transactions read,
//! decide, and write where nothing has changed since, locks and leases are keys with an owner. Reads
//! are quorum reads, unless the option `serializable` asks for what etcd documents as possibly stale.
mod adya_g2;
mod bank;
mod consensus;
mod counter;
mod election;
mod family;
mod fenced_counter;
mod gateway;
mod kv;
mod lease;
mod lock;
mod log;
mod membership;
mod monotonic;
mod queue;
mod registers;
mod sets;
mod transactions;
mod unique_ids;

use std::{cmp::Reverse, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use workloads::{Client, Params};

use self::{gateway::Gateway, kv::Kv};
use super::{Bug, Entry, Membership, Options, Recipe, Requirement, System, typed};
use crate::{cluster::Node, remote::Program};

/// In the list of systems.
pub const ENTRY: Entry = Entry {
    name: "etcd",
    about: "etcd (the Debian package etcd-server), by its v3 JSON gateway",
    options: &[
        ("serializable", "reads from one member, documented as possibly stale (false)"),
        ("unsafe_no_fsync", "run with --unsafe-no-fsync (false)"),
    ],
    bugs: &[Bug {
        name: "unchecked",
        about: "clients write what they decided whether or not what they had read has changed",
        recipe: Recipe { workload: Some("append"), ..Recipe::NONE },
    }],
    build,
};

const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;
/// How long a member may take to answer about itself.
const ASIDE: Duration = Duration::from_millis(300);

/// The options, as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    serializable: bool,
    #[serde(default)]
    unsafe_no_fsync: bool,
}

struct Etcd {
    typed: Typed,
    /// Whether its clients have the one bug that they can have.
    is_unchecked: bool,
}

fn build(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>> {
    Ok(Arc::new(Etcd { typed: typed(ENTRY.name, options)?, is_unchecked: bug.is_some() }))
}

fn url(node: &Node, port: u16) -> String {
    format!("http://{}:{port}", node.ip)
}

impl Etcd {
    /// A member of a cluster of these, which is new, or existing. Once it has data, it asks these
    /// instead.
    fn member<'a>(
        &self,
        node: &Node,
        members: impl Iterator<Item = &'a Node>,
        state: &str,
    ) -> Program {
        let members: Vec<String> =
            members.map(|peer| format!("{}={}", peer.name, url(peer, PEER_PORT))).collect();
        let mut argv = vec!["etcd".to_owned()];
        let mut option = |name: &str, value: String| argv.extend([format!("--{name}"), value]);
        option("name", node.name.to_string());
        option("data-dir", node.data.join("etcd").display().to_string());
        option("listen-client-urls", url(node, CLIENT_PORT));
        option("advertise-client-urls", url(node, CLIENT_PORT));
        option("listen-peer-urls", url(node, PEER_PORT));
        option("initial-advertise-peer-urls", url(node, PEER_PORT));
        option("initial-cluster", members.join(","));
        option("initial-cluster-state", state.to_owned());
        option("initial-cluster-token", "netsplit".to_owned());
        option("logger", "zap".to_owned());
        option("log-outputs", "stderr".to_owned());
        if self.typed.unsafe_no_fsync {
            argv.push("--unsafe-no-fsync".to_owned());
        }
        // etcd 3.4 runs on this architecture only where it is told to.
        let is_arm = std::env::consts::ARCH == "aarch64";
        let unsupported = is_arm.then(|| ("ETCD_UNSUPPORTED_ARCH".into(), "arm64".into()));
        let log = node.logs.join("etcd.log");
        Program { argv, env: unsupported.into_iter().collect(), log }
    }
}

#[async_trait]
impl System for Etcd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement { program: "etcd", package: "etcd-server" }]
    }

    async fn version(&self, node: &Node) -> Option<String> {
        let asked = node.remote.exec(&["etcd", "--version"], b"", Duration::from_secs(5)).await;
        let output = asked.ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().find_map(|line| Some(line.strip_prefix("etcd Version: ")?.trim().to_owned()))
    }

    fn functions(&self, workload: &str) -> &'static [&'static str] {
        family::find(workload).map_or(&[], |family| family.functions)
    }

    fn daemon(&self, node: &Node, all: &[Node]) -> Option<Program> {
        Some(self.member(node, all.iter(), "new"))
    }

    fn membership(&self) -> Option<&dyn Membership> {
        Some(self)
    }

    async fn await_ready(&self, node: &Node) -> Result<()> {
        while !is_healthy(node).await.unwrap_or(false) {
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn peer_port(&self) -> Option<u16> {
        Some(PEER_PORT)
    }

    async fn open(&self, node: &Node, workload: &str, params: &Params) -> Result<Box<dyn Client>> {
        let family = family::find(workload).context("etcd does not answer this workload")?;
        let gateway = Gateway::connect((node.ip, CLIENT_PORT).into()).await?;
        let (is_serializable, is_unchecked) = (self.typed.serializable, self.is_unchecked);
        Ok((family.client)(Kv { gateway, is_serializable, is_unchecked }, params))
    }

    fn has_primaries(&self) -> bool {
        true
    }

    async fn primaries(&self, nodes: &[Node]) -> Vec<Arc<str>> {
        let mut asked = JoinSet::new();
        for node in nodes.iter().cloned() {
            asked.spawn(async move {
                let term = timeout(ASIDE, leads(&node)).await.ok()?.ok()??;
                Some((Reverse(term), node.number, node.name))
            });
        }
        let mut leaders: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
        leaders.sort();
        leaders.into_iter().map(|(.., name)| name).collect()
    }
}

/// Whether a member says that it takes part in a cluster with a leader.
async fn is_healthy(node: &Node) -> Result<bool> {
    let asked = async {
        let mut gateway = Gateway::connect((node.ip, CLIENT_PORT).into()).await?;
        gateway.get("/health").await
    };
    // A health check is a proposal: it takes as long as etcd's own limit where there is no leader.
    Ok(timeout(Duration::from_secs(2), asked).await??.body["health"] == "true")
}

/// The term in which a member believes that it leads, if it does. Several may: a deposed leader
/// learns of it late, and its term is over.
async fn leads(node: &Node) -> Result<Option<i64>> {
    let mut gateway = Gateway::connect((node.ip, CLIENT_PORT).into()).await?;
    let status = gateway.post("/v3/maintenance/status", &json!({})).await?.body;
    let (leader, member) = (&status["leader"], &status["header"]["member_id"]);
    let is_leader = leader.is_string() && leader == member;
    is_leader.then(|| kv::integer(&status["raftTerm"])).transpose()
}
