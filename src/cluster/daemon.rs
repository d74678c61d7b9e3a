//! What runs on the nodes: one process group a node.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use nix::sys::signal::Signal;

use super::Node;
use crate::remote::Program;

/// The daemons of a cluster, by node.
#[derive(Default)]
pub struct Daemons {
    started: Mutex<BTreeMap<Arc<str>, Started>>,
}

/// A daemon that was started.
#[derive(Clone, Copy)]
struct Started {
    /// Its process group.
    group: i32,
    /// Whether we have killed it.
    is_killed: bool,
}

/// What the processes of a node's daemon do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonState {
    /// At least one lives and is not stopped.
    Running,
    /// All that live are stopped (`SIGSTOP`).
    Paused,
    /// None lives.
    Dead,
}

impl DaemonState {
    /// As evidence names it.
    pub fn word(self) -> &'static str {
        match self {
            DaemonState::Running => "running",
            DaemonState::Paused => "paused",
            DaemonState::Dead => "dead",
        }
    }
}

impl Daemons {
    /// Starts a program on a node, unless one lives there.
    ///
    /// # Errors
    /// When it could not be started, or the node not asked.
    pub async fn start(&self, node: &Node, program: &Program) -> Result<()> {
        if self.state(node).await? == DaemonState::Dead {
            let group = node.remote.spawn(program).await?;
            self.lock().insert(node.name.clone(), Started { group, is_killed: false });
        }
        Ok(())
    }

    /// Sends a signal to a node's daemon, if it has one.
    ///
    /// # Errors
    /// When it could not be sent.
    pub async fn signal(&self, node: &Node, signal: Signal) -> Result<()> {
        let Some(group) = self.group(node) else { return Ok(()) };
        if signal == Signal::SIGKILL
            && let Some(started) = self.lock().get_mut(&node.name)
        {
            started.is_killed = true;
        }
        node.remote.signal(group, signal).await
    }

    /// Whether a node's daemon is dead though we have not killed it since its start.
    ///
    /// # Errors
    /// When the node could not be asked.
    pub async fn has_died(&self, node: &Node) -> Result<bool> {
        let is_ours = self.lock().get(&node.name).is_none_or(|started| started.is_killed);
        Ok(!is_ours && self.state(node).await? == DaemonState::Dead)
    }

    /// What a node's daemon does.
    ///
    /// # Errors
    /// When the node could not be asked.
    pub async fn state(&self, node: &Node) -> Result<DaemonState> {
        let Some(group) = self.group(node) else { return Ok(DaemonState::Dead) };
        let processes = node.remote.processes(group).await?;
        Ok(match () {
            () if processes.is_empty() => DaemonState::Dead,
            () if processes.iter().all(|p| p.letter == 'T') => DaemonState::Paused,
            () => DaemonState::Running,
        })
    }

    /// The process group of a node's daemon, dead or alive.
    pub fn group(&self, node: &Node) -> Option<i32> {
        self.lock().get(&node.name).map(|started| started.group)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Started>> {
        self.started.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
