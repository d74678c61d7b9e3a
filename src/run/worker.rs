//! One task a thread: takes an op, asks the system, says how it ended.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use anyhow::Result;
use checkers::{Kind, Op};
use futures_util::FutureExt;
use serde_json::Value;
use tokio::{sync::mpsc, time::timeout};
use workloads::{Client, Failure, generator::Completion};

use crate::{cluster::Node, system::System};

/// What a worker needs to know.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) system: Arc<dyn System>,
    pub(super) node: Node,
    pub(super) workload: String,
    /// The functions that change nothing: when their fate is unknown they count as failed.
    pub(super) reads: &'static [&'static str],
    pub(super) op_timeout: Duration,
}

/// Rest after a connection that failed, so that a dead node does not fill the history.
const BACKOFF: Duration = Duration::from_millis(100);

impl Worker {
    /// Opens a client, within the time that an op may take.
    pub(super) async fn open(&self) -> Result<Box<dyn Client>> {
        timeout(self.op_timeout, self.system.open(&self.node, &self.workload))
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("no connection within {:?}", self.op_timeout)))
    }

    /// Works until there are no more ops. Starts with this client, where it could be opened.
    pub(super) async fn work(
        self,
        mut client: Option<Box<dyn Client>>,
        mut ops: mpsc::UnboundedReceiver<Op>,
        done: mpsc::UnboundedSender<(Op, Completion)>,
    ) {
        while let Some(op) = ops.recv().await {
            if client.is_none() {
                match self.open().await {
                    Ok(opened) => client = Some(opened),
                    Err(e) => {
                        tokio::time::sleep(BACKOFF).await;
                        let error = format!("no connection: {e:#}");
                        // Nothing was asked, so nothing happened.
                        if done.send((op, ended(Kind::Fail, &error))).is_err() {
                            return;
                        }
                        continue;
                    }
                }
            }
            let answer = match &mut client {
                Some(client) => ask(&mut **client, &op, self.op_timeout).await,
                None => Err(Failure::Definite("no connection".into())),
            };
            // After an unknown fate the connection may still bring the late answer: away with it.
            if matches!(answer, Err(Failure::Indefinite(_))) {
                client = None;
            }
            let completion = completion(self.reads, &op, answer);
            if done.send((op, completion)).is_err() {
                return;
            }
        }
    }
}

/// One call: bounded in time, and a panic of the client is one more unknown fate.
async fn ask(client: &mut dyn Client, op: &Op, deadline: Duration) -> Result<Value, Failure> {
    let call = AssertUnwindSafe(client.invoke(op)).catch_unwind();
    match timeout(deadline, call).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Failure::Indefinite("the client panicked".into())),
        Err(_) => Err(Failure::Indefinite("timed out".into())),
    }
}

/// How a call ended. An unknown fate of a function that changes nothing is as good as a failure.
fn completion(reads: &[&str], op: &Op, answer: Result<Value, Failure>) -> Completion {
    match answer {
        Ok(value) => Completion { kind: Kind::Ok, value, error: None },
        Err(Failure::Definite(error)) => ended(Kind::Fail, &error),
        Err(Failure::Indefinite(error)) if reads.contains(&&*op.f) => ended(Kind::Fail, &error),
        Err(Failure::Indefinite(error)) => ended(Kind::Info, &error),
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
                "\"refuse\"" => Err(Failure::Definite("no".into())),
                value => Ok(value.into()),
            }
        }
    }

    async fn kind(f: &str, value: &str) -> Kind {
        let op = Op {
            index: 0,
            time: 0,
            process: Process::Client(0),
            kind: Kind::Invoke,
            f: f.into(),
            key: None,
            value: value.into(),
            error: None,
            node: None,
        };
        let answer = ask(&mut Unruly, &op, Duration::from_millis(20)).await;
        completion(&["read"], &op, answer).kind
    }

    #[tokio::test]
    async fn hung_and_panicking_clients_leave_a_write_in_doubt_and_a_read_failed() {
        for trouble in ["hang", "panic"] {
            assert_eq!(kind("write", trouble).await, Kind::Info);
            assert_eq!(kind("read", trouble).await, Kind::Fail);
        }
        assert_eq!(kind("write", "refuse").await, Kind::Fail);
        assert_eq!(kind("write", "1").await, Kind::Ok);
    }
}
