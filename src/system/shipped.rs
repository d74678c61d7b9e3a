//! What the systems that ship inside the binary have in common: see [`crate::zoo`].
use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::sleep;
use workloads::Failure;

use crate::{
    cluster::Node,
    remote::Program,
    zoo::{answer::Answer, wire::Caller},
};

/// Where nodes listen, to clients and to each other.
pub(super) const PORT: u16 = 7000;
const CONNECT: Duration = Duration::from_millis(500);

fn address(node: &Node) -> SocketAddr {
    (node.ip, PORT).into()
}

/// One node of a system by name, with options of its own.
pub(super) fn daemon(
    system: &str,
    node: &Node,
    all: &[Node],
    options: &[(&str, Option<String>)],
) -> Program {
    let peers: Vec<String> = all.iter().map(|peer| address(peer).to_string()).collect();
    let mut argv = vec![node.netsplit.display().to_string(), "zoo".to_owned(), system.to_owned()];
    let mut option = |name: &str, value: String| argv.extend([name.to_owned(), value]);
    option("--id", node.number.to_string());
    option("--peers", peers.join(","));
    option("--listen", address(node).to_string());
    option("--dir", node.data.join(system).display().to_string());
    for (name, value) in options {
        value.iter().for_each(|value| option(name, value.clone()));
    }
    Program { argv, env: Vec::new(), log: node.logs.join(format!("{system}.log")) }
}

/// Returns when the node serves clients.
pub(super) async fn await_ready(node: &Node) {
    loop {
        if let Ok(mut caller) = connect(node).await
            && let Ok(Answer::Ok(_)) = caller.call(&json!({"ping": {}})).await
        {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// A connection to a node.
pub(super) async fn connect(node: &Node) -> Result<Caller> {
    Caller::connect(address(node), CONNECT).await
}

/// What came of a question.
pub(super) fn told(answer: Answer) -> Result<Value, Failure> {
    match answer {
        Answer::Ok(found) => Ok(found),
        Answer::Fail(why) => Err(Failure::Definite(why)),
        Answer::Info(why) => Err(Failure::Indefinite(why)),
    }
}
