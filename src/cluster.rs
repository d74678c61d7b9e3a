//! The cluster: nodes, and what runs on them.
mod clocks;
mod daemon;

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::Signal;

use crate::{
    disk::Disk,
    net::{Net, link::Quality, switch::Switch},
    remote::{Program, Remote, marks},
    system::System,
};

pub use clocks::Clocks;
pub use daemon::{DaemonState, Daemons};

/// A machine, real or made.
#[derive(Clone)]
pub struct Node {
    /// Its name: `n1`.
    pub name: Arc<str>,
    /// Its place among the nodes, from 0.
    pub number: usize,
    /// Where other nodes and clients reach it.
    pub ip: Ipv4Addr,
    /// The same in IPv6, where it has one.
    pub ip6: Option<Ipv6Addr>,
    /// How to run things on it.
    pub remote: Arc<dyn Remote>,
    /// A directory on the node for the system's data.
    pub data: PathBuf,
    /// What that directory is on, where it is ours.
    pub disk: Option<Arc<Disk>>,
    /// netsplit's own executable on the node, which the reference systems are part of.
    pub netsplit: PathBuf,
    /// The port by which netsplit is let in, where it comes over the net: it stays open.
    pub control: Option<u16>,
    /// The controller's directory for the node's logs.
    pub logs: PathBuf,
}

/// All nodes, with the system on them and the net between them.
pub struct Cluster {
    /// The run's id, which marks every process it starts.
    pub run: String,
    /// The nodes, in order.
    pub nodes: Vec<Node>,
    /// The system under test.
    pub system: Arc<dyn System>,
    /// The net between the nodes.
    pub net: Arc<dyn Net>,
    /// The switch that joins the nodes, where the links between them are ours.
    pub switch: Option<Arc<Switch>>,
    /// What the links between the nodes are like when no fault hurts them.
    pub weather: Quality,
    /// What runs on the nodes.
    pub daemons: Daemons,
    /// Whose clocks are wrong.
    pub clocks: Clocks,
}

impl Cluster {
    /// The node of that name.
    ///
    /// # Errors
    /// When there is none; names those there are.
    pub fn node(&self, name: &str) -> Result<&Node> {
        self.nodes.iter().find(|n| &*n.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.nodes.iter().map(|n| &*n.name).collect();
            anyhow!("no node is called {name}; there are {}", known.join(", "))
        })
    }

    /// The names of all nodes, in order.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.nodes.iter().map(|n| n.name.clone()).collect()
    }

    /// Kills whatever the system runs, everywhere.
    ///
    /// # Errors
    /// When a node could not be asked.
    pub async fn stop(&self) -> Result<()> {
        for node in &self.nodes {
            self.daemons.signal(node, Signal::SIGKILL).await?;
        }
        Ok(())
    }

    /// Kills a node's daemon, and whatever else it has started: as with a machine, nothing goes on.
    ///
    /// # Errors
    /// When the node could not be asked, or brings forth processes as fast as they are killed.
    pub async fn kill(&self, node: &Node) -> Result<()> {
        self.daemons.signal(node, Signal::SIGKILL).await?;
        marks::end_systems(&*node.remote, &self.run, &node.name).await?;
        Ok(())
    }

    /// Starts the system on a node where it does not run.
    ///
    /// # Errors
    /// When it could not be started.
    pub async fn start(&self, node: &Node) -> Result<()> {
        match self.system.daemon(node, &self.nodes) {
            Some(program) => self.start_as(node, program).await,
            None => Ok(()),
        }
    }

    /// Starts the system by this program on a node where it does not run.
    ///
    /// # Errors
    /// When it could not be started.
    pub async fn start_as(&self, node: &Node, mut program: Program) -> Result<()> {
        program.env.extend(marks::of(&self.run, &node.name));
        self.clocks.wrap(node, &mut program)?;
        let started = self.daemons.start(node, &program).await;
        started.with_context(|| format!("failed to start {} on {}", self.system.name(), node.name))
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.ip)
    }
}
