//! The reference system of that name, which ships inside the binary: see [`crate::zoo::quorum`].
use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use checkers::Op;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;
use workloads::{Client, Failure, Params};

use super::{Bug, Entry, Options, Recipe, System, typed};
use crate::{
    cluster::Node,
    remote::Program,
    zoo::{
        DELAY_MS_MAX,
        quorum::protocol::{Answer, Request},
        wire::Caller,
    },
};

/// In the list of systems.
pub const ENTRY: Entry = Entry {
    name: "quorum",
    about: "registers and a set on majority quorums (ABD), shipped inside netsplit",
    options: &[("delay_ms", "hold half of the messages between nodes, for up to so many ms (0)")],
    bugs: &[
        Bug { name: "read-one", about: "a read answers from one replica", recipe: Recipe::NONE },
        Bug {
            name: "no-write-back",
            about: "a read does not store what it has read: a later one may see an older value",
            recipe: Recipe {
                workload: Some("register"),
                faults: Some("none"),
                roles: true,
                ops_per_key: Some(400),
                options: &[("delay_ms", "80")],
            },
        },
        Bug {
            name: "ack-before-fsync",
            about: "what is acknowledged is not on the disk yet: a power failure loses it",
            recipe: Recipe { faults: Some("power-failure"), ..Recipe::NONE },
        },
    ],
    build,
};

const PORT: u16 = 7000;
const CONNECT: Duration = Duration::from_millis(500);

/// The options, as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    delay_ms: u64,
}

fn build(bug: Option<&'static Bug>, options: &Options) -> Result<Arc<dyn System>> {
    let Typed { delay_ms } = typed(ENTRY.name, options)?;
    ensure!(delay_ms <= DELAY_MS_MAX, "delay_ms is at most {DELAY_MS_MAX}, not {delay_ms}");
    Ok(Arc::new(Quorum { bug: bug.map(|bug| bug.name), delay_ms }))
}

struct Quorum {
    bug: Option<&'static str>,
    delay_ms: u64,
}

fn address(node: &Node) -> SocketAddr {
    (node.ip, PORT).into()
}

#[async_trait]
impl System for Quorum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn functions(&self, workload: &str) -> &'static [&'static str] {
        match workload {
            "register" | "causal" => &["read", "write"],
            "unique-ids" => &["generate"],
            "set" | "set-full" => &["add", "read"],
            _ => &[],
        }
    }

    fn daemon(&self, node: &Node, all: &[Node]) -> Option<Program> {
        let peers: Vec<String> = all.iter().map(|peer| address(peer).to_string()).collect();
        let netsplit = node.netsplit.display().to_string();
        let mut argv = vec![netsplit, "zoo".to_owned(), "quorum".to_owned()];
        let mut option = |name: &str, value: String| argv.extend([name.to_owned(), value]);
        option("--id", node.number.to_string());
        option("--peers", peers.join(","));
        option("--listen", address(node).to_string());
        option("--dir", node.data.join("quorum").display().to_string());
        option("--delay-ms", self.delay_ms.to_string());
        if let Some(bug) = self.bug {
            option("--bug", bug.to_owned());
        }
        Some(Program { argv, env: Vec::new(), log: node.logs.join("quorum.log") })
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
        let caller = Caller::connect(address(node), CONNECT).await?;
        Ok(match workload {
            "register" | "causal" => Box::new(QuorumClient { caller, ask: register }),
            "unique-ids" => Box::new(QuorumClient { caller, ask: id }),
            "set" | "set-full" => Box::new(QuorumClient { caller, ask: set }),
            other => bail!("quorum has no client for the workload {other}"),
        })
    }
}

/// A connection to one node, for one workload.
struct QuorumClient {
    caller: Caller,
    ask: fn(&Op) -> Result<Request>,
}

fn register(op: &Op) -> Result<Request> {
    let key = op.key.context("a register has a key")?;
    Ok(match &*op.f {
        "read" => Request::Read { key },
        "write" => Request::Write { key, value: op.value.clone() },
        other => bail!("quorum cannot {other} a register"),
    })
}

/// The register whose writes are ids, by their tags: beyond all that have a key.
const IDS: u32 = u32::MAX;

fn id(_: &Op) -> Result<Request> {
    Ok(Request::Write { key: IDS, value: Value::Null })
}

fn set(op: &Op) -> Result<Request> {
    Ok(match &*op.f {
        "add" => Request::Add { element: op.value.as_u64().context("elements are numbers")? },
        "read" => Request::Elements {},
        other => bail!("quorum cannot {other} in a set"),
    })
}

#[async_trait]
impl Client for QuorumClient {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let request = (self.ask)(op)?;
        match self.caller.call(&request).await? {
            Answer::Ok(found) if matches!(&*op.f, "read" | "generate") => Ok(found),
            Answer::Ok(_) => Ok(op.value.clone()),
            Answer::Fail(why) => Err(Failure::Definite(why)),
            Answer::Info(why) => Err(Failure::Indefinite(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::zoo::quorum;

    #[test]
    fn every_bug_offered_is_one_that_the_system_has() {
        assert_eq!(ENTRY.bugs.len(), quorum::Bug::ALL.len());
        assert!(ENTRY.bugs.iter().all(|bug| quorum::Bug::find(bug.name).is_ok()));
    }

    #[test]
    fn options_are_checked_when_the_system_is_built() {
        let build = |name: &str, value| {
            build(None, &Options::from([(name.to_owned(), value)])).map(|system| system.name())
        };
        assert_eq!(build("delay_ms", json!(80)).unwrap(), "quorum");
        assert!(build("delay_ms", json!(5_000)).is_err());
        assert!(build("delay", json!(80)).is_err());
    }
}
