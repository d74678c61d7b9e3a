//! Every fault, in a real lab: proved, undone, and done again.

use std::collections::BTreeSet;

use crate::support::harness::{Netsplit, can_starve, readme};
use netsplit::{nemesis, result::FaultWindow};

#[test]
fn every_fault_is_seen_to_strike_and_to_be_undone() {
    let netsplit = Netsplit::new();
    let more = ["--fault-interval", "1s", "--op-timeout", "500ms"];
    netsplit.run(&[&readme("netsplit run --faults all")[..], &more].concat()).exits(0).says("PASS");
    let struck = netsplit.faults();
    let can_starve = can_starve();
    // Nobody can join quorum, or leave it.
    let can_strike = |entry: &&nemesis::Entry| {
        entry.in_all && entry.name != "shrink" && (can_starve || entry.name != "starve")
    };
    for entry in nemesis::ALL.iter().filter(can_strike) {
        let of_entry = struck.iter().filter(|window| window.fault == entry.name);
        let is_proved = |window: &FaultWindow| window.effective && window.healed_ns.is_some();
        assert!(of_entry.clone().count() > 0, "{} never struck", entry.name);
        assert!(of_entry.clone().all(is_proved), "{:?}", of_entry.collect::<Vec<_>>());
    }
}

#[test]
fn the_faults_of_a_run_happen_again() {
    let netsplit = Netsplit::new();
    let more = ["--time-limit", "16s", "--fault-interval", "2s", "--op-timeout", "500ms"];
    netsplit.run(&[&["run"][..], &more].concat()).exits(0);
    let first = netsplit.faults();
    assert!(first.len() >= 2, "{first:?}");
    let again = readme("netsplit run --schedule results/latest/schedule.json");
    netsplit.run(&[&again[..], &more, &["--seed", "1"]].concat()).exits(0);
    let second = netsplit.faults();
    let what = |windows: &[FaultWindow]| -> Vec<_> {
        windows.iter().map(|it| (it.fault.clone(), it.hurt.clone())).collect()
    };
    assert_eq!(what(&first), what(&second));
    for (first, second) in first.iter().zip(&second) {
        assert!(second.planned_ns >= first.planned_ns, "{first:?} {second:?}");
    }
    let fewer = [&again[..], &["--node-count", "3"]].concat();
    netsplit.run(&fewer).exits(64).says("the nodes here are n1, n2, n3");
}

#[test]
fn a_net_is_cut_in_every_way_that_there_is_and_in_no_other() {
    let netsplit = Netsplit::new();
    let run = readme("netsplit run --faults isolate,cut-clients,reject,cut-port");
    let more = ["--fault-interval", "2s", "--fault-target", "minority", "--partition", "one"];
    let run = [&run[..], &more, &["--time-limit", "30s", "--op-timeout", "500ms"]].concat();
    netsplit.run(&run).exits(0).says("PASS");
    let struck = netsplit.faults();
    for window in &struck {
        assert!(window.effective && window.healed_ns.is_some(), "{window:?}");
        let silent = window.evidence["during"]["silent"].as_array().expect("links");
        let of_clients = |link: &&serde_json::Value| link.to_string().contains("clients");
        let of_clients = silent.iter().filter(of_clients).count();
        let knocks = window.evidence["during"]["knocks"].as_object();
        let all_knocks = |word: &str| knocks.is_some_and(|it| it.values().all(|it| it == word));
        let is_so = match &*window.fault {
            // Two of five: between them one pair, to others three each, and the clients.
            "isolate" => silent.len() == 14 + 4 && of_clients == 4,
            "cut-clients" => silent.len() == 4 && of_clients == 4,
            "reject" => silent.len() == 8 && of_clients == 0 && all_knocks("refused"),
            "cut-port" => silent.is_empty() && all_knocks("silence"),
            other => panic!("{other}"),
        };
        assert!(is_so, "{window:?}");
    }
    for name in ["isolate", "cut-clients", "reject", "cut-port"] {
        assert!(struck.iter().any(|it| it.fault == name), "{name} never struck");
    }
}

/// Faults that damage data are proved, whatever the system makes of it.
const DAMAGE: [&str; 5] = ["flip-bits", "truncate-file", "misdirect-writes", "lose-writes", "wipe"];

