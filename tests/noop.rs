//! Runs against a system that is none: what is left is the harness itself.
#[path = "support/harness.rs"]
mod harness;

use harness::Netsplit;

const NOOP: [&str; 5] = ["run", "--system", "noop", "--time-limit", "1s"];

fn noop<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&NOOP[..], more].concat()
}

#[test]
fn the_harness_measures_itself_without_nodes_and_without_rights() {
    let netsplit = Netsplit::unprivileged();
    netsplit.run(&noop(&["--workload", "register", "--rate", "max"])).exits(0).says("PASS");
    let result = netsplit.result();
    let harness = &result["harness"];
    let calls = result["stats"]["ops"]["total"].as_u64().expect("a count");
    let rate = harness["ops_per_s"].as_f64().expect("a rate");
    assert!(rate > calls as f64 * 0.5 && rate < calls as f64 * 1.5, "{calls} calls, {harness}");
    let delay = |q: &str| harness["delay_ns"][q].as_u64().expect("a delay");
    assert!(0 < delay("p50") && delay("p50") <= delay("p99"), "{harness}");
    assert!(harness["memory_bytes_max"].as_u64() > Some(1 << 20), "{harness}");
    assert!(netsplit.latest("report.html").contains("The harness itself"));
    // What only the run could know is kept when its history is judged again.
    netsplit.run(&["check", "latest"]).exits(0);
    assert_eq!(&netsplit.result()["harness"], harness);
}

#[test]
fn imagined_bugs_are_convicted_and_their_absence_is_not() {
    let netsplit = Netsplit::new();
    for bug in ["stale-read", "lost-write", "failed-write-happens", "lost-add", "phantom"] {
        netsplit.run(&noop(&["--bug", bug, "--rate", "2000"])).exits(1).says("VIOLATION");
    }
    netsplit.run(&noop(&["--workload", "set", "--bug", "stale-read", "--rate", "1000"])).exits(1);
    netsplit.run(&noop(&["--workload", "set"])).exits(0);
}

#[test]
fn what_is_imagined_cannot_be_hurt() {
    let netsplit = Netsplit::new();
    netsplit.run(&noop(&["--faults", "kill"])).exits(64).says("no fault reaches noop");
    netsplit.run(&noop(&["--nodes", "netns:a"])).exits(64).says("lives inside netsplit");
    netsplit.run(&noop(&["--rate", "fast"])).exits(64).says("`max`");
}
