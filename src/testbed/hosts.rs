//! Nodes that are machines of their own, or containers, and have a shell. They are left as they were found: what a run needs
//! there lies in one directory of its own, removed at the end.
use std::{
    collections::BTreeSet,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;

use super::{Found, Kind, OWN_EXECUTABLE, addresses, lease};
use crate::{
    cluster::Node,
    doctor,
    net::{Net, iptables::Iptables},
    remote::{Remote, shell::Shell, succeeded},
    system::Requirement,
};

const DEADLINE: Duration = Duration::from_secs(30);
/// How long netsplit's own executable may take to reach a node.
const UPLOAD: Duration = Duration::from_secs(600);

/// A node's name: the host in `user@host` or `ssh://user@host:port`.
pub fn name(destination: &str) -> &str {
    let (rest, is_url) = match destination.strip_prefix("ssh://") {
        Some(rest) => (rest, true),
        None => (destination, false),
    };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((host, port)) if is_url && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => host,
    }
}

/// Looks whether these will do as nodes of these names.
///
/// # Errors
/// When one cannot be asked, has no address, lacks a program, or is where the controller's own
/// connection comes from: a partition would cut that.
pub(super) async fn up(
    names: &[String],
    shells: Vec<Shell>,
    logs: &Path,
    home: &Path,
    needs: &[Requirement],
) -> Result<Found> {
    let found = names.iter().zip(shells).enumerate().map(async |(number, (name, shell))| {
        let (home, logs) = (home.join(name), logs.join(name));
        let remote = shell.at_home(home.clone());
        let seen = look(&remote, needs).await.with_context(|| format!("on {name}"))?;
        let (ip, ip6) =
            addresses::of(&remote, seen.server).await.with_context(|| format!("of {name}"))?;
        fs::create_dir_all(&logs).context("failed to make a node's log directory")?;
        let (data, netsplit) = (home.join("data"), remote.executable());
        let remote = Arc::new(remote);
        let (name, disk, control) = ((**name).into(), None, seen.port);
        let node = Node { name, number, ip, ip6, remote, data, disk, netsplit, control, logs };
        anyhow::Ok((node, seen.client))
    });
    let (nodes, clients): (Vec<Node>, Vec<_>) = try_join_all(found).await?.into_iter().unzip();
    for (node, client) in nodes.iter().zip(clients) {
        if let Some(cut) = nodes.iter().find(|other| Some(other.ip) == client) {
            bail!(
                "netsplit reaches {} from {}, the address of {}: partitions would cut netsplit off. \
                 Run it on a machine that is none of the nodes",
                node.name,
                cut.ip,
                cut.name
            );
        }
    }
    let addresses: BTreeSet<Ipv4Addr> = nodes.iter().map(|node| node.ip).collect();
    ensure!(addresses.len() == nodes.len(), "two of the nodes have one address: {nodes:?}");
    Ok(Found { nodes, switch: None, kind: Kind::Hosts(Fresh { home: home.to_owned() }) })
}

/// What a host says of itself.
struct Seen {
    /// Where our connection comes from, as the host sees it.
    client: Option<Ipv4Addr>,
    /// At which of its addresses it arrives.
    server: Option<Ipv4Addr>,
    /// And at which port.
    port: Option<u16>,
}

/// Prints the user's number, both ends of the connection, whether our chain is there or might be, and
/// the programs that are not.
const LOOK: &str = r#"id -u; echo "$SSH_CONNECTION"
if iptables -w -n -L NETSPLIT >/dev/null 2>&1; then echo taken
elif iptables -w -n -L >/dev/null 2>&1; then echo free; else echo denied; fi
for program; do command -v "$program" >/dev/null || echo "$program"; done"#;

