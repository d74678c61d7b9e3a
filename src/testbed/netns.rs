//! Nodes that are network namespaces somebody made (`ip netns add n1`), and that outlive the run.
//!
//! The controller must be root and must reach their addresses from where it runs.
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Found;
use crate::{
    cluster::Node,
    remote::{Remote, namespace::Namespace},
};

/// Finds the nodes by their names.
///
/// # Errors
/// When one does not exist or has no address.
pub(super) async fn up(names: &[String], logs: &Path, data: &Path) -> Result<Found> {
    let mut nodes = Vec::new();
    let mut spaces = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let space = Arc::new(Namespace::named(name)?);
        let (ip, ip6) = addresses(&space).await.with_context(|| format!("of {name}"))?;
        let (data, logs) = (data.join(name), logs.join(name));
        fs::create_dir_all(&data).context("failed to make a node's data directory")?;
        fs::create_dir_all(&logs).context("failed to make a node's log directory")?;
        let name = name.as_str().into();
        nodes.push(Node { name, number, ip, ip6, remote: space.clone(), data, logs });
        spaces.push(space);
    }
    Ok(Found { nodes, spaces, switch: None })
}

/// A link as `ip -json addr` prints it.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    addr_info: Vec<Info>,
}

#[derive(Deserialize)]
struct Info {
    local: IpAddr,
    scope: String,
}

/// The first global addresses of a namespace.
async fn addresses(space: &Namespace) -> Result<(Ipv4Addr, Option<Ipv6Addr>)> {
    let show = ["ip", "-json", "addr", "show", "up"];
    let output = space.exec(&show, b"", Duration::from_secs(10)).await?;
    let links: Vec<Link> =
        serde_json::from_slice(&output.stdout).context("failed to read the addresses")?;
    let global = || links.iter().flat_map(|l| &l.addr_info).filter(|i| i.scope == "global");
    let v4 = global().find_map(|i| if let IpAddr::V4(ip) = i.local { Some(ip) } else { None });
    let v6 = global().find_map(|i| if let IpAddr::V6(ip) = i.local { Some(ip) } else { None });
    match v4 {
        Some(ip) => Ok((ip, v6)),
        None => bail!("the namespace has no global IPv4 address that is up"),
    }
}
