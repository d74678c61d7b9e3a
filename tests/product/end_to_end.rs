//! Real runs in a real lab, as a user would start them.

use std::{
    fs,
    process::{Child, Command},
    time::Duration,
};

use crate::support::harness::{ALONE, Netsplit, eventually, processes_with, readme};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

/// Short, but long enough for every fault to strike.
const SHORT: [&str; 6] = ["--time-limit", "20s", "--fault-interval", "2s", "--op-timeout", "500ms"];

fn with(command: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    command.iter().chain(more).copied().collect()
}

/// What a pass must be made of.
fn assert_meaningful_pass(result: &Value) {
    assert_eq!(result["verdict"]["value"], "pass");
    assert!(result["stats"]["ops"]["ok"].as_u64() > Some(1_000), "{}", result["stats"]);
    let faults = result["faults"].as_array().expect("faults");
    for name in ["partition", "kill", "pause"] {
        let struck = faults.iter().filter(|f| f["fault"] == name);
        let proved = struck.clone().all(|f| f["effective"] == true && f["healed_ns"].is_u64());
        assert!(struck.count() > 0 && proved, "{name}: {faults:?}");
    }
    assert!(result["evidence"]["reads_after_heal"].as_u64() > Some(0));
}

#[test]
fn the_default_run_passes_and_means_it() {
    let netsplit = Netsplit::new();
    let command = readme("cargo run --release -- run --install-missing");
    netsplit.run(&with(&command, &SHORT)).exits(0).says("PASS").says("seed");
    assert_meaningful_pass(&netsplit.result());
    let run = fs::read_link(netsplit.results.path().join("results/latest")).expect("a link");
    assert!(!run.is_absolute(), "the link survives a move");
    for file in
        ["test.json", "history.jsonl", "schedule.json", "junit.xml", "report.html", "run.log"]
    {
        assert!(!netsplit.latest(file).is_empty(), "{file}");
    }
    let nodes = fs::read_dir(netsplit.results.path().join("results/latest/nodes")).expect("nodes");
    assert_eq!(nodes.count(), 5);
}

#[test]
fn packets_are_kept_where_they_are_asked_for() {
    let netsplit = Netsplit::new();
    let quiet = ["--faults", "none", "--time-limit", "5s"];
    netsplit.run(&with(&readme("netsplit run --tcpdump tcp"), &quiet)).exits(0);
    let nodes = netsplit.results.path().join("results/latest/nodes");
    for node in ["n1", "n2", "n3", "n4", "n5"] {
        let packets = |filter: &str| {
            let mut tcpdump = Command::new("tcpdump");
            tcpdump.arg("-nr").arg(nodes.join(node).join("traffic.pcap")).args(filter.split(' '));
            let output = tcpdump.output().expect("tcpdump runs");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8_lossy(&output.stdout).lines().count()
        };
        assert!(packets("tcp port 7000") > 100, "{node}");
        assert_eq!(packets("not tcp"), 0, "{node}");
    }
    let nonsense = ["run", "--tcpdump", "tcp nonsense"];
    netsplit.run(&with(&nonsense, &quiet)).exits(75).says("--tcpdump").says("nonsense");
    if nix::unistd::geteuid().is_root() {
        let ordinary = Netsplit::unprivileged();
        let run = with(&["run", "--tcpdump"], &quiet);
        ordinary.run(&run).exits(75).says("nothing can be captured on n1");
    }
    let noop = ["run", "--system", "noop", "--tcpdump"];
    netsplit.run(&noop).exits(64).says("sends no packets");
}

#[test]
fn an_ordinary_user_needs_no_rights() {
    let netsplit = Netsplit::unprivileged();
    netsplit.run(&with(&["run"], &SHORT)).exits(0).says("PASS");
    assert_meaningful_pass(&netsplit.result());
}

#[test]
fn a_run_ends_at_its_first_violation() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --bug read-one --fail-fast");
    let more = [&["--time-limit", "60s"][..], &ALONE].concat();
    netsplit.run(&with(&command, &more)).exits(1).says("ended at the first violation");
    assert!(netsplit.result()["stats"]["duration_ns"].as_u64() < Some(50_000_000_000));
}

