//! What etcd answers beyond registers, as a user would ask for it.

use std::collections::BTreeMap;

use crate::support::harness::{ALONE, Netsplit, readme};
use serde_json::Value;

/// Without waiting for disks, and on three nodes, so that a busy machine gets something done in a
/// short run.
const ETCD: [&str; 5] = ["run", "--system", "etcd", "--option", "unsafe_no_fsync=true"];
const QUIET: [&str; 6] = ["--faults", "none", "--time-limit", "5s", "--node-count", "3"];

/// Runs each of these workloads, two at a time, and sees what is found of it, however little was
/// asked.
fn each(workloads: &[&str], more: &[&str], status: &str) {
    for some in workloads.chunks(2) {
        let netsplits: Vec<Netsplit> = some.iter().map(|_| Netsplit::new()).collect();
        let start = |(netsplit, workload): (&Netsplit, &&str)| {
            netsplit.start(&[&ETCD[..], &["--workload", workload], more].concat())
        };
        let runs: Vec<_> = netsplits.iter().zip(some).map(start).collect();
        for ((mut run, netsplit), workload) in runs.into_iter().zip(&netsplits).zip(some) {
            run.wait().expect("it ends");
            let result = netsplit.result();
            let properties = result["properties"].as_array().expect("properties");
            let own = properties.iter().find(|property| property["id"] == *workload);
            assert_eq!(own.expect("its own")["status"], status, "{workload}: {result:#}");
            assert!(result["stats"]["ops"]["ok"].as_u64() > Some(20), "{workload}: {result:#}");
        }
    }
}

#[test]
fn etcd_answers_workloads_of_every_family() {
    let workloads = [
        "adya-g2",
        "append",
        "bank",
        "causal-reverse",
        "consensus",
        "counter",
        "election",
        "fenced-counter",
        "fifo-queue",
        "lock",
        "log",
        "long-fork",
        "monotonic",
        "multi-register",
        "unique-ids",
    ];
    each(&workloads, &QUIET, "pass");
}

#[test]
fn members_leave_and_others_take_their_places() {
    let netsplit = Netsplit::new();
    let run = readme("netsplit run --system etcd --faults shrink");
    let more = ["--fault-interval", "3s", "--time-limit", "40s"];
    netsplit.run(&[&run[..], &more].concat()).exits(0).says("PASS");
    let struck = netsplit.faults();
    assert!(struck.len() >= 2, "{struck:?}");
    for window in &struck {
        assert!(window.effective && window.healed_ns.is_some(), "{window:?}");
        let members = window.evidence["members"].as_object().expect("whom each takes for members");
        let gone = |members: &serde_json::Value| members.as_array().expect("names").len() == 4;
        assert!(members.len() == 4 && members.values().all(gone), "{window:?}");
    }
    netsplit.run(&["run", "--faults", "shrink"]).exits(75).says("how nodes join quorum");
}

#[test]
fn leases_of_etcd_keep_others_out() {
    // They last for seconds, so that few can be had in a short run.
    each(&["lease"], &["--faults", "none", "--time-limit", "20s"], "pass");
}

#[test]
fn transactions_hold_under_faults() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --system etcd --workload append");
    let hurt = ["--faults", "partition,kill", "--fault-interval", "2s", "--op-timeout", "1s"];
    let hurt = [&hurt[..], &["--time-limit", "20s", "--option", "unsafe_no_fsync=true"]].concat();
    netsplit.run(&[&command[..], &hurt].concat()).exits(0).says("PASS");
    let log = ["run", "--system", "etcd", "--workload", "log"];
    netsplit.run(&[&log[..], &hurt].concat()).exits(0).says("PASS");
}

#[test]
fn clients_that_do_not_compare_what_they_read_are_convicted() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --system etcd --bug unchecked");
    netsplit.run(&[&command[..], &QUIET].concat()).exits(1).says("VIOLATION");
    let unchecked = [&QUIET[..], &["--bug", "unchecked"]].concat();
    let workloads = [
        "adya-g2",
        "bank",
        "consensus",
        "counter",
        "election",
        "fenced-counter",
        "lock",
        "log",
        "monotonic",
        "queue",
        "register",
    ];
    each(&workloads, &unchecked, "fail");
}

#[test]
fn stale_reads_are_convicted_by_what_forbids_them() {
    let stale = [&ALONE[..], &["--option", "serializable=true", "--time-limit", "20s"]].concat();
    each(&["append", "multi-register"], &stale, "fail");
}

/// Of the calls that ended `ok` between these times, how many each node answered.
fn answered(history: &str, from: u64, until: u64) -> BTreeMap<String, u64> {
    let ops = history.lines().map(|line| serde_json::from_str::<Value>(line).expect("an op"));
    let of_clients = ops.filter(|op| op["process"].is_u64() && op["type"] == "ok");
    let inside = of_clients.filter(|op| (from..until).contains(&op["time"].as_u64().expect("one")));
    inside.fold(BTreeMap::new(), |mut counts, op| {
        *counts.entry(op["node"].as_str().expect("a node").to_owned()).or_default() += 1;
        counts
    })
}

/// The node that answered most of these calls.
fn most(answered: &BTreeMap<String, u64>) -> &str {
    let total: u64 = answered.values().sum();
    let (node, count) = answered.iter().max_by_key(|(_, count)| **count).expect("an answer");
    assert!(total >= 20 && count * 2 > total, "no node is followed: {answered:?}");
    node
}

/// The node that a fault took from the others.
fn victim(fault: &Value) -> String {
    let hurt = &fault["hurt"];
    let alone = |cut: &serde_json::Map<String, Value>| {
        let from_both = cut.iter().find(|(_, from)| from.as_array().is_some_and(|f| f.len() == 2));
        from_both.map(|(node, _)| node.clone())
    };
    let dead = hurt[0].as_str().map(str::to_owned);
    dead.or_else(|| alone(hurt.as_object()?)).unwrap_or_else(|| panic!("nobody: {fault}"))
}

#[test]
fn calls_follow_the_leader_wherever_it_goes() {
    const SECOND: u64 = 1_000_000_000;
    let netsplit = Netsplit::new();
    // A few calls, so that a busy machine knows who leads; this seed strikes once each, for long.
    let few = ["--node-count", "3", "-c", "3", "--rate", "40", "--route", "leader"];
    let aimed = ["--faults", "kill,partition", "--fault-target", "primaries"];
    let struck = ["--partition", "primaries", "--fault-interval", "8s", "--seed", "1"];
    let run = [&ETCD[..], &few, &aimed, &struck, &["--time-limit", "36s"]].concat();
    netsplit.run(&run).exits(0);
    let (result, history) = (netsplit.result(), netsplit.latest("history.jsonl"));
    let time = |fault: &Value, at: &str| fault[at].as_u64().expect("a time");
    let faults = result["faults"].as_array().expect("faults");
    assert_eq!(faults.len(), 2, "{faults:?}");
    let mut since = SECOND;
    for fault in faults {
        let before = answered(&history, since, time(fault, "planned_ns"));
        let leader = victim(fault);
        assert_eq!(most(&before), leader, "{fault}");
        let log = netsplit.latest(&format!("nodes/{leader}/etcd.log"));
        assert!(log.contains("became leader at term"), "{leader} says so itself");
        // By then another was elected, and that was heard.
        let settled = time(fault, "effective_ns") + 4 * SECOND;
        let during = answered(&history, settled, time(fault, "healing_ns"));
        assert_ne!(most(&during), leader, "{fault}");
        since = time(fault, "healed_ns") + 2 * SECOND;
    }
}
