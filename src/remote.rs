//! How a node is reached: commands, files, processes.
//!
//! Everything netsplit does to a node goes through here, as an argument vector, never as a shell
//! string built by hand.
pub mod namespace;

use std::{path::PathBuf, process::Output, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A way to reach one node.
#[async_trait]
pub trait Remote: Send + Sync {
    /// Runs a command to its end with this standard input, and returns what it printed and how it
    /// exited.
    ///
    /// # Errors
    /// When it could not be started, or had not ended at the deadline (it is killed then).
    async fn exec(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output>;

    /// Starts a program in a session of its own and returns its process id, which is also the id
    /// of its process group.
    ///
    /// # Errors
    /// When it could not be started.
    async fn spawn(&self, program: &Program) -> Result<i32>;

    /// Sends a signal to a process group.
    ///
    /// # Errors
    /// When it could not be sent; that nobody is there is no error.
    async fn signal(&self, group: i32, signal: nix::sys::signal::Signal) -> Result<()>;

    /// The processes of a group that still live, with the kernel's letter for what they do
    /// (`T`: stopped). The dead that nobody has buried do not count.
    ///
    /// # Errors
    /// When the node could not be asked.
    async fn processes(&self, group: i32) -> Result<Vec<ProcessState>>;

    /// Where the node is, so that another controller can find it again.
    fn address(&self) -> Address;
}

/// A program to run on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables added to its environment.
    pub env: Vec<(String, String)>,
    /// The controller's file that takes what it prints.
    pub log: PathBuf,
}

/// A live process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessState {
    /// Its id.
    pub pid: i32,
    /// The kernel's letter: `R` runs, `S` sleeps, `T` is stopped.
    pub letter: char,
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Address {
    /// A namespace of a lab, which ends with its controller.
    Lab,
    /// Inside the controller: nothing of it is left behind.
    Nowhere,
    /// A network namespace that somebody made (`ip netns add NAME`).
    Netns {
        /// Its name.
        name: String,
    },
}
