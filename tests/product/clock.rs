//! Clocks that are wrong for some processes, and right for everybody else.

use std::{
    process::Command,
    time::{Duration, Instant, SystemTime},
};

use crate::support::{
    harness::{Netsplit, eventually, processes_with, readme},
    machine::{Machine, killed_during, mark},
    vdso::lied_to,
};
use netsplit::{clock::Skew, result::FaultWindow};

const NETSPLIT: &str = env!("CARGO_BIN_EXE_netsplit");
const CLOCKS: &str = "clock-bump,clock-drift,clock-strobe";

fn now() -> SystemTime {
    SystemTime::now()
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

/// What a program prints whose clock is wrong by so much.
fn told(skew: &Skew, argv: &[&str]) -> String {
    let skew = serde_json::to_string(skew).expect("JSON");
    let output = Command::new(NETSPLIT).args(["clock", "run", &skew, "--"]).args(argv).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_program_sees_a_wrong_clock_whichever_way_it_asks() {
    let skew = Skew { base_ns: 1, ..("-3600000ms".parse().expect("a skew")) };
    // By clock_gettime, gettimeofday and time.
    for (argv, unit) in [
        (&["date", "+%s.%N"][..], 0.01),
        (&["bash", "-c", "echo $EPOCHREALTIME"], 0.01),
        (&["bash", "-c", "printf '%(%s)T'"], 1.0),
    ] {
        let before = seconds(now()) - 3600.0;
        let told: f64 = told(&skew, argv).trim().parse().expect("a time");
        let after = seconds(now()) - 3600.0;
        assert!(
            (before - unit..=after + unit).contains(&told),
            "{argv:?}: {before} {told} {after}"
        );
    }
    // What a program starts is another program.
    let child: f64 = told(&skew, &["sh", "-c", "date +%s; :"]).trim().parse().expect("a time");
    assert!((seconds(now()) - child).abs() < 60.0, "{child}");
}

#[test]
fn a_program_that_does_not_exist_is_said_to() {
    let skew = serde_json::to_string(&Skew::default()).expect("JSON");
    let output =
        Command::new(NETSPLIT).args(["clock", "run", &skew, "--", "no-such-program"]).output();
    let output = output.expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-program"));
}

/// How far the wall clock is from one that nobody can set: constant as long as nobody sets it.
fn epoch(since: Instant) -> f64 {
    seconds(now()) - since.elapsed().as_secs_f64()
}

#[test]
fn nodes_whose_clocks_lie_are_seen_to_and_the_machines_clock_is_left_alone() {
    let start = Instant::now();
    let before = epoch(start);
    let netsplit = Netsplit::new();
    let more = ["--time-limit", "24s", "--fault-interval", "2s"];
    let run = readme("netsplit run --faults clock-bump,clock-drift,clock-strobe");
    netsplit.run(&[&run[..], &more].concat()).exits(0).says("PASS");
    let struck = netsplit.faults();
    for name in CLOCKS.split(',') {
        let of_name = struck.iter().filter(|it| it.fault == name);
        assert!(of_name.clone().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
        assert!(of_name.count() > 0, "{name}: {struck:?}");
    }
    for window in &struck {
        for node in &window.nodes {
            assert_eq!(
                window.evidence["after"][node]["ahead_ms"][0].as_f64().map(f64::round),
                Some(0.0)
            );
        }
    }
    let page = netsplit.latest("report.html");
    let drawn = page.matches("<polygon class=\"offset\"").count();
    assert_eq!(drawn, struck.iter().map(|window| window.nodes.len()).sum::<usize>());
    let moved = epoch(start) - before;
    assert!(moved.abs() < 0.1, "the machine's clock was moved by {moved} s");
    // Once more they may take longer.
    let again = ["run", "--schedule", "results/latest/schedule.json", "--time-limit", "40s"];
    netsplit.run(&again).exits(0);
    let hurt =
        |faults: &[FaultWindow]| -> Vec<_> { faults.iter().map(|it| it.hurt.clone()).collect() };
    assert_eq!(hurt(&netsplit.faults()), hurt(&struck), "they lie in the same way");
}

#[test]
fn what_is_started_on_a_node_whose_clock_lies_is_lied_to_as_well() {
    let netsplit = Netsplit::new();
    let schedule = r#"{"faults": [
        {"id": 0, "fault": "clock-bump", "target": "one", "hurt": {"n1": "+60000ms"}, "nodes": ["n1"],
         "planned_ns": 1000000000, "injected_ns": 1000000000, "healing_ns": 7000000000, "effective": true,
         "evidence": {}},
        {"id": 1, "fault": "kill", "target": "one", "hurt": ["n1"], "nodes": ["n1"],
         "planned_ns": 3000000000, "injected_ns": 3000000000, "healing_ns": 4000000000, "effective": true,
         "evidence": {}}]}"#;
    std::fs::write(netsplit.results.path().join("schedule.json"), schedule).expect("a file");
    let run = ["run", "--schedule", "schedule.json", "--time-limit", "10s"];
    netsplit.run(&run).exits(0);
    let struck = netsplit.faults();
    let at_end = &struck[0].evidence["at_end"]["n1"];
    assert_eq!((at_end["fits"].as_bool(), at_end["processes"].as_u64()), (Some(true), Some(1)));
    assert_eq!(at_end["ahead_ms"][0].as_f64().map(f64::round), Some(60_000.0));
    assert!(struck.iter().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
}

#[test]
fn clocks_that_a_dead_controller_left_wrong_are_put_right() {
    let machine = Machine::new();
    let netsplit = Netsplit::new().inside(machine.prefix());
    let nodes = "netns:m1,netns:m2,netns:m3";
    killed_during(&netsplit, &["--nodes", nodes], "clock-bump");
    assert!(!lied_to(&processes_with(&mark(&netsplit))).is_empty(), "clocks are wrong");
    netsplit.run(&["heal"]).exits(0).says("the clocks of 1 processes are right");
    let is_gone =
        eventually(Duration::from_secs(5), || processes_with(&mark(&netsplit)).is_empty());
    assert!(is_gone, "the system is stopped");
}
