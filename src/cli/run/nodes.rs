//! Nodes that exist already, as `--nodes` takes them.
use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::testbed::Testbed;

/// The testbed that these words name, all of one kind.
pub(super) fn parse(nodes: &[String], ssh_config: Option<&Path>) -> Result<Testbed> {
    let netns: Option<Vec<String>> = nodes.iter().map(|node| rest(node, "netns:")).collect();
    let ssh: Option<Vec<String>> = nodes.iter().map(|node| destination(node)).collect();
    let docker: Option<Vec<String>> = nodes.iter().map(|node| rest(node, "docker:")).collect();
    let testbed = match (netns, docker, ssh) {
        (Some(names), ..) => Testbed::Netns { names },
        // Written down, so that `netsplit heal` finds them from anywhere.
        (_, Some(containers), _) => {
            Testbed::Docker { containers, host: std::env::var("DOCKER_HOST").ok() }
        }
        (.., Some(destinations)) => {
            // Absolute, so that `netsplit heal` finds it from anywhere.
            let config = ssh_config.map(|path| {
                path.canonicalize().with_context(|| format!("--ssh-config {}", path.display()))
            });
            Testbed::Ssh { destinations, config: config.transpose()? }
        }
        _ => bail!(
            "--nodes {}: write all as ssh:USER@HOST, all as docker:CONTAINER, or all as netns:NAME",
            nodes.join(",")
        ),
    };
    let names = testbed.names();
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !seen.insert(*name));
    ensure!(twice.is_none(), "--nodes: {} is named twice", twice.map_or("", |name| name));
    let is_plain = |name: &&String| !name.is_empty() && !name.contains('/') && *name != "..";
    ensure!(
        names.iter().all(|name| is_plain(&name)),
        "--nodes {}: a name is missing",
        nodes.join(",")
    );
    Ok(testbed)
}

fn rest(node: &str, prefix: &str) -> Option<String> {
    node.strip_prefix(prefix).map(str::to_owned)
}

/// What `ssh` takes: `ssh://...` is that already.
fn destination(node: &str) -> Option<String> {
    if node.starts_with("ssh://") {
        return Some(node.to_owned());
    }
    rest(node, "ssh:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(text: &str) -> Result<Testbed> {
        parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>(), None)
    }

    #[test]
    fn nodes_are_of_one_kind_and_each_is_another() {
        let ssh = nodes("ssh:root@10.0.0.1,ssh://root@b:2222").unwrap();
        assert_eq!(ssh.names(), ["10.0.0.1", "b"]);
        let Testbed::Ssh { destinations, .. } = ssh else { panic!("{ssh:?}") };
        assert_eq!(destinations, ["root@10.0.0.1", "ssh://root@b:2222"]);
        assert_eq!(nodes("netns:a,netns:b").unwrap().names(), ["a", "b"]);
        assert_eq!(nodes("docker:a,docker:b").unwrap().names(), ["a", "b"]);
        for wrong in ["a", "ssh:a,netns:b", "ssh:root@a,ssh:b@a", "ssh:", "ssh:root@../a"] {
            assert!(nodes(wrong).is_err(), "{wrong}");
        }
    }
}
