//! The system under test: how to run it and how to talk to it. One file each.
pub mod etcd;
pub mod lease;
mod membership;
pub mod noop;
pub mod quorum;
mod shipped;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;
use workloads::{Client, Params};

use crate::{cluster::Node, remote::Program};

pub use membership::Membership;

/// Options of a system, as typed: `--option NAME=VALUE`.
pub type Options = BTreeMap<String, Value>;

/// The options of a system in a type of its own.
fn typed<T: DeserializeOwned>(system: &str, options: &Options) -> Result<T> {
    let options = options.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    serde_json::from_value(Value::Object(options)).with_context(|| format!("options of {system}"))
}

/// A system that can be deployed on nodes and talked to.
#[async_trait]
pub trait System: Send + Sync {
    /// Its name, as `--system` takes it.
    fn name(&self) -> &'static str;

    /// The programs it needs on the nodes.
    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    /// Its version, as it tells it itself on a node; absent where it ships with netsplit.
    async fn version(&self, _node: &Node) -> Option<String> {
        None
    }

    /// The functions it answers in a workload; empty where it does not do that workload.
    fn functions(&self, workload: &str) -> &'static [&'static str];

    /// Whether it lives inside the controller: its nodes are names alone then, nothing runs on
    /// them, and no fault can reach it.
    fn is_imagined(&self) -> bool {
        false
    }

    /// What to run on a node; nothing where the system is imagined.
    fn daemon(&self, node: &Node, all: &[Node]) -> Option<Program>;

    /// Returns when the node serves clients. The caller bounds the wait.
    ///
    /// # Errors
    /// When it never will.
    async fn await_ready(&self, node: &Node) -> Result<()>;

    /// A connection to a node, for one process of a workload that was told this.
    ///
    /// # Errors
    /// When the node cannot be reached: nothing was asked of it then.
    async fn open(&self, node: &Node, workload: &str, params: &Params) -> Result<Box<dyn Client>>;

    /// How its nodes come and go while it runs; nothing where that is not known.
    fn membership(&self) -> Option<&dyn Membership> {
        None
    }

    /// The port by which the nodes talk to each other, so that a fault can cut it alone.
    fn peer_port(&self) -> Option<u16> {
        None
    }

    /// Whether some nodes lead, so that a fault can aim at them.
    fn has_primaries(&self) -> bool {
        false
    }

    /// The names of the nodes that lead now, as far as they can be asked.
    async fn primaries(&self, _nodes: &[Node]) -> Vec<Arc<str>> {
        Vec::new()
    }
}

/// A program that must be on the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name in the search path.
    pub program: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
}

/// A system by name.
pub struct Entry {
    /// As `--system` takes it.
    pub name: &'static str,
    /// One line for `netsplit list`.
    pub about: &'static str,
    /// Its options, each with a line.
    pub options: &'static [(&'static str, &'static str)],
    /// The bugs that can be switched on.
    pub bugs: &'static [Bug],
    /// Builds it.
    ///
    /// # Errors
    /// An unknown option, or a wrong value.
    pub build: Build,
}

/// Builds a system with a bug, or none, and options.
pub type Build = fn(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>>;

/// A bug that can be switched on, with the test that shows it best.
#[derive(Debug)]
pub struct Bug {
    /// As `--bug` takes it.
    pub name: &'static str,
    /// What goes wrong.
    pub about: &'static str,
    /// How to see it.
    pub recipe: Recipe,
}

/// What a run uses where the command line says nothing else.
#[derive(Debug)]
pub struct Recipe {
    /// The workload.
    pub workload: Option<&'static str>,
    /// The faults.
    pub faults: Option<&'static str>,
    /// Whom the faults hurt, of what each of them can hurt.
    pub targets: &'static [&'static str],
    /// Readers and writers apart.
    pub roles: bool,
    /// Calls on one key.
    pub ops_per_key: Option<u32>,
    /// Options of the system.
    pub options: &'static [(&'static str, &'static str)],
}

impl Recipe {
    /// Nothing special.
    pub const NONE: Recipe = Recipe {
        workload: None,
        faults: None,
        targets: &[],
        roles: false,
        ops_per_key: None,
        options: &[],
    };
}

/// The names of the systems that answer a workload.
pub fn serving(workload: &str) -> Vec<&'static str> {
    let serves = |entry: &&Entry| {
        let built = (entry.build)(None, &Options::new());
        built.is_ok_and(|system| !system.functions(workload).is_empty())
    };
    ALL.iter().filter(serves).map(|entry| entry.name).collect()
}

/// The systems there are.
pub const ALL: &[Entry] = &[quorum::ENTRY, lease::ENTRY, etcd::ENTRY, noop::ENTRY];

/// The system of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