#[test]
fn files_are_damaged_on_the_same_minority_of_nodes() {
    let netsplit = Netsplit::new();
    let run =
        readme("netsplit run --faults flip-bits,truncate-file,misdirect-writes,lose-writes,wipe");
    assert_eq!(run[2], DAMAGE.join(","));
    let more = ["--fault-interval", "2s", "--op-timeout", "500ms"];
    let ended = netsplit.run(&[&run[..], &more].concat());
    assert!([0, 1].contains(&ended.code), "{}", ended.stdout);
    let struck = netsplit.faults();
    for name in DAMAGE {
        assert!(struck.iter().any(|it| it.fault == name), "{name} never struck");
    }
    assert!(struck.iter().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
    let hurt: BTreeSet<&String> = struck.iter().flat_map(|it| &it.nodes).collect();
    assert!(hurt.len() <= 2, "{hurt:?}");
}

#[test]
fn a_helix_damages_each_node_elsewhere() {
    let netsplit = Netsplit::new();
    let faults_of =
        ["run", "--faults", "flip-bits", "--time-limit", "10s", "--fault-interval", "2s"];
    let run = [&faults_of[..], &["--fault-target", "helix", "--fault-files", "log$"]].concat();
    netsplit.run(&run).exits(0);
    let struck = netsplit.faults();
    assert!(!struck.is_empty());
    for window in &struck {
        assert!(window.effective && window.nodes.len() == 5, "{window:?}");
        for (node, damage) in window.evidence["damage"].as_object().expect("nodes") {
            let node: u64 = node[1..].parse().expect("a number");
            for it in damage.as_array().expect("damage") {
                assert_eq!(it["at"].as_u64().expect("a place") / 512 % 5, node - 1, "{damage}");
            }
        }
    }
    let none = [&faults_of[..], &["--fault-files", "no-such-file"]].concat();
    netsplit.run(&none).exits(2).says("did not take effect");
    netsplit.run(&["run", "--faults", "pause", "--fault-target", "helix"]).says("can aim at that");
    netsplit.run(&["run", "--fault-files", "("]).exits(64).says("--fault-files");
}

#[test]
fn what_was_acknowledged_before_it_was_synced_is_lost_with_the_power() {
    let netsplit = Netsplit::new();
    let bug = readme("netsplit run --bug ack-before-fsync");
    netsplit.run(&bug).exits(1).says("VIOLATION").says("power-failure");
    assert!(netsplit.faults().iter().all(|it| it.effective && it.healed_ns.is_some()));
    // To die is not to lose power.
    netsplit
        .run(&[&bug[..], &["--faults", "kill", "--time-limit", "20s"]].concat())
        .exits(0)
        .says("PASS");
    // Who syncs first loses nothing, even of a disk that keeps some sectors and not others.
    let right = ["run", "--faults", "power-failure,torn-power-failure", "--time-limit", "20s"];
    netsplit.run(&right).exits(0).says("PASS");
    for window in netsplit.faults() {
        assert!(window.effective && window.healed_ns.is_some(), "{window:?}");
        for (node, lost) in window.evidence["lost"].as_object().expect("nodes") {
            assert!(lost["files"].as_u64() > Some(0), "{node}: {lost}");
        }
    }
}

#[test]
fn etcd_loses_nothing_with_the_power_unless_it_is_told_not_to_sync() {
    let netsplit = Netsplit::new();
    netsplit
        .run(&readme("netsplit run --system etcd --faults power-failure"))
        .exits(0)
        .says("PASS");
    #[rustfmt::skip] // On one line, so that it is found.
    let unsafe_run = readme("netsplit run --system etcd --faults power-failure --fault-target all --option unsafe_no_fsync=true");
    // It forgets what it acknowledged, or it does not even start any more.
    netsplit.run(&unsafe_run).exits(1).says("VIOLATION");
    netsplit.run(&["check", "latest"]).exits(1).says("VIOLATION");
}

#[test]
fn disks_that_garble_or_lie_are_seen_to() {
    let netsplit = Netsplit::new();
    let run = [
        "run",
        "--faults",
        "garbled-writes,lying-fsync",
        "--fault-interval",
        "2s",
        "--time-limit",
        "20s",
    ];
    // What it does to a system without checksums of its own is another matter.
    let ended = netsplit.run(&run);
    assert!([0, 1, 2].contains(&ended.code), "{}", ended.stdout);
    let struck = netsplit.faults();
    for name in ["garbled-writes", "lying-fsync"] {
        let mut of_name = struck.iter().filter(|it| it.fault == name);
        assert!(of_name.clone().count() > 0, "{name} never struck");
        assert!(of_name.all(|it| it.effective), "{struck:?}");
    }
    let elsewhere = ["run", "--faults", "slow-disk", "--nodes", "netns:a,netns:b,netns:c"];
    netsplit.run(&elsewhere).exits(75);
}

#[test]
fn garbled_packets_reach_the_application() {
    let netsplit = Netsplit::new();
    let run = ["run", "--faults", "garble", "--time-limit", "10s", "--fault-interval", "2s"];
    // What it does to a system without checksums of its own is another matter.
    let ended = netsplit.run(&run);
    assert!([0, 1].contains(&ended.code), "{}", ended.stdout);
    let struck = netsplit.faults();
    assert!(!struck.is_empty());
    assert!(struck.iter().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
}

#[test]
fn weather_is_on_every_link() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --weather wan");
    let more = ["--faults", "partition", "--time-limit", "10s", "--fault-interval", "2s"];
    netsplit.run(&[&command[..], &more].concat()).exits(0).says("PASS");
    let p50 = netsplit.result()["stats"]["service_ns"]["read"]["p50"].as_u64();
    // A majority is one node and two others, 40 ms away each way.
    assert!(p50 >= Some(80_000_000), "{p50:?}");
    netsplit.run(&["run", "--weather", "sunny"]).exits(64).says("there are lan, wan, awful");
    let elsewhere = ["run", "--weather", "lan", "--nodes", "netns:a,netns:b,netns:c"];
    netsplit.run(&elsewhere).exits(64).says("in the lab alone");
}