#[test]
fn a_register_that_reads_one_replica_is_convicted() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --bug read-one");
    let more = [&["--time-limit", "10s"][..], &ALONE].concat();
    netsplit.run(&with(&command, &more)).exits(1).says("VIOLATION");
    let anomaly = &netsplit.result()["anomalies"][0];
    assert_eq!(anomaly["type"], "nonlinearizable");
    let file = anomaly["file"].as_str().expect("a sub-history");
    let path = netsplit.results.path().join("results/latest-failed").join(file);
    let path = path.to_str().expect("a path");
    // The exported sub-history alone convicts as well.
    netsplit.run(&["check", path, "--model", "register"]).exits(1);
    assert!(netsplit.latest("report.html").contains("VIOLATION"));
    assert!(netsplit.latest("junit.xml").contains("<failure"));
}

#[test]
fn a_register_that_does_not_write_back_is_convicted_by_its_recipe() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --bug no-write-back");
    netsplit.run(&with(&command, &["--time-limit", "30s"])).exits(1).says("VIOLATION");
}

#[test]
fn a_set_holds_and_a_set_read_from_one_replica_does_not() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --workload set");
    netsplit.run(&with(&command, &SHORT)).exits(0);
    let more = [&["--bug", "read-one", "--time-limit", "16s"][..], &ALONE].concat();
    netsplit.run(&with(&command, &more)).exits(1).says("VIOLATION");
}

#[test]
fn ids_are_the_tags_of_writes_and_no_two_are_the_same() {
    let netsplit = Netsplit::new();
    netsplit.run(&with(&["run", "--workload", "unique-ids"], &SHORT)).exits(0);
    assert_meaningful_pass(&netsplit.result());
    let short = ["--faults", "none", "--time-limit", "3s"];
    netsplit.run(&with(&["run", "--workload", "causal"], &short)).exits(0);
}

#[test]
fn etcd_passes_and_its_serializable_reads_do_not() {
    let netsplit = Netsplit::new();
    let command = readme("netsplit run --system etcd");
    netsplit.run(&with(&command, &SHORT)).exits(0);
    let result = netsplit.result();
    assert_meaningful_pass(&result);
    assert!(result["system"]["version"].is_string());
    let command = readme("netsplit run --system etcd --option serializable=true");
    let more = [&["--time-limit", "20s"][..], &ALONE].concat();
    netsplit.run(&with(&command, &more)).exits(1).says("VIOLATION");
}

#[test]
fn a_stored_run_is_judged_again_and_drawn_again() {
    let netsplit = Netsplit::new();
    netsplit.run(&["run", "--faults", "none", "--time-limit", "5s"]).exits(0);
    let page = netsplit.results.path().join("results/latest/report.html");
    netsplit.run(&readme("netsplit check latest")).exits(0).says("PASS");
    let exported = netsplit.run(&readme("netsplit export latest --to edn"));
    let again = ["check", "-", "--model", "register"];
    netsplit.run_with_input(&again, exported.exits(0).stdout.as_bytes()).exits(0).says("PASS");
    netsplit.run(&readme("netsplit report latest")).exits(0).says("report.html");
    fs::remove_file(&page).expect("the page");
    netsplit.run(&["report"]).exits(0);
    assert!(netsplit.latest("report.html").contains("PASS"));
    netsplit.run(&["list", "runs"]).exits(0).says("pass");
}

#[test]
fn a_paused_system_is_not_forgiven_the_calls_that_began_late() {
    let netsplit = Netsplit::new();
    let paused = ["run", "--faults", "pause", "--node-count", "1", "--fault-interval", "3s"];
    let load = ["--rate", "200", "--arrivals", "fixed", "--op-timeout", "300ms", "-c", "2"];
    netsplit.run(&[&paused[..], &load, &["--time-limit", "10s"]].concat());
    let stats = &netsplit.result()["stats"];
    let longest = |kind: &str| stats[kind]["read"]["max"].as_u64().expect("a latency");
    assert!(longest("service_ns") < 400_000_000, "no call outlives its deadline: {stats}");
    assert!(longest("latency_ns") > 1_000_000_000, "it waited while others did: {stats}");
    assert!(netsplit.latest("history.jsonl").contains("\"due\":"));
    assert!(netsplit.latest("report.html").contains("since they were due"));
}

#[test]
fn the_same_seed_plans_the_same_faults() {
    let planned = |seed: &'static str| -> Vec<(String, String)> {
        let netsplit = Netsplit::new();
        let arguments = ["run", "--seed", seed, "--time-limit", "6s", "--fault-interval", "1s"];
        netsplit.run(&arguments);
        let schedule: Value =
            serde_json::from_str(&netsplit.latest("schedule.json")).expect("JSON");
        let faults = schedule["faults"].as_array().expect("faults").clone();
        faults.iter().take(2).map(|f| (f["fault"].to_string(), f["target"].to_string())).collect()
    };
    let (first, again) = (planned("11"), planned("11"));
    assert!(!first.is_empty());
    assert_eq!(first, again);
}

