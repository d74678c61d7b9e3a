//! The reference system of that name, which ships inside the binary: see [`crate::zoo::lease`].
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use tokio::time::sleep;
use workloads::{Client, Failure, Params};

use super::{Bug, Entry, Options, Recipe, System};
use crate::{
    cluster::Node,
    remote::Program,
    zoo::{
        lease::{Answer, Ask, Request, WALL_CLOCK},
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
            roles: false,
            ops_per_key: None,
            options: &[],
        },
    }],
    build,
};

const PORT: u16 = 7000;
const CONNECT: Duration = Duration::from_millis(500);

fn build(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>> {
    ensure!(options.is_empty(), "lease has no options");
    Ok(Arc::new(Leases { bug: bug.map(|bug| bug.name) }))
}

struct Leases {
    bug: Option<&'static str>,
}

fn address(node: &Node) -> SocketAddr {
    (node.ip, PORT).into()
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
        let peers: Vec<String> = all.iter().map(|peer| address(peer).to_string()).collect();
        let netsplit = node.netsplit.display().to_string();
        let mut argv = vec![netsplit, "zoo".to_owned(), "lease".to_owned()];
        let mut option = |name: &str, value: String| argv.extend([name.to_owned(), value]);
        option("--id", node.number.to_string());
        option("--peers", peers.join(","));
        option("--listen", address(node).to_string());
        option("--dir", node.data.join("lease").display().to_string());
        if let Some(bug) = self.bug {
            option("--bug", bug.to_owned());
        }
        Some(Program { argv, env: Vec::new(), log: node.logs.join("lease.log") })
    }

    async fn await_ready(&self, node: &Node) -> Result<()> {
        loop {
            if let Ok(mut caller) = Caller::connect(address(node), CONNECT).await
                && let Ok(Answer::Ok(_)) = caller.call(&Request::Ping {}).await
            {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn open(&self, node: &Node, workload: &str, _: &Params) -> Result<Box<dyn Client>> {
        ensure!(workload == "lease", "lease has no client for the workload {workload}");
        let caller = Caller::connect(address(node), CONNECT).await?;
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
        match self.caller.call(&request).await? {
            Answer::Ok(answer) => {
                if let (Some(key), Some(token)) = (op.key, answer[0].as_u64()) {
                    self.tokens.insert(key, token);
                }
                Ok(answer)
            }
            Answer::Fail(why) => Err(Failure::Definite(why)),
            Answer::Info(why) => Err(Failure::Indefinite(why)),
        }
    }
}
