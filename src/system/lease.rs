//! The reference system of that name, which ships inside the binary: see [`crate::zoo::lease`].
use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure, Params};

use super::{Bug, Entry, Options, Recipe, System, shipped};
use crate::{
    cluster::Node,
    remote::Program,
    zoo::{
        lease::{Ask, Request, WALL_CLOCK},
        wire::Caller,
    },
};

/// In the list of systems.
pub const ENTRY: Entry = Entry {
    name: "lease",
    about: "leases, each granted by one node for 600 ms, shipped inside netsplit",
    options: &[],
    bugs: &[Bug {
        name: WALL_CLOCK,
        about: "leases run on the wall clock: set ahead, it ends them while they are held",
        recipe: Recipe {
            workload: Some("lease"),
            faults: Some("clock-bump,clock-strobe"),
            ..Recipe::NONE
        },
    }],
    build,
};

fn build(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>> {
    ensure!(options.is_empty(), "lease has no options");
    Ok(Arc::new(Leases { bug: bug.map(|bug| bug.name) }))
}

struct Leases {
    bug: Option<&'static str>,
}

#[async_trait]
impl System for Leases {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn functions(&self, workload: &str) -> &'static [&'static str] {
        match workload {
            "lease" => &["acquire", "renew", "release"],
            _ => &[],
        }
    }

    fn daemon(&self, node: &Node, all: &[Node]) -> Option<Program> {
        let options = [("--bug", self.bug.map(str::to_owned))];
        Some(shipped::daemon(ENTRY.name, node, all, &options))
    }

    async fn await_ready(&self, node: &Node) -> Result<()> {
        shipped::await_ready(node).await;
        Ok(())
    }

    fn peer_port(&self) -> Option<u16> {
        Some(shipped::PORT)
    }

    async fn open(&self, node: &Node, workload: &str, _: &Params) -> Result<Box<dyn Client>> {
        ensure!(workload == "lease", "lease has no client for the workload {workload}");
        let caller = shipped::connect(node).await?;
        Ok(Box::new(LeaseClient { caller, tokens: BTreeMap::new() }))
    }
}

/// A connection to one node.
struct LeaseClient {
    caller: Caller,
    /// What came with the leases that were granted here, by key.
    tokens: BTreeMap<u32, u64>,
}

impl LeaseClient {
    fn request(&self, op: &Op) -> Result<Request> {
        let key = op.key.context("a lease has a key")?;
        let token = || self.tokens.get(&key).copied().context("it was not granted here");
        let ask = match &*op.f {
            "acquire" => Ask::Acquire,
            "renew" => Ask::Renew(token()?),
            "release" => Ask::Release(token()?),
            other => bail!("nobody can {other} a lease"),
        };
        Ok(Request::Lease { ask, key, owner: op.value.clone() })
    }
}

#[async_trait]
impl Client for LeaseClient {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let request = self.request(op).map_err(|e| Failure::Definite(format!("{e:#}")))?;
        let answer = shipped::told(self.caller.call(&request).await?)?;
        if let (Some(key), Some(token)) = (op.key, answer[0].as_u64()) {
            self.tokens.insert(key, token);
        }
        Ok(answer)
    }
}
