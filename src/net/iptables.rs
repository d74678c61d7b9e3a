//! Cutting by iptables, in a chain of our own on every node.
//!
//! `INPUT` jumps to `NETSPLIT`, and only `NETSPLIT` is ever written, whole and in one step
//! (`iptables-restore --noflush`): a node's own rules are never touched. Packets are dropped where
//! they arrive, so a cut can be one-way.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;

use super::{Grudge, Heard, Net, probe::Probe};
use crate::{cluster::Node, remote::Remote};

const CHAIN: &str = "NETSPLIT";
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
}

/// The net of nodes whose iptables we may use.
pub struct Iptables {
    nodes: Vec<Node>,
    probe: Probe,
}

impl Iptables {
    /// Makes our chain on every node.
    ///
    /// # Errors
    /// When iptables is missing or refuses.
    pub async fn set_up(nodes: &[Node]) -> Result<Iptables> {
        let probe = Probe::open(nodes).await.context("failed to prepare the probe")?;
        let net = Iptables { nodes: nodes.to_vec(), probe };
        join_all(nodes.iter().map(async |node| {
            net.write(node, &BTreeSet::new()).await?;
            for family in FAMILIES {
                add_jump(node, family).await?;
            }
            Ok(())
        }))
        .await?;
        Ok(net)
    }

    /// Makes the chain of one node drop packets from these nodes, in one step a family.
    async fn write(&self, node: &Node, froms: &BTreeSet<Arc<str>>) -> Result<()> {
        for family in FAMILIES {
            let sources = self.addresses(family, froms);
            let script = script(&sources);
            let program = format!("{}-restore", family.program());
            let restore = [&*program, "--noflush", "-w"];
            let written = node.remote.ask(&restore, script.as_bytes(), DEADLINE).await;
            written
                .with_context(|| format!("failed to write the iptables rules of {}", node.name))?;
        }
        Ok(())
    }

    fn addresses(&self, family: Family, names: &BTreeSet<Arc<str>>) -> Vec<String> {
        let nodes = self.nodes.iter().filter(|node| names.contains(&node.name));
        let address = |node: &Node| match family {
            Family::V4 => Some(node.ip.to_string()),
            Family::V6 => node.ip6.map(|ip| ip.to_string()),
        };
        nodes.filter_map(address).collect()
    }
}

#[async_trait]
impl Net for Iptables {
    async fn drop_all(&self, grudge: &Grudge) -> Result<()> {
        let nobody = BTreeSet::new();
        let writes = self.nodes.iter().map(|node| {
            let froms = grudge.get(&node.name).unwrap_or(&nobody);
            self.write(node, froms)
        });
        join_all(writes).await
    }

    async fn heal(&self) -> Result<()> {
        self.drop_all(&Grudge::new()).await
    }

    async fn probe(&self) -> Result<Heard> {
        self.probe.listen().await
    }
}

/// Removes our chain, for a shell on the node; as many jumps to it as there are. Fails where it
/// cannot be looked for.
pub const REMOVE: &str = r#"for t in iptables ip6tables; do
$t -w -n -L INPUT >/dev/null || exit 1
$t -w -n -L NETSPLIT >/dev/null 2>&1 || continue
while $t -w -D INPUT -j NETSPLIT 2>/dev/null; do :; done
$t -w -F NETSPLIT && $t -w -X NETSPLIT || exit 1
done"#;

/// Removes our chain from a node, whoever made it. Idempotent.
///
/// # Errors
/// When iptables refuses.
pub async fn remove(remote: &dyn Remote) -> Result<()> {
    remote.ask(&["sh", "-c", REMOVE], b"", DEADLINE).await.map(drop)
}

/// Naming a chain makes it, or empties it; everything else stays as it is.
fn script(sources: &[String]) -> String {
    let mut script = format!("*filter\n:{CHAIN} - [0:0]\n");
    if !sources.is_empty() {
        script += &format!("-A {CHAIN} -s {} -j DROP\n", sources.join(","));
    }
    script + "COMMIT\n"
}

async fn add_jump(node: &Node, family: Family) -> Result<()> {
    let program = family.program();
    let check = [program, "-w", "-C", "INPUT", "-j", CHAIN];
    if node.remote.exec(&check, b"", DEADLINE).await?.status.success() {
        return Ok(());
    }
    let add = [program, "-w", "-I", "INPUT", "-j", CHAIN];
    node.remote.ask(&add, b"", DEADLINE).await.map(drop)
}

/// Runs them side by side; the first error, once all have ended.
async fn join_all<F: Future<Output = Result<()>>>(futures: impl Iterator<Item = F>) -> Result<()> {
    let results = futures_util::future::join_all(futures).await;
    results.into_iter().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_script_names_only_our_chain() {
        let script = super::script(&["10.0.0.1".into(), "10.0.0.2".into()]);
        assert_eq!(
            script,
            "*filter\n:NETSPLIT - [0:0]\n-A NETSPLIT -s 10.0.0.1,10.0.0.2 -j DROP\nCOMMIT\n"
        );
    }
}
