//! Nodes that are network namespaces somebody made (`ip netns add n1`), and that outlive the run.
//!
//! The controller must be root and must reach their addresses from where it runs.
use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};

use super::{Found, OWN_EXECUTABLE, addresses};
use crate::{cluster::Node, remote::namespace::Namespace};

/// Finds the nodes by their names.
///
/// # Errors
/// When one does not exist or has no address.
pub(super) async fn up(names: &[String], logs: &Path, home: &Path) -> Result<Found> {
    let mut nodes = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let remote = Arc::new(Namespace::named(name)?);
        let (ip, ip6) =
            addresses::of(&*remote, None).await.with_context(|| format!("of {name}"))?;
        let (data, logs) = (home.join(name), logs.join(name));
        fs::create_dir_all(&data).context("failed to make a node's data directory")?;
        fs::create_dir_all(&logs).context("failed to make a node's log directory")?;
        let (name, netsplit) = (name.as_str().into(), OWN_EXECUTABLE.into());
        let (disk, control) = (None, None);
        nodes.push(Node { name, number, ip, ip6, remote, data, disk, netsplit, control, logs });
    }
    Ok(Found::real(nodes, None))
}
