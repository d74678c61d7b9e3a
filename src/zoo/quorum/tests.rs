//! Five nodes on the loopback, clients at each, and a judge.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use checkers::{
    Budget, Checker, History, Kind, Op, Process, Valid, linearizable::Linearizable, model::Register,
};
use serde_json::json;
use tokio::{sync::Mutex, task::JoinSet};

use super::{protocol::Request, *};
use crate::zoo::wire::Caller;

/// A cluster, which ends with this.
struct Lab {
    addresses: Vec<SocketAddr>,
    _dir: tempfile::TempDir,
    _nodes: JoinSet<Result<()>>,
}

/// Starts the nodes of a cluster of `size` whose numbers are below `started`.
async fn lab(size: usize, started: usize, bug: Option<&str>, delay_ms: u64) -> Lab {
    let dir = tempfile::tempdir().unwrap();
    let mut listeners = Vec::new();
    for _ in 0..size {
        listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
    let mut nodes = JoinSet::new();
    for (id, listener) in listeners.into_iter().enumerate().take(started) {
        let args = ZooArgs {
            system: "quorum".into(),
            id,
            peers: addresses.clone(),
            listen: addresses[id],
            dir: dir.path().join(id.to_string()),
            bug: bug.map(String::from),
            delay_ms,
        };
        nodes.spawn(run(listener, args));
    }
    Lab { addresses, _dir: dir, _nodes: nodes }
}

impl Lab {
    async fn client(&self, node: usize) -> Caller {
        Caller::connect(self.addresses[node], Duration::from_secs(5)).await.unwrap()
    }

    async fn ask(&self, node: usize, request: Request) -> Answer {
        self.client(node).await.call(&request).await.unwrap()
    }
}

/// Journals what `node`'s client asks and hears: node 0 writes, the others read.
async fn client(mut caller: Caller, node: u32, calls: u32, journal: Arc<Mutex<Vec<Op>>>) {
    let value = |i: u32| if node == 0 { json!(i) } else { Value::Null };
    let f = if node == 0 { "write" } else { "read" };
    let write_down = async |kind, value: Value| {
        let mut ops = journal.lock().await;
        let index = ops.len() as u32;
        let (time, process) = (u64::from(index), Process::Client(node));
        let (key, error, node) = (None, None, None);
        ops.push(Op {
            index,
            time,
            due: None,
            process,
            kind,
            f: f.into(),
            key,
            value,
            error,
            node,
        });
    };
    for i in 1..=calls {
        write_down(Kind::Invoke, value(i)).await;
        let request = match node {
            0 => Request::Write { key: 7, value: json!(i) },
            _ => Request::Read { key: 7 },
        };
        match caller.call(&request).await.unwrap() {
            Answer::Ok(read) if node != 0 => write_down(Kind::Ok, read).await,
            Answer::Ok(_) => write_down(Kind::Ok, value(i)).await,
            Answer::Fail(_) => write_down(Kind::Fail, value(i)).await,
            Answer::Info(why) => panic!("no fault, and yet: {why}"),
        }
    }
}

async fn history(bug: Option<&str>, calls: u32, delay_ms: u64) -> History {
    let lab = lab(5, 5, bug, delay_ms).await;
    let journal = Arc::new(Mutex::new(Vec::new()));
    let mut clients = JoinSet::new();
    for node in 0..5 {
        clients.spawn(client(lab.client(node).await, node as u32, calls, journal.clone()));
    }
    clients.join_all().await;
    let ops = journal.lock().await;
    History::from_ops(&*ops).unwrap()
}

fn is_linearizable(history: &History) -> Valid {
    Linearizable(Register::default()).check(history, &Budget::unlimited()).valid
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_bugs_it_is_linearizable() {
    let history = history(None, 100, 4).await;
    assert_eq!(is_linearizable(&history), Valid::Valid);
    assert!(history.ops().filter(|op| op.kind == Kind::Ok).count() > 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bug_is_convicted() {
    // The third one needs a power failure to show.
    for (name, _) in &Bug::ALL[..2] {
        let mut is_convicted = false;
        for _ in 0..20 {
            is_convicted |= is_linearizable(&history(Some(name), 100, 10).await) == Valid::Invalid;
            if is_convicted {
                break;
            }
        }
        assert!(is_convicted, "{name}");
    }
}

#[tokio::test]
async fn without_a_majority_a_read_and_a_write_fail_and_an_add_is_unknown() {
    let lab = lab(3, 1, None, 0).await;
    let write = lab.ask(0, Request::Write { key: 7, value: json!(1) }).await;
    assert_eq!(write, Answer::Fail("1 replicas answered, a majority is 2".into()));
    assert!(matches!(lab.ask(0, Request::Read { key: 7 }).await, Answer::Fail(_)));
    assert!(matches!(lab.ask(0, Request::Add { element: 5 }).await, Answer::Info(_)));
    assert_eq!(lab.ask(0, Request::Ping {}).await, Answer::Ok(Value::Null));
}

#[tokio::test]
async fn a_large_set_is_read_at_every_node_of_a_majority() {
    let lab = lab(3, 2, None, 0).await;
    let mut caller = lab.client(0).await;
    for element in 0..2_000 {
        let answer: Answer = caller.call(&Request::Add { element }).await.unwrap();
        assert_eq!(answer, Answer::Ok(Value::Null));
    }
    let all = json!((0..2_000).collect::<Vec<_>>());
    assert_eq!(lab.ask(1, Request::Elements {}).await, Answer::Ok(all));
}

#[test]
fn an_unknown_bug_names_those_there_are() {
    let error = Bug::find("no-such").unwrap_err().to_string();
    assert!(error.contains("read-one, no-write-back"), "{error}");
}
