//! What goes over the nodes' nets, kept for whoever wants to look at the packets.
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{
    cluster::Cluster,
    remote::{Program, marks},
    system::Requirement,
};

/// What it takes on the nodes.
pub const NEED: Requirement = Requirement { program: "tcpdump", package: "tcpdump" };

/// The file's name among a node's logs.
pub const FILE: &str = "traffic.pcap";

/// The mark of those who capture.
const HELPER: &str = "tcpdump";
/// Captures for a moment. It fails where the filter is nonsense, and in the lab of an ordinary user:
/// tcpdump gives up rights that such a root does not have.
const ATTEMPT: &str = r#"timeout 0.5 tcpdump -i any -Z root -w /dev/null "$1"; test $? -eq 124"#;
const DEADLINE: Duration = Duration::from_secs(20);

/// Begins to keep the packets that every node sends and gets and that the filter lets through; an
/// empty one lets all through. It ends with the run.
///
/// # Errors
/// When tcpdump does not understand the filter, or may not listen, as in an ordinary user's lab.
pub async fn begin(cluster: &Cluster, filter: &str) -> Result<()> {
    for node in &cluster.nodes {
        let attempt = node.remote.ask(&["sh", "-c", ATTEMPT, "sh", filter], b"", DEADLINE).await;
        attempt.with_context(|| format!("nothing can be captured on {}", node.name))?;
        // Packets go where logs go, so what else it says must not. It stays who it is: nobody else
        // may write there.
        let capture = r#"exec tcpdump -i any -Z root -U -w - "$1" 2>/dev/null"#;
        let argv = ["sh", "-c", capture, "sh", filter].map(str::to_owned).into();
        let env = marks::of_helper(&cluster.run, &node.name, HELPER);
        node.remote.spawn(&Program { argv, env, log: node.logs.join(FILE) }).await?;
    }
    Ok(())
}
