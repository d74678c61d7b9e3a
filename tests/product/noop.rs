//! Runs against a system that is none: what is left is the harness itself.

use crate::support::harness::{Netsplit, readme};

const NOOP: [&str; 5] = ["run", "--system", "noop", "--time-limit", "1s"];

fn noop<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&NOOP[..], more].concat()
}

#[test]
fn the_harness_measures_itself_without_nodes_and_without_rights() {
    let netsplit = Netsplit::unprivileged();
    let command =
        readme("netsplit run --system noop --workload register --time-limit 20s --rate max");
    let shorter: Vec<_> =
        command.into_iter().map(|word| if word == "20s" { "1s" } else { word }).collect();
    netsplit.run(&shorter).exits(0).says("PASS");
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
    netsplit.run(&noop(&["--workload", "set", "--rate", "500"])).exits(0);
    let by_predicate = ["--workload", "closed-predicate", "--rate", "500"];
    netsplit.run(&noop(&by_predicate)).exits(0);
    let missed = [&by_predicate[..], &["--bug", "missed-row"]].concat();
    netsplit.run(&noop(&missed)).exits(1);
    let log = readme("netsplit run --system noop --workload log --bug lost-send");
    netsplit.run(&[&log[..], &["--time-limit", "2s"]].concat()).exits(1).says("VIOLATION");
}

#[test]
fn what_is_imagined_cannot_be_hurt() {
    let netsplit = Netsplit::new();
    netsplit.run(&noop(&["--faults", "kill"])).exits(64).says("no fault reaches");
    netsplit.run(&noop(&["--nodes", "netns:a"])).exits(64).says("lives inside netsplit");
    netsplit.run(&noop(&["--rate", "fast"])).exits(64).says("`max`");
}

#[test]
fn a_run_ends_at_the_first_violation_where_that_is_asked_for() {
    let netsplit = Netsplit::new();
    let long = ["run", "--system", "noop", "--time-limit", "60s", "--rate", "500"];
    let ended = netsplit.run(&[&long[..], &["--bug", "stale-read", "--fail-fast"]].concat());
    ended.exits(1).says("VIOLATION").says("ended at the first violation");
    let result = netsplit.result();
    let spent = result["stats"]["duration_ns"].as_u64().expect("a time");
    assert!(spent < 30_000_000_000, "{spent}");
    assert!(netsplit.latest("history.jsonl").contains("\"f\":\"heal\""));
    let set = ["--workload", "set", "--bug", "lost-add", "--fail-fast"];
    let ended = netsplit.run(&[&long[..], &set].concat());
    ended.exits(1).says("lost").says("ended at the first violation");
    let bank = ["--workload", "bank", "--bug", "read-skew", "--fail-fast"];
    let ended = netsplit.run(&[&long[..], &bank].concat());
    ended.exits(1).says("wrong-total").says("ended at the first violation");
    // Where nothing is wrong, nothing ends it.
    netsplit.run(&noop(&["--fail-fast", "--rate", "500"])).exits(0);
    netsplit.run(&noop(&["--fail-fast", "--workload", "queue"])).exits(64).says("as a whole");
}

#[test]
fn a_run_whose_history_is_larger_than_the_memory_for_judging_is_judged() {
    let netsplit = Netsplit::new();
    let large = ["--rate", "8000", "--check-memory", "512K"];
    let many = |more: &[&'static str]| noop(&[&large[..], more].concat());
    netsplit.run(&many(&[])).exits(0).says("PASS").says("bit by bit");
    let result = netsplit.result();
    assert!(result["evidence"]["reads_after_heal"].as_u64() > Some(0), "{result}");
    assert!(result["resilience"]["availability"].as_f64() > Some(0.5), "{result}");
    netsplit.run(&many(&["--bug", "stale-read"])).exits(1).says("VIOLATION");
    let file = netsplit.result()["anomalies"][0]["file"].as_str().expect("a file").to_owned();
    assert!(netsplit.latest(&file).contains("\"read\""));
    let set = noop(&["--workload", "set", "--rate", "2000", "--check-memory", "256K"]);
    netsplit.run(&set).exits(0).says("bit by bit");
    for workload in ["bank", "counter", "unique-ids"] {
        netsplit.run(&many(&["--workload", workload])).exits(0).says("bit by bit");
    }
    // A checker that needs the whole says so.
    netsplit.run(&many(&["--workload", "queue"])).exits(2).says("judged as a whole");
}

#[test]
fn the_history_says_which_node_an_op_went_to() {
    let netsplit = Netsplit::new();
    let by_node = |route: &str| -> Vec<u64> {
        netsplit.run(&noop(&["--rate", "1000", "-c", "1", "--route", route])).exits(0);
        let counts = netsplit.result()["stats"]["by_node"].as_object().expect("nodes").clone();
        counts.values().map(|count| count["total"].as_u64().expect("a count")).collect()
    };
    assert_eq!(by_node("pinned").len(), 1);
    let round = by_node("round-robin");
    let (least, most) = (round.iter().min().expect("nodes"), round.iter().max().expect("nodes"));
    // The reads after healing ask the thread's own node.
    assert!(round.len() == 5 && most - least <= 20, "{round:?}");
    assert_eq!(by_node("random").len(), 5);
    netsplit.run(&noop(&["--route", "leader"])).exits(64).says("has no leader");
    let moving = ["--workload", "consensus", "--route", "random"];
    netsplit.run(&noop(&moving)).exits(64).says("stays with its node");
    netsplit.run(&noop(&["--route", "nearest"])).exits(64).says("round-robin");
}

#[test]
fn a_workload_is_as_the_command_line_says() {
    let netsplit = Netsplit::new();
    let bank = ["--workload", "bank", "--accounts", "3", "--total", "1000", "--rate", "1000"];
    netsplit.run(&noop(&[&bank[..], &["--transfer-max", "700"]].concat())).exits(0);
    let history = netsplit.latest("history.jsonl");
    assert!(history.contains(r#""2":"#) && !history.contains(r#""3":"#), "three accounts");
    let amounts = history.split("amount\":").skip(1);
    let amount = |rest: &str| rest.split([',', '}']).next()?.parse::<u32>().ok();
    assert!(amounts.filter_map(amount).max() > Some(5), "large transfers");
    netsplit.run(&["check", "latest"]).exits(0);
    let skew = ["--workload", "append", "--bug", "snapshot-isolation", "--rate", "2000"];
    netsplit.run(&noop(&skew)).exits(1).says("VIOLATION");
    let allowed =
        readme("netsplit run --workload append --system noop --consistency snapshot-isolation");
    let skew = [&allowed[..], &["--time-limit", "1s", "--bug", "snapshot-isolation"]].concat();
    netsplit.run(&[&skew[..], &["--rate", "2000", "--txn-length", "2"]].concat()).exits(0);
    netsplit.run(&noop(&["--accounts", "3"])).exits(64).says("means nothing to register");
    let unknown = ["--workload", "append", "--consistency", "perfect"];
    netsplit.run(&noop(&unknown)).exits(64).says("consistency-models");
}
