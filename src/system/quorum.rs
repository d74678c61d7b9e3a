//! The reference system of that name, which ships inside the binary: see [`crate::zoo::quorum`].
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use checkers::Op;
use serde::Deserialize;
use serde_json::Value;
use workloads::{Client, Failure, Params};

use super::{Bug, Entry, Options, Recipe, System, shipped, typed};
use crate::{
    cluster::Node,
    remote::Program,
    zoo::{DELAY_MS_MAX, quorum::protocol::Request, wire::Caller},
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
                ..Recipe::NONE
            },
        },
        Bug {
            name: "ack-before-fsync",
            about: "what is acknowledged is not on the disk yet: a power failure loses it",
            recipe: Recipe {
                faults: Some("power-failure"),
                targets: &["all"], // Who still has it tells the others.
                ..Recipe::NONE
            },
        },
    ],
    build,
};

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
        let options = [
            ("--delay-ms", Some(self.delay_ms.to_string())),
            ("--bug", self.bug.map(str::to_owned)),
        ];
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
        let caller = shipped::connect(node).await?;
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
        let found = shipped::told(self.caller.call(&request).await?)?;
        Ok(match &*op.f {
            "read" | "generate" => found,
            _ => op.value.clone(),
        })
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
