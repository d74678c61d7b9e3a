//! Cutting by iptables, in a chain of our own on every node.
//!
//! `INPUT` and `OUTPUT` jump to `NETSPLIT`, and only `NETSPLIT` is ever written, whole and in one
//! step (`iptables-restore --noflush`): a node's own rules are never touched. Packets between nodes
//! are dropped where they arrive, so a cut can be one-way.
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;

use super::{
    CLIENTS, Cut, Heard, Net,
    probe::Probe,
    rules::{self, CHAIN, Deaf},
};
use crate::{
    cluster::Node,
    remote::{Remote, socket},
};

const DEADLINE: Duration = Duration::from_secs(10);

/// The two families, by the prefix of their programs.
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn program(self) -> &'static str {
        match self {
            Family::V4 => "iptables",
            Family::V6 => "ip6tables",
        }
    }

    /// Those of these addresses that are of it.
    fn of(self, ips: impl Iterator<Item = IpAddr>) -> Vec<String> {
        ips.filter(|ip| ip.is_ipv4() == (self == Family::V4)).map(|ip| ip.to_string()).collect()
    }
}

/// The net of nodes whose iptables we may use.
pub struct Iptables {
    nodes: Vec<Node>,
    /// Where clients come from, as the nodes see it; empty where they and the nodes do not all hear
    /// each other.
    clients: BTreeSet<IpAddr>,
    probe: Probe,
}

impl Iptables {
    /// Makes our chain on every node.
    ///
    /// # Errors
    /// When iptables is missing or refuses.
    pub async fn set_up(nodes: &[Node]) -> Result<Iptables> {
        let clients: BTreeSet<IpAddr> =
            nodes.iter().flat_map(ips).filter_map(socket::towards).collect();
        let first = |is_v4| clients.iter().find(|ip| ip.is_ipv4() == is_v4).copied();
        let ends: Vec<IpAddr> = [true, false].into_iter().filter_map(first).collect();
        let probe = Probe::open(nodes, &ends).await.context("failed to prepare the probe")?;
        let mut net = Iptables { nodes: nodes.to_vec(), clients, probe };
        join_all(nodes.iter().map(async |node| {
            net.write(node, &Cut::default()).await?;
            for family in FAMILIES {
                for from in ["INPUT", "OUTPUT"] {
                    add_jump(node, family, from).await?;
                }
            }
            Ok(())
        }))
        .await?;
        net.look_for_clients().await?;
        Ok(net)
    }

    /// Between nodes and clients there may be a firewall, or a translation of addresses.
    async fn look_for_clients(&mut self) -> Result<()> {
        let heard = self.probe.listen().await?;
        let is_clients = |link: &&String| link.split('>').any(|end| end == CLIENTS);
        let bad = heard.silent.union(&heard.half).filter(is_clients).count();
        if bad > 0 || heard.tried.iter().filter(is_clients).count() < 2 * self.nodes.len() {
            self.clients.clear();
            self.probe.leave_clients_out().await;
        }
        Ok(())
    }

    /// Makes the chain of one node drop what this cut says, in one step a family.
    async fn write(&self, node: &Node, cut: &Cut) -> Result<()> {
        for family in FAMILIES {
            let script = rules::script(&self.deaf(node, cut, family), cut.way);
            let program = format!("{}-restore", family.program());
            let restore = [&*program, "--noflush", "-w"];
            let written = node.remote.ask(&restore, script.as_bytes(), DEADLINE).await;
            written
                .with_context(|| format!("failed to write the iptables rules of {}", node.name))?;
        }
        Ok(())
    }

    fn deaf(&self, node: &Node, cut: &Cut, family: Family) -> Deaf {
        let nobody = BTreeSet::new();
        let froms = cut.grudge.get(&node.name).unwrap_or(&nobody);
        let others = self.nodes.iter().filter(|other| froms.contains(&other.name));
        let is_cut = cut.clients.contains(&node.name);
        Deaf {
            nodes: family.of(others.flat_map(ips)),
            clients: family.of(self.clients.iter().copied().filter(|_| is_cut)),
            control: node.control,
        }
    }
}

/// The addresses of a node.
fn ips(node: &Node) -> impl Iterator<Item = IpAddr> {
    [Some(IpAddr::V4(node.ip)), node.ip6.map(IpAddr::V6)].into_iter().flatten()
}

#[async_trait]
impl Net for Iptables {
    async fn cut(&self, cut: &Cut) -> Result<()> {
        join_all(self.nodes.iter().map(|node| self.write(node, cut))).await
    }

    async fn heal(&self) -> Result<()> {
        self.cut(&Cut::default()).await
    }

    async fn probe(&self) -> Result<Heard> {
        self.probe.listen().await
    }

    fn reaches_clients(&self) -> Result<()> {
        ensure!(
            !self.clients.is_empty(),
            "no UDP datagram comes from netsplit to every node and back: does a firewall drop them?"
        );
        Ok(())
    }

    async fn refused(&self, node: &Node) -> Result<u64> {
        let mut refused = 0;
        for family in FAMILIES {
            let list = [family.program(), "-w", "-vxnL", CHAIN];
            let told = node.remote.ask(&list, b"", DEADLINE).await?;
            let rules = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let of_rule = |rule: Vec<&str>| match rule[..] {
                [packets, _, "REJECT", ..] => packets.parse().unwrap_or(0),
                _ => 0,
            };
            refused += rules.map(of_rule).sum::<u64>();
        }
        Ok(refused)
    }
}

/// Removes our chain, for a shell on the node; as many jumps to it as there are. Fails where it
/// cannot be looked for.
pub const REMOVE: &str = r#"for t in iptables ip6tables; do
$t -w -n -L INPUT >/dev/null || exit 1
$t -w -n -L NETSPLIT >/dev/null 2>&1 || continue
for c in INPUT OUTPUT; do while $t -w -D $c -j NETSPLIT 2>/dev/null; do :; done; done
$t -w -F NETSPLIT && $t -w -X NETSPLIT || exit 1
done"#;

/// Removes our chain from a node, whoever made it. Idempotent.
///
/// # Errors
/// When iptables refuses.
pub async fn remove(remote: &dyn Remote) -> Result<()> {
    remote.ask(&["sh", "-c", REMOVE], b"", DEADLINE).await.map(drop)
}

async fn add_jump(node: &Node, family: Family, from: &str) -> Result<()> {
    let program = family.program();
    let check = [program, "-w", "-C", from, "-j", CHAIN];
    if node.remote.exec(&check, b"", DEADLINE).await?.status.success() {
        return Ok(());
    }
    let add = [program, "-w", "-I", from, "-j", CHAIN];
    node.remote.ask(&add, b"", DEADLINE).await.map(drop)
}

/// Runs them side by side; the first error, once all have ended.
async fn join_all<F: Future<Output = Result<()>>>(futures: impl Iterator<Item = F>) -> Result<()> {
    let results = futures_util::future::join_all(futures).await;
    results.into_iter().collect()
}
