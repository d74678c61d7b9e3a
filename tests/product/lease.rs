//! A system that trusts its clock, right and wrong, with clocks that lie and clocks that do not.

use crate::support::harness::{Netsplit, readme};
use serde_json::json;

/// Every node's clock is a minute ahead, three times, and one node is killed meanwhile.
fn schedule(netsplit: &Netsplit) {
    let fault = |fault: &str, hurt: serde_json::Value, from: u64, to: u64| {
        let ns = |seconds: u64| seconds * 1_000_000_000;
        json!({
            "id": 0, "fault": fault, "target": "all", "hurt": hurt, "nodes": [], "evidence": {},
            "planned_ns": ns(from), "injected_ns": ns(from), "healing_ns": ns(to), "effective": true,
        })
    };
    let ahead = json!({ "n1": "+60000ms", "n2": "+60000ms", "n3": "+60000ms" });
    let faults = [2, 8, 14].map(|at| fault("clock-bump", ahead.clone(), at, at + 4));
    let kill = fault("kill", json!(["n1"]), 9, 10);
    let faults = [&faults[..], &[kill]].concat();
    let text = json!({ "faults": faults }).to_string();
    std::fs::write(netsplit.results.path().join("schedule.json"), text).expect("a file");
}

const LIES: [&str; 8] = [
    "--schedule",
    "schedule.json",
    "--node-count",
    "3",
    "--time-limit",
    "25s",
    "--ops-per-key",
    "3000",
];
const LEASES: [&str; 5] = ["run", "--system", "lease", "--workload", "lease"];

#[test]
fn leases_on_a_clock_that_nobody_sets_are_held_by_one_at_a_time() {
    let netsplit = Netsplit::new();
    schedule(&netsplit);
    netsplit.run(&[&LEASES[..], &LIES].concat()).exits(0).says("PASS");
}

#[test]
fn leases_on_the_wall_clock_have_two_holders_when_it_is_set() {
    let netsplit = Netsplit::new();
    schedule(&netsplit);
    let run = readme("netsplit run --system lease --bug wall-clock");
    netsplit.run(&[&run[..], &LIES].concat()).exits(1).says("both held it");
}

#[test]
fn leases_on_the_wall_clock_are_well_as_long_as_nobody_sets_it() {
    let netsplit = Netsplit::new();
    let run = ["--bug", "wall-clock", "--faults", "kill,pause", "--time-limit", "20s"];
    // Few leases, so that each lives longer than its granter is away.
    let more = ["--fault-interval", "2s", "--op-timeout", "500ms", "--ops-per-key", "3000"];
    let ended = netsplit.run(&[&LEASES[..], &run, &more].concat());
    // One that nobody was granted in time leaves it open.
    assert!([0, 2].contains(&ended.code), "{}", ended.stdout);
    assert!(netsplit.result()["stats"]["ops"]["ok"].as_u64() > Some(100), "{}", ended.stdout);
}
