//! A full disk: writes fail (`ENOSPC`), reads go on. The file system that holds a node's data is
//! shrunk to what is in it.
use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use nix::{
    mount::{MsFlags, mount},
    sys::{statvfs::statvfs, sysinfo::sysinfo},
};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Entry, Fault, Injury, Proof, Settings, target};
use crate::{cluster::Cluster, ledger::Undo, remote::Address};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "disk-full",
    about: "leaves no free byte on the file systems of some nodes (ENOSPC); in the lab alone",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(DiskFull)
}

struct DiskFull;

#[async_trait]
impl Fault for DiskFull {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    async fn available(&self, cluster: &Cluster) -> Result<()> {
        let has_own = |address| matches!(address, Address::Lab);
        match cluster.nodes.iter().find(|node| !has_own(node.remote.address())) {
            Some(node) => bail!("{} has no file system of its own for its data", node.name),
            None => Ok(()),
        }
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        // The lab's file systems end with it.
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let before = free(cluster, &injury.nodes)?;
        for name in &injury.nodes {
            let node = cluster.node(name)?;
            match &node.disk {
                Some(disk) => disk.resize(None),
                None => resize(&node.data, &used(&node.data)?.to_string())?,
            }
        }
        let during = free(cluster, &injury.nodes)?;
        let holds = all(&before, |free| free > 0) && all(&during, |free| free == 0);
        Ok(Proof { holds, seen: json!({ "free_before": before, "free_during": during }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        for name in &nodes {
            let node = cluster.node(name)?;
            match &node.disk {
                Some(disk) => disk.resize(Some(half_of_memory()?)),
                None => resize(&node.data, SIZE)?,
            }
        }
        let after = free(cluster, &nodes)?;
        let holds = all(&after, |free| free > 0);
        Ok(Proof { holds, seen: json!({ "free_after": after }) })
    }
}

/// How much a node's data may be: a share of the memory, as is usual for such file systems.
const SIZE: &str = "50%";

/// The same in bytes.
///
/// # Errors
/// When the kernel does not say how much memory there is.
pub(crate) fn half_of_memory() -> Result<u64> {
    let memory = sysinfo().context("failed to ask how much memory there is")?;
    Ok(memory.ram_total() / 2)
}

/// Gives a node of the lab a file system of its own at this directory.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn own_file_system(data: &Path) -> Result<()> {
    let size = format!("size={SIZE}");
    mount(Some("tmpfs"), data, Some("tmpfs"), MsFlags::empty(), Some(size.as_str()))
        .with_context(|| format!("failed to mount a file system at {}", data.display()))
}

fn resize(data: &Path, size: &str) -> Result<()> {
    let size = format!("size={size}");
    mount(None::<&str>, data, None::<&str>, MsFlags::MS_REMOUNT, Some(size.as_str()))
        .with_context(|| format!("failed to change the {size} of {}", data.display()))
}

/// Bytes that are taken.
fn used(data: &Path) -> Result<u64> {
    let stat = statvfs(data)?;
    Ok((stat.blocks() - stat.blocks_free()) * stat.fragment_size())
}

/// Free bytes of each node.
fn free(cluster: &Cluster, nodes: &[Arc<str>]) -> Result<Map<String, Value>> {
    let free = |name: &Arc<str>| -> Result<(String, Value)> {
        let stat = statvfs(&cluster.node(name)?.data)?;
        Ok((name.to_string(), (stat.blocks_available() * stat.fragment_size()).into()))
    };
    nodes.iter().map(free).collect()
}

fn all(free: &Map<String, Value>, is_so: impl Fn(u64) -> bool) -> bool {
    free.values().all(|bytes| bytes.as_u64().is_some_and(&is_so))
}
