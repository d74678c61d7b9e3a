//! Where nodes come from.
mod imagined;
pub mod lab;
pub mod netns;

use std::{path::Path, sync::Arc};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    cluster::Node,
    net::{Net, iptables::Iptables, switch::Switch},
    remote::namespace::Namespace,
};

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
    },
    /// Network namespaces of this machine that somebody made, by name; they outlive the run.
    Netns {
        /// Their names.
        names: Vec<String>,
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
    /// The namespace of each; none where the nodes are imagined.
    spaces: Vec<Arc<Namespace>>,
    /// What joins them, where it is ours.
    pub switch: Option<Arc<Switch>>,
}

impl Found {
    /// Makes the net between the nodes ready to be cut. This changes their iptables, so whoever
    /// calls it has noted that in the ledger.
    ///
    /// # Errors
    /// When iptables is missing or refuses.
    pub async fn cut_ready(&self) -> Result<Arc<dyn Net>> {
        if self.spaces.is_empty() {
            return Ok(Arc::new(imagined::NoNet));
        }
        Ok(Arc::new(Iptables::set_up(&self.nodes, &self.spaces).await?))
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
        }
    }

    /// Makes, or finds, the nodes. Their logs go below `logs`, the data of those that outlive the
    /// run below `data`. Nothing of theirs is changed yet: see [`Found::cut_ready`]. What chance
    /// a switch needs follows from the seed.
    ///
    /// # Errors
    /// When a node cannot be made or reached.
    pub async fn up(&self, logs: &Path, data: &Path, seed: u64) -> Result<Found> {
        match self {
            Testbed::Lab { nodes, has_switch } => {
                lab::up(*nodes, logs, has_switch.then_some(seed)).await
            }
            Testbed::Netns { names } => netns::up(names, logs, data).await,
            Testbed::Imagined { .. } => {
                let nodes = imagined::nodes(&self.names(), logs);
                Ok(Found { nodes, spaces: Vec::new(), switch: None })
            }
        }
    }
}
