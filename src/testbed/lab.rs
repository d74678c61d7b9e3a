//! The lab: nodes on this machine, in namespaces that end with the controller.
//!
//! Neither root nor Docker nor SSH is needed. [`enter`] moves the controller into new namespaces
//! before any thread starts; inside, a bridge or a switch joins one network namespace a node, and every node
//! process runs in its node's namespaces with a host name and a hosts file of its own. When the
//! controller dies, by whatever signal, the kernel ends every process of the lab and takes the
//! network down with it: nothing of it was ever on the host.
mod enter;
mod wires;

use std::{
    ffi::OsStr,
    fs::{self, File},
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use tokio::process::Command;

use super::{Found, OWN_EXECUTABLE};
use crate::{
    cluster::Node,
    disk::Disk,
    nemesis,
    remote::{Address, Input, Job, Sink, child, namespace::Namespace, succeeded},
};

use wires::Wires;

pub use enter::{STAGE, attempt, enter, how_to_allow_namespaces, is_inside};

/// Where the lab keeps what must not outlive it: a tmpfs of its own.
const HOME: &str = "/run/netsplit";

/// The most nodes a lab can have: the last byte of an address tells them apart.
pub const NODES_MAX: u32 = 200;

/// A script of `ip` commands takes less.
const IP_DEADLINE: Duration = Duration::from_secs(60);

/// The last byte of the controller's own address.
const CONTROLLER: u32 = 254;

fn ip(number: u32) -> Ipv4Addr {
    Ipv4Addr::new(10, 89, 0, number as u8)
}

fn ip6(number: u32) -> Ipv6Addr {
    Ipv6Addr::new(0xfd89, 0, 0, 0, 0, 0, 0, number as u16)
}

/// Makes `count` nodes, joined by a bridge, or by a switch whose chance has this seed; with disks of
/// ours where their chance has one. Only inside ([`is_inside`]).
///
/// # Errors
/// When the kernel, or `ip`, refuses.
pub(super) async fn up(
    count: u32,
    logs: &Path,
    switch_seed: Option<u64>,
    disk_seed: Option<u64>,
) -> Result<Found> {
    if !is_inside() {
        bail!("a lab can only be made inside its namespaces");
    }
    fs::create_dir_all(HOME).context("failed to make the lab's directory")?;
    let hosts = write_hosts(count)?;
    let mut wires = Wires::new(switch_seed);
    wires.lay(count).await?;
    let mut nodes = Vec::new();
    for number in 1..=count {
        let name: Arc<str> = format!("n{number}").into();
        let data = Path::new(HOME).join(&*name);
        fs::create_dir_all(&data).context("failed to make a node's data directory")?;
        let disk = disk(&data, disk_seed.map(|seed| seed ^ u64::from(number)))?;
        let others = own_namespaces(name.to_string(), hosts.clone())?;
        let path = Path::new("/run/netns").join(&*name);
        let remote = Arc::new(Namespace::open(&path, others, Address::Lab)?);
        wires.plug(&name, number, &remote)?;
        let script = node_script(number);
        ip_batch(Some(&name), &script).await.with_context(|| format!("failed to make {name}"))?;
        let logs = logs.join(&*name);
        fs::create_dir_all(&logs).context("failed to make a node's log directory")?;
        let (ip, ip6) = (ip(number), Some(ip6(number)));
        let number = number as usize - 1;
        let netsplit = OWN_EXECUTABLE.into();
        nodes.push(Node {
            name,
            number,
            ip,
            ip6,
            remote,
            data,
            disk,
            netsplit,
            control: None,
            logs,
        });
    }
    Ok(Found::real(nodes, wires.join().await?))
}

/// A file system of its own for a node's data: one that knows what was synced, where that is asked
/// for, as it is slower.
fn disk(data: &Path, seed: Option<u64>) -> Result<Option<Arc<Disk>>> {
    let Some(seed) = seed else { return nemesis::own_file_system(data).map(|()| None) };
    Ok(Some(Arc::new(Disk::mount(data, nemesis::half_of_memory()?, seed)?)))
}

fn node_script(number: u32) -> String {
    format!(
        "link set lo up\n\
         addr add {}/24 dev eth0\n\
         addr add {}/64 dev eth0 nodad\n\
         link set eth0 up\n\
         route add default via {}\n",
        ip(number),
        ip6(number),
        ip(CONTROLLER)
    )
}

/// Runs a script of `ip` commands, inside a named namespace or here.
async fn ip_batch(netns: Option<&str>, script: &str) -> Result<()> {
    let mut words = vec![OsStr::new("ip")];
    words.extend(netns.into_iter().flat_map(|name| ["-n", name]).map(OsStr::new));
    words.extend(["-batch", "-"].map(OsStr::new));
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    let (input, sink) = (Input::Bytes(script.as_bytes()), Sink::Memory);
    let output =
        child::run(command, Job { argv: &words, input, sink, deadline: IP_DEADLINE }).await;
    succeeded(&output.context("failed to run `ip` (Debian package iproute2)")?)
}

fn write_hosts(count: u32) -> Result<PathBuf> {
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
    for number in 1..=count {
        text += &format!("{} n{number}\n{} n{number}\n", ip(number), ip6(number));
    }
    let path = Path::new(HOME).join("hosts");
    fs::write(&path, text).context("failed to write the lab's hosts file")?;
    Ok(path)
}

/// A host name and a hosts file of its own: the namespaces of a node beside its network.
fn own_namespaces(name: String, hosts: PathBuf) -> Result<Vec<(File, CloneFlags)>> {
    let make = move || -> Result<Vec<(File, CloneFlags)>> {
        unshare(CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNS)?;
        nix::unistd::sethostname(&name)?;
        mount(Some(&hosts), "/etc/hosts", None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .context("failed to give the node its /etc/hosts")?;
        let open = |kind: &str| File::open(format!("/proc/thread-self/ns/{kind}"));
        // The mount namespace last: entering it changes what paths mean.
        Ok(vec![(open("uts")?, CloneFlags::CLONE_NEWUTS), (open("mnt")?, CloneFlags::CLONE_NEWNS)])
    };
    std::thread::spawn(make).join().map_err(|_| anyhow!("the thread panicked"))?
}