async fn look(remote: &Shell, needs: &[Requirement]) -> Result<Seen> {
    let needs: Vec<Requirement> =
        doctor::HOST_NEEDS.iter().chain(doctor::NET_NEEDS).chain(needs).copied().collect();
    let mut argv = vec!["sh", "-c", LOOK, "sh"];
    argv.extend(needs.iter().map(|need| need.program));
    let output = remote.exec(&argv, b"", DEADLINE).await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let user = lines.next().with_context(|| {
        format!("it cannot be looked at: {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    ensure!(user == "0", "iptables is root's alone: log in as root, not as user {user}");
    let ends: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let chain = lines.next();
    let missing: BTreeSet<&str> = lines.collect();
    if !missing.is_empty() {
        let lacking = needs.iter().filter(|need| missing.contains(need.program));
        let packages: BTreeSet<&str> = lacking.map(|need| need.package).collect();
        bail!(
            "{} is not installed: type `apt-get install {}` there",
            Vec::from_iter(missing).join(", "),
            Vec::from_iter(packages).join(" ")
        );
    }
    ensure!(
        chain != Some("taken"),
        "there is a chain NETSPLIT in its iptables: another run uses it, or was killed; then \
         `netsplit heal` removes it, or a minute"
    );
    ensure!(
        chain == Some("free"),
        "iptables refuses there: a container has to be started with `--cap-add NET_ADMIN`"
    );
    let end = |at: usize| ends.get(at).and_then(|text| text.parse().ok());
    let port = ends.get(3).and_then(|text| text.parse().ok());
    Ok(Seen { client: end(0), server: end(2), port })
}

/// Hosts on which nothing of ours is yet.
pub(super) struct Fresh {
    home: PathBuf,
}

impl Fresh {
    /// Puts on every host what runs need there, and our chain into its iptables.
    pub(super) async fn make_ready(&self, nodes: &[Node], run: &str) -> Result<Arc<dyn Net>> {
        let settled = nodes.iter().map(async |node| {
            let home = self.home.join(&*node.name);
            settle(node, &home).await.with_context(|| format!("on {}", node.name))?;
            lease::Lease::take(node, &home, run).await
        });
        let leases = try_join_all(settled).await?;
        let net = net(nodes).await?;
        Ok(Arc::new(lease::Leased::new(net, leases)))
    }
}

/// The net of the address families by which all nodes reach each other while nobody is hurt.
async fn net(nodes: &[Node]) -> Result<Iptables> {
    let net = Iptables::set_up(nodes).await?;
    let heard = net.probe().await?;
    if heard.is_whole() {
        return Ok(net);
    }
    tracing::warn!("not all nodes reach each other by IPv6, or some by IPv6 alone: {heard:?}");
    let v4: Vec<Node> = nodes.iter().map(|node| Node { ip6: None, ..node.clone() }).collect();
    let net = Iptables::set_up(&v4).await?;
    let silent = Vec::from_iter(net.probe().await?.silent).join(", ");
    ensure!(
        silent.is_empty(),
        "no UDP datagram comes from node to node over {silent}: does a firewall drop them?"
    );
    Ok(net)
}

/// Makes a run's directory, with netsplit's own executable in it.
async fn settle(node: &Node, home: &Path) -> Result<()> {
    // Others may neither read nor write there, nor have made it before.
    const MAKE: &str = r#"umask 077 && mkdir -p "${1%/*}" && mkdir "$1" "$1/data" "$1/logs""#;
    const TRY: &str = r#"chmod +x "$1" && "$1" --version"#;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let argv = ["sh", "-c", MAKE, "sh", &text(home)];
    succeeded(&node.remote.exec(&argv, b"", DEADLINE).await?)
        .context("failed to make a directory")?;
    node.remote.upload(Path::new(OWN_EXECUTABLE), &node.netsplit, UPLOAD).await?;
    let argv = ["sh", "-c", TRY, "sh", &text(&node.netsplit)];
    succeeded(&node.remote.exec(&argv, b"", DEADLINE).await?).context(
        "netsplit's own executable does not run there: the machine must be of the architecture of \
         this one, with a C library as new, and may run programs in /tmp",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_called_by_its_host() {
        for destination in ["n1", "root@n1", "ssh://n1", "ssh://root@n1:2222"] {
            assert_eq!(name(destination), "n1");
        }
        assert_eq!(name("fd00::1"), "fd00::1");
    }
}
