//! Nodes that become members of a running system, and cease to be.
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;

use crate::{cluster::Node, remote::Program};

/// How the nodes of a system come and go while it runs.
#[async_trait]
pub trait Membership: Send + Sync {
    /// The names of those of `all` that are members, as one node says.
    ///
    /// # Errors
    /// When the node does not answer.
    async fn members(&self, asked: &Node, all: &[Node]) -> Result<Vec<Arc<str>>>;

    /// Has a node say that another is no member any more. Idempotent.
    ///
    /// # Errors
    /// When it refuses, or does not answer: then it may happen yet.
    async fn remove(&self, asked: &Node, node: &Node) -> Result<()>;

    /// Has a node say that another is a member. Idempotent. Gives how to start that one, which must
    /// have no data.
    ///
    /// # Errors
    /// When it refuses, or does not answer: then it may happen yet.
    async fn add(&self, asked: &Node, node: &Node, all: &[Node]) -> Result<Program>;
}