#[test]
fn too_little_traffic_is_inconclusive() {
    let netsplit = Netsplit::new();
    let ended = netsplit.run(&["run", "--faults", "none", "--time-limit", "2s", "--rate", "5"]);
    ended.exits(2).says("INCONCLUSIVE").says("calls succeeded");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let pair = [Netsplit::new(), Netsplit::new()];
    let runs = pair.each_ref().map(|netsplit| netsplit.start(&with(&["run"], &SHORT)));
    for (run, netsplit) in runs.into_iter().zip(&pair) {
        let output = run.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        assert_meaningful_pass(&netsplit.result());
    }
}

#[test]
fn ctrl_c_heals_and_judges_what_there_is() {
    let netsplit = Netsplit::new();
    let child = netsplit.start(&["run", "--time-limit", "60s", "--fault-interval", "1s"]);
    assert!(eventually(Duration::from_secs(30), || has_struck(&netsplit)), "a fault strikes");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("a signal");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    let result = netsplit.result();
    assert_eq!(result["verdict"]["reason"], "interrupted");
    let healed = |f: &Value| f["effective"] == false || f["healed_ns"].is_u64();
    assert!(result["faults"].as_array().expect("faults").iter().all(healed), "{result}");
}

/// Whether a fault stands in the history of the one run.
fn has_struck(netsplit: &Netsplit) -> bool {
    if !netsplit.results.path().join("results").is_dir() {
        return false;
    }
    let history = netsplit.runs().first().map(|run| run.join("history.jsonl"));
    let text = history.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    text.contains(r#""effective":true"#)
}

/// What a run could leave behind on the host.
fn host() -> String {
    let says = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().expect("a command");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
    let links = says("ip", &["-o", "link"]);
    // Counters and comments change by themselves; what stands between them is rules.
    let is_rule = |line: &&str| line.starts_with("-A") || line.starts_with("-N");
    let rules = says("iptables", &["-S"]);
    let rules: Vec<&str> = rules.lines().filter(is_rule).collect();
    let namespaces = says("ip", &["netns"]);
    format!("{mounts}\n{links}\n{}\n{namespaces}", rules.join("\n"))
}

/// Kills a run's controller after a while; nothing of it may be left.
fn kill_after(netsplit: &Netsplit, wait: impl FnOnce(&Netsplit, &Child)) {
    let mark = format!("NETSPLIT_OUT={}", netsplit.results.path().join("results").display());
    let mut child = netsplit.start(&["run", "--time-limit", "60s", "--fault-interval", "1s"]);
    wait(netsplit, &child);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).expect("a signal");
    child.wait().expect("it is dead");
    let is_gone = eventually(Duration::from_secs(10), || processes_with(&mark).is_empty());
    assert!(is_gone, "processes are left: {:?}", processes_with(&mark));
}

#[test]
fn nothing_is_left_after_kill_9_at_any_moment() {
    let before = host();
    for wait_ms in [0, 5, 30, 100, 300, 700, 1_500] {
        let netsplit = Netsplit::new();
        kill_after(&netsplit, |_, _| std::thread::sleep(Duration::from_millis(wait_ms)));
        assert_eq!(before, host(), "after {wait_ms} ms");
    }
    let netsplit = Netsplit::new();
    kill_after(&netsplit, |netsplit, _| {
        assert!(eventually(Duration::from_secs(30), || has_struck(netsplit)), "a fault strikes");
    });
    assert_eq!(before, host());
    // What was recorded until then is a history.
    let run = &netsplit.runs()[0];
    let ended = netsplit.run(&["check", run.to_str().expect("a path")]);
    assert!([0, 2].contains(&ended.code), "{}\n{}", ended.stdout, ended.stderr);
    ended.says("did not come to its end");
    netsplit.run(&["heal"]).exits(0).says("nothing to undo");
}

#[test]
fn a_line_in_a_log_fails_a_run() {
    let netsplit = Netsplit::new();
    let run = ["run", "--faults", "none", "--time-limit", "4s", "--fail-on-log"];
    netsplit.run(&with(&run, &["no such line"])).exits(0);
    netsplit.run(&with(&run, &["listening on"])).exits(1).says("VIOLATION").says("of the logs");
    assert_eq!(netsplit.result()["anomalies"][0]["type"], "log-pattern");
    netsplit.run(&["check", "latest"]).exits(1).says("of the logs");
    netsplit.run(&with(&run, &["("])).exits(64).says("no regular expression");
}
