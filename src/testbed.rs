//! Where nodes come from.
mod addresses;
pub mod hosts;
mod imagined;
pub mod lab;
mod lease;
pub mod netns;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    cluster::Node,
    net::{Net, iptables::Iptables, switch::Switch},
    remote::shell::Shell,
    system::Requirement,
};

/// netsplit's own executable, for whoever runs it on this machine.
const OWN_EXECUTABLE: &str = "/proc/self/exe";

/// Where the nodes of a test come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Testbed {
    /// This machine makes so many, for this run only.
    Lab {
        /// How many.
        nodes: u32,
        /// Whether a switch of ours joins them, which can do more than be cut.
        #[serde(default)]
        has_switch: bool,
        /// Whether their disks are ours, which can do more than be full.
        #[serde(default)]
        has_disks: bool,
    },
    /// Network namespaces of this machine that somebody made, by name; they outlive the run.
    Netns {
        /// Their names.
        names: Vec<String>,
    },
    /// Machines with an SSH server; they outlive the run.
    Ssh {
        /// As `ssh` takes them: `root@10.0.0.1`, `ssh://root@host:2222`, a name in its
        /// configuration.
        destinations: Vec<String>,
        /// The configuration file to use in place of the user's own.
        config: Option<PathBuf>,
    },
    /// Containers that run; they outlive the run.
    Docker {
        /// Their names.
        containers: Vec<String>,
        /// The daemon that they are of, as `DOCKER_HOST` says it; Docker's usual one where absent.
        host: Option<String>,
    },
    /// Names alone, so many, for a system that lives inside the controller.
    Imagined {
        /// How many.
        nodes: u32,
    },
}

/// Nodes, as a testbed has found or made them.
pub struct Found {
    /// The nodes, in order.
    pub nodes: Vec<Node>,
    /// What joins them, where it is ours.
    pub switch: Option<Arc<Switch>>,
    kind: Kind,
}

enum Kind {
    Imagined,
    /// Namespaces of this machine.
    Real,
    /// Machines on which nothing of ours is yet.
    Hosts(hosts::Fresh),
}

impl Found {
    fn real(nodes: Vec<Node>, switch: Option<Arc<Switch>>) -> Found {
        Found { nodes, switch, kind: Kind::Real }
    }

    /// Makes the nodes ready to run the system, and the net between them to be cut. This changes
    /// their files and iptables, so whoever calls it has noted that in the ledger.
    ///
    /// # Errors
    /// When iptables is missing or refuses, or a node takes no files.
    pub async fn make_ready(&self, run: &str) -> Result<Arc<dyn Net>> {
        Ok(match &self.kind {
            Kind::Imagined => Arc::new(imagined::NoNet),
            Kind::Real => Arc::new(Iptables::set_up(&self.nodes).await?),
            Kind::Hosts(fresh) => fresh.make_ready(&self.nodes, run).await?,
        })
    }
}

impl Testbed {
    /// Names of the nodes, in order.
    pub fn names(&self) -> Vec<String> {
        match self {
            Testbed::Lab { nodes, .. } | Testbed::Imagined { nodes } => {
                (1..=*nodes).map(|i| format!("n{i}")).collect()
            }
            Testbed::Netns { names } => names.clone(),
            Testbed::Docker { containers, .. } => containers.clone(),
            Testbed::Ssh { destinations, .. } => {
                destinations.iter().map(|d| hosts::name(d).to_owned()).collect()
            }
        }
    }

    /// Whether the nodes are still there when the run is over.
    pub fn outlives(&self) -> bool {
        !matches!(self, Testbed::Lab { .. } | Testbed::Imagined { .. })
    }

    /// The directory for everything that a run keeps on nodes that outlive it; a node's own part
    /// has its name.
    pub fn home(&self, run: &str) -> PathBuf {
        let directory = match self {
            // Of another machine only this is known.
            Testbed::Ssh { .. } | Testbed::Docker { .. } => PathBuf::from("/tmp"),
            _ => std::env::temp_dir(),
        };
        directory.join(format!("netsplit-{run}"))
    }

    /// Makes, or finds, the nodes, and looks whether they have what is needed. Their logs go below
    /// `logs`, the data of those that outlive the run below `home`. Nothing of theirs is changed
    /// yet: see [`Found::make_ready`]. What chance a switch needs follows from the seed.
    ///
    /// # Errors
    /// When a node cannot be made or reached, or lacks something.
    pub async fn up(
        &self,
        logs: &Path,
        home: &Path,
        seed: u64,
        needs: &[Requirement],
    ) -> Result<Found> {
        match self {
            Testbed::Lab { nodes, has_switch, has_disks } => {
                let [switch, disks] = [has_switch, has_disks].map(|has| has.then_some(seed));
                lab::up(*nodes, logs, switch, disks).await
            }
            Testbed::Netns { names } => netns::up(names, logs, home).await,
            Testbed::Ssh { destinations, config } => {
                let connect =
                    async |destination: &str| Shell::by_ssh(destination, config.as_deref()).await;
                let shells = try_join_all(destinations.iter().map(|it| connect(it))).await?;
                hosts::up(&self.names(), shells, logs, home, needs).await
            }
            Testbed::Docker { containers, host } => {
                let shells =
                    containers.iter().map(|name| Shell::in_container(name, host.as_deref()));
                let shells = try_join_all(shells).await?;
                hosts::up(containers, shells, logs, home, needs).await
            }
            Testbed::Imagined { .. } => {
                let nodes = imagined::nodes(&self.names(), logs);
                Ok(Found { nodes, switch: None, kind: Kind::Imagined })
            }
        }
    }
}
