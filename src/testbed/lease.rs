//! A node keeps our rules only for as long as it hears of us: when the controller, or the way to
//! it, is gone for a minute, the node removes them by itself, and puts its clocks right.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use tokio::task::JoinHandle;

use crate::{
    cluster::Node,
    net::{
        Cut, Heard, Net,
        iptables::{Iptables, REMOVE},
    },
    remote::{Program, Remote, marks, succeeded},
};

/// How often it is renewed, and how long that may take.
const RENEW: Duration = Duration::from_secs(15);

/// Runs until the lease is not renewed for a minute, or the run's directory is gone.
const WATCH: &str = r#"cd / && while sleep 5 && test -d "$1"; do
test -n "$(find "$1/lease" -mmin -1)" && continue
(eval "$2") && { "$1/netsplit" clock restore "$3" "$4" || :; } && exit 0
done"#;

/// The lease on one node, which ends with this.
pub(super) struct Lease(JoinHandle<()>);

impl Lease {
    /// Starts the node's watch, and renewing.
    pub(super) async fn take(node: &Node, home: &Path, run: &str) -> Result<Lease> {
        let home = home.to_string_lossy().into_owned();
        let lease = format!("{home}/lease");
        renew(&*node.remote, &lease).await?;
        let argv =
            ["sh", "-c", WATCH, "sh", &home, REMOVE, run, &node.name].map(str::to_owned).into();
        let env = marks::of_helper(run, &node.name, "lease");
        node.remote.spawn(&Program { argv, env, log: node.logs.join("lease.log") }).await?;
        let (remote, name) = (node.remote.clone(), node.name.clone());
        Ok(Lease(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                if let Err(e) = renew(&*remote, &lease).await {
                    // Once more, later: the connection may come back.
                    tracing::warn!("on {name}: {e:#}");
                }
            }
        })))
    }
}

async fn renew(remote: &dyn Remote, lease: &str) -> Result<()> {
    let touched =
        remote.exec(&["touch", lease], b"", RENEW).await.and_then(|output| succeeded(&output));
    touched.context("failed to renew the lease on the rules")
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The net of nodes that outlive us, with what keeps its rules.
pub(super) struct Leased {
    net: Iptables,
    _leases: Vec<Lease>,
}

impl Leased {
    pub(super) fn new(net: Iptables, leases: Vec<Lease>) -> Leased {
        Leased { net, _leases: leases }
    }
}

#[async_trait]
impl Net for Leased {
    async fn cut(&self, cut: &Cut) -> Result<()> {
        self.net.cut(cut).await
    }

    async fn heal(&self) -> Result<()> {
        self.net.heal().await
    }

    async fn probe(&self) -> Result<Heard> {
        self.net.probe().await
    }

    fn reaches_clients(&self) -> Result<()> {
        self.net.reaches_clients()
    }

    async fn refused(&self, node: &Node) -> Result<u64> {
        self.net.refused(node).await
    }
}
