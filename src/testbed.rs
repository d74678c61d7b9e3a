//! Where nodes come from.
pub mod lab;
pub mod netns;

use std::{path::Path, sync::Arc};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{cluster::Node, net::Net};

/// Where the nodes of a test come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Testbed {
    /// This machine makes so many, for this run only.
    Lab {
        /// How many.
        nodes: u32,
    },
    /// Network namespaces of this machine that somebody made, by name; they outlive the run.
    Netns {
        /// Their names.
        names: Vec<String>,
    },
}

impl Testbed {
    /// Names of the nodes, in order.
    pub fn names(&self) -> Vec<String> {
        match self {
            Testbed::Lab { nodes } => (1..=*nodes).map(|i| format!("n{i}")).collect(),
            Testbed::Netns { names } => names.clone(),
        }
    }

    /// Makes, or finds, the nodes and the net between them. Their logs go below `logs`, the data
    /// of those that outlive the run below `data`.
    ///
    /// # Errors
    /// When a node cannot be made or reached.
    pub async fn up(&self, logs: &Path, data: &Path) -> Result<(Vec<Node>, Arc<dyn Net>)> {
        match self {
            Testbed::Lab { nodes } => lab::up(*nodes, logs).await,
            Testbed::Netns { names } => netns::up(names, logs, data).await,
        }
    }
}
