//! A node of the lab that sends nothing any more, to nobody: not even that its connections are
//! closed. A machine without power says no goodbye.
use std::time::Duration;

use anyhow::{Context, Result};

use crate::remote::Remote;

const DEADLINE: Duration = Duration::from_secs(10);

/// One rule of ours, in a network namespace that ends with the lab.
const SILENCE: &str = r#"for t in iptables ip6tables; do
$t -w -C OUTPUT ! -o lo -j DROP 2>/dev/null || $t -w -I OUTPUT ! -o lo -j DROP || exit 1
done"#;

const SPEAK: &str = r#"for t in iptables ip6tables; do
while $t -w -D OUTPUT ! -o lo -j DROP 2>/dev/null; do :; done
done"#;

/// Ends what is left of the connections of processes that are dead; prints how many it were.
const FORGET: &str = "ss -HKta | grep -c .; :";

/// Nothing leaves the node from now on. Idempotent.
///
/// # Errors
/// When iptables refuses.
pub async fn silence(remote: &dyn Remote) -> Result<()> {
    let done = remote.ask(&["sh", "-c", SILENCE], b"", DEADLINE).await;
    done.map(drop).context("failed to silence the node")
}

/// The node speaks again. Idempotent.
///
/// # Errors
/// When the node could not be asked.
pub async fn speak(remote: &dyn Remote) -> Result<()> {
    remote.ask(&["sh", "-c", SPEAK], b"", DEADLINE).await.map(drop)
}

/// The kernel forgets the connections of a node on which nothing runs: it would go on closing
/// them. Returns how many it were.
///
/// # Errors
/// When the node could not be asked.
pub async fn forget_connections(remote: &dyn Remote) -> Result<u64> {
    let told = remote.ask(&["sh", "-c", FORGET], b"", DEADLINE).await?;
    Ok(told.trim().parse().unwrap_or(0))
}
