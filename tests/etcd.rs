//! What etcd answers beyond registers, as a user would ask for it.
#[path = "support/harness.rs"]
mod harness;

use harness::{ALONE, Netsplit, readme};

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
    let more = ["--fault-interval", "3s", "--time-limit", "20s"];
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
