//! Every fault, in a real lab: proved, undone, and done again.
#[path = "support/harness.rs"]
mod harness;

use harness::{Netsplit, readme};
use netsplit::{nemesis, result::FaultWindow};

fn faults(netsplit: &Netsplit) -> Vec<FaultWindow> {
    let schedule: serde_json::Value =
        serde_json::from_str(&netsplit.latest("schedule.json")).expect("JSON");
    serde_json::from_value(schedule["faults"].clone()).expect("faults")
}

#[test]
fn every_fault_is_seen_to_strike_and_to_be_undone() {
    let netsplit = Netsplit::new();
    let more = ["--fault-interval", "2s", "--op-timeout", "500ms"];
    netsplit.run(&[&readme("netsplit run --faults all")[..], &more].concat()).exits(0).says("PASS");
    let struck = faults(&netsplit);
    for entry in nemesis::ALL.iter().filter(|entry| entry.in_all) {
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
    let first = faults(&netsplit);
    assert!(first.len() >= 2, "{first:?}");
    let again = readme("netsplit run --schedule results/latest/schedule.json");
    netsplit.run(&[&again[..], &more, &["--seed", "1"]].concat()).exits(0);
    let second = faults(&netsplit);
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
fn garbled_packets_reach_the_application() {
    let netsplit = Netsplit::new();
    let run = ["run", "--faults", "garble", "--time-limit", "10s", "--fault-interval", "2s"];
    // What it does to a system without checksums of its own is another matter.
    let ended = netsplit.run(&run);
    assert!([0, 1].contains(&ended.code), "{}", ended.stdout);
    let struck = faults(&netsplit);
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
