//! Does the ops of a thread: asks the system, says how it ended.
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use checkers::{Kind, Nanos, Op};
use futures_util::FutureExt;
use serde_json::Value;
use tokio::time::timeout;
use workloads::{Client, Failure, Params, client::UNFORESEEN, generator::Completion};

use super::{carrier::Done, gauge::Moments};
use crate::{cluster::Node, system::System};

/// The run's clock: nanoseconds since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(pub(super) Instant);

impl Clock {
    /// The time.
    pub(super) fn now(self) -> Nanos {
        self.0.elapsed().as_nanos() as Nanos
    }
}

/// How the workers of a run reach the system.
pub(super) struct Way {
    pub(super) system: Arc<dyn System>,
    pub(super) nodes: Vec<Node>,
    pub(super) workload: String,
    pub(super) params: Params,
    /// The functions that change nothing: when their fate is unknown they count as failed.
    pub(super) reads: &'static [&'static str],
    pub(super) op_timeout: Duration,
}

/// Does the ops of one thread, one at a time.
pub(super) struct Worker {
    way: Arc<Way>,
    /// By node, the client whose connection is good.
    clients: Vec<Option<Box<dyn Client>>>,
}

/// Rest after a connection that failed, so that a dead node does not fill the history.
const BACKOFF: Duration = Duration::from_millis(100);

impl Way {
    /// Opens a client, within the time that an op may take.
    async fn open(&self, node: usize) -> Result<Box<dyn Client>> {
        timeout(self.op_timeout, self.system.open(&self.nodes[node], &self.workload, &self.params))
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("no connection within {:?}", self.op_timeout)))
    }

    /// The node that an op is for.
    fn node(&self, op: &Op) -> usize {
        self.nodes.iter().position(|node| Some(&node.name) == op.node.as_ref()).unwrap_or(0)
    }
}

impl Worker {
    /// A worker that is connected to this node, where that could be done.
    pub(super) async fn connected(way: Arc<Way>, node: usize) -> Worker {
        let mut clients: Vec<_> = way.nodes.iter().map(|_| None).collect();
        clients[node] = way.open(node).await.ok();
        Worker { way, clients }
    }

    /// Does one op and says how it ended.
    pub(super) async fn perform(
        mut self: Box<Self>,
        thread: u32,
        op: Op,
        clock: Clock,
    ) -> (Box<Self>, Done) {
        let handed = clock.now();
        let completion = self.complete(&op).await;
        let moments = Moments { handed, returned: clock.now() };
        (self, Done { thread: Some(thread), op, completion, moments })
    }

    async fn complete(&mut self, op: &Op) -> Completion {
        let node = self.way.node(op);
        let client = match &mut self.clients[node] {
            Some(client) => client,
            empty => match self.way.open(node).await {
                Ok(opened) => empty.insert(opened),
                Err(e) => {
                    tokio::time::sleep(BACKOFF).await;
                    // Nothing was asked, so nothing happened.
                    return ended(Kind::Fail, &format!("no connection: {e:#}"));
                }
            },
        };
        let answer = ask(&mut **client, op, self.way.op_timeout).await;
        // After an unknown fate the connection may still bring the late answer: away with it.
        if matches!(answer, Err(Failure::Indefinite(_) | Failure::Unforeseen(_))) {
            self.clients[node] = None;
        }
        completion(self.way.reads, op, answer)
    }
}

/// One call: bounded in time, and a panic of the client is one more unknown fate.
async fn ask(client: &mut dyn Client, op: &Op, deadline: Duration) -> Result<Value, Failure> {
    let call = AssertUnwindSafe(client.invoke(op)).catch_unwind();
    match timeout(deadline, call).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(Failure::Unforeseen(format!("the client panicked{}", said(&*panic)))),
        Err(_) => Err(Failure::Indefinite("timed out".into())),
    }
}

/// What a panic had to say.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.map_or_else(String::new, |text| format!(": {text}"))
}

/// How a call ended. An unknown fate of a function that changes nothing is as good as a failure.
fn completion(reads: &[&str], op: &Op, answer: Result<Value, Failure>) -> Completion {
    let doubtful = if reads.contains(&&*op.f) { Kind::Fail } else { Kind::Info };
    match answer {
        Ok(value) => Completion { kind: Kind::Ok, value, error: None },
        Err(Failure::Definite(error)) => ended(Kind::Fail, &error),
        Err(Failure::Indefinite(error)) => ended(doubtful, &error),
        Err(Failure::Unforeseen(error)) => ended(doubtful, &format!("{UNFORESEEN}{error}")),
    }
}

/// A completion without an answer.
fn ended(kind: Kind, error: &str) -> Completion {
    Completion { kind, value: Value::Null, error: Some(error.into()) }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use checkers::Process;

    use super::*;

    /// Does what the op's function says.
    struct Unruly;

    #[async_trait]
    impl Client for Unruly {
        async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
            match &*op.value.to_string() {
                "\"hang\"" => std::future::pending().await,
                "\"panic\"" => panic!("as told"),
                "\"garble\"" => Ok("{".parse()?),
                "\"refuse\"" => Err(Failure::Definite("no".into())),
                value => Ok(value.into()),
            }
        }
    }

    async fn done(f: &str, value: &str) -> Completion {
        let op = Op {
            index: 0,
            time: 0,
            due: None,
            process: Process::Client(0),
            kind: Kind::Invoke,
            f: f.into(),
            key: None,
            value: value.into(),
            error: None,
            node: None,
        };
        let answer = ask(&mut Unruly, &op, Duration::from_millis(20)).await;
        completion(&["read"], &op, answer)
    }

    async fn kind(f: &str, value: &str) -> Kind {
        done(f, value).await.kind
    }

    #[tokio::test]
    async fn hung_and_panicking_clients_leave_a_write_in_doubt_and_a_read_failed() {
        for trouble in ["hang", "panic", "garble"] {
            assert_eq!(kind("write", trouble).await, Kind::Info);
            assert_eq!(kind("read", trouble).await, Kind::Fail);
        }
        assert_eq!(kind("write", "refuse").await, Kind::Fail);
        assert_eq!(kind("write", "1").await, Kind::Ok);
    }

    #[tokio::test]
    async fn what_no_client_foresaw_is_marked() {
        let said = async |f, value| done(f, value).await.error.expect("a reason").to_string();
        let panicked = "unforeseen: the client panicked: as told";
        assert_eq!(said("write", "panic").await, panicked);
        assert_eq!(said("read", "panic").await, panicked);
        assert!(said("write", "garble").await.starts_with(UNFORESEEN));
        assert_eq!(said("write", "hang").await, "timed out", "the harness foresees that");
    }
}
