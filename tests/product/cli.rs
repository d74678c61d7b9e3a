//! What the command says and how it exits, without a cluster.

use std::{fs, os::unix::fs::symlink};

use crate::support::harness::{Netsplit, readme};

const WRITE: &str = r#"{"index":0,"time":1,"process":0,"type":"invoke","f":"write","value":1}
{"index":1,"time":2,"process":0,"type":"ok","f":"write","value":1}
"#;
const STALE: &str = r#"{"index":2,"time":3,"process":1,"type":"invoke","f":"read"}
{"index":3,"time":4,"process":1,"type":"ok","f":"read","value":null}
"#;
const FRESH: &str = r#"{"index":2,"time":3,"process":1,"type":"invoke","f":"read"}
{"index":3,"time":4,"process":1,"type":"ok","f":"read","value":1}
"#;

#[track_caller]
fn check(text: impl AsRef<[u8]>, code: i32, says: &str) {
    let netsplit = Netsplit::new();
    fs::write(netsplit.results.path().join("history.jsonl"), text).expect("a file");
    let command = readme("netsplit check history.jsonl --model register");
    netsplit.run(&command).exits(code).says(says);
}

#[test]
fn a_bare_history_is_judged() {
    check(format!("{WRITE}{FRESH}"), 0, "PASS");
    check(format!("{WRITE}{STALE}"), 1, "VIOLATION");
}

#[test]
fn less_than_linearizability_may_be_demanded() {
    let netsplit = Netsplit::new();
    let stale = format!("{WRITE}{STALE}");
    fs::write(netsplit.results.path().join("history.jsonl"), stale).expect("a file");
    let command = readme("netsplit check history.jsonl --model register --consistency sequential");
    netsplit.run(&command).exits(0).says("PASS");
    let check = |model: &str, level: &str| {
        netsplit.run(&["check", "history.jsonl", "--model", model, "--consistency", level])
    };
    check("register", "linearizable").exits(1);
    check("register", "sessions").exits(0);
    check("register", "serial").exits(64).says("there are linearizable, sequential");
    check("kv", "sessions").exits(64).says("known are linearizable, sequential");
    netsplit.run(&["list", "levels"]).exits(0).says("monotonic-reads");
}

#[test]
fn a_verdict_is_proved_and_the_proof_is_verified() {
    let netsplit = Netsplit::new();
    let file = |name: &str| netsplit.results.path().join(name);
    let check = readme("netsplit check history.jsonl --model register --certificate proof.json");
    let verify = readme("netsplit verify proof.json history.jsonl --model register");
    for (rows, code, says) in [(FRESH, 0, "valid     1"), (STALE, 1, "invalid   1")] {
        fs::write(file("history.jsonl"), format!("{WRITE}{rows}")).expect("a file");
        netsplit.run(&check).exits(code);
        netsplit.run(&verify).exits(code).says(says);
    }
    let other = ["verify", "proof.json", "history.jsonl", "--model", "kv"];
    netsplit.run(&other).exits(64).says("speaks of --model register");
    // The answers that contradict each other in one history do not in another.
    fs::write(file("history.jsonl"), format!("{WRITE}{FRESH}")).expect("a file");
    netsplit.run(&verify).exits(64).says("does not hold");
    fs::write(file("proof.json"), "{}").expect("a file");
    netsplit.run(&verify).exits(64).says("no certificate");
}

#[test]
fn what_is_no_history_is_refused_with_line_and_cause() {
    check("", 64, "line 1: the history is empty");
    check(&WRITE[..100], 64, "line 2: the line ends in the middle");
    check(
        WRITE.replace("\"process\":0,\"type\":\"ok\"", "\"process\":7,\"type\":\"ok\""),
        64,
        "line 2",
    );
    check(b"\x7fELF\x02\x01\xff\xfe", 64, "line 1");
    check(WRITE.replace("write", "fly"), 64, "line 1");
    check("not json\n", 64, "line 1");
}

#[test]
fn a_torn_history_is_judged_when_asked() {
    let netsplit = Netsplit::new();
    let torn = format!("{WRITE}{FRESH}{}", &WRITE[..20]);
    fs::write(netsplit.results.path().join("h.jsonl"), torn).expect("a file");
    netsplit.run(&["check", "h.jsonl", "--model", "register"]).exits(64).says("--allow-torn");
    let arguments = ["check", "h.jsonl", "--model", "register", "--allow-torn"];
    netsplit.run(&arguments).exits(0).says("line 5 is torn");
}

#[test]
fn standard_input_is_a_history_too_and_json_is_result_json() {
    let netsplit = Netsplit::new();
    let arguments = ["check", "-", "--model", "cas-register", "--format", "json"];
    let ended = netsplit.run_with_input(&arguments, format!("{WRITE}{STALE}").as_bytes());
    ended.exits(1);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON alone");
    assert_eq!(result["verdict"]["value"], "fail");
    assert_eq!(result["verdict"]["exit_code"], 1);
    let schema = netsplit.run(&readme("netsplit schema result")).exits(0).stdout.clone();
    let schema = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&result).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    // The schema refuses what it should, or it would prove nothing.
    let mut wrong = result;
    wrong["verdict"]["value"] = "fine".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn transactions_are_held_to_the_models_asked_for() {
    let netsplit = Netsplit::new();
    let op = |process: u32, kind: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :txn, :value {value}}}\n")
    };
    let skew = [
        op(0, "invoke", "[[:append :x 1] [:r :y nil]]"),
        op(1, "invoke", "[[:append :y 1] [:r :x nil]]"),
        op(0, "ok", "[[:append :x 1] [:r :y nil]]"),
        op(1, "ok", "[[:append :y 1] [:r :x []]]"),
    ];
    fs::write(netsplit.results.path().join("history.edn"), skew.concat()).expect("a file");
    let weaker =
        readme("netsplit check history.edn --workload append --consistency snapshot-isolation");
    netsplit.run(&weaker).exits(0).says("PASS");
    let strict = ["check", "history.edn", "--workload", "append", "--format", "json"];
    let ended = netsplit.run(&strict);
    ended.exits(1);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON alone");
    assert_eq!(result["anomalies"][0]["type"], "G2-item");
    assert_eq!(result["anomalies"][0]["figure"]["cycle"][0]["kind"], "rw");
    assert_eq!(result["properties"][0]["details"]["not"][0], "repeatable-read");
    netsplit.run(&[&strict[..], &["--anomalies", "found"]].concat()).exits(1);
    let text = fs::read_to_string(netsplit.results.path().join("found/G2-item.txt"));
    let text = text.expect("a text for the type");
    for said in ["It rules out", "T1 = op 0 of process 0: ", "T2 before T1 (rw): op 1 read x as []"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let unheard = ["check", "history.edn", "--workload", "append", "--consistency", "fine"];
    netsplit.run(&unheard).exits(64).says("list consistency-models");
    netsplit
        .run(&readme("netsplit list consistency-models"))
        .exits(0)
        .says("strong-serializable (strict-serializable");
}

#[test]
fn registers_are_ordered_by_what_is_taken_for_granted() {
    let netsplit = Netsplit::new();
    let op = |process: u32, kind: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :txn, :value {value}}}\n")
    };
    let stale = [
        op(0, "invoke", "[[:w :x 1]]"),
        op(0, "ok", "[[:w :x 1]]"),
        op(0, "invoke", "[[:w :x 2] [:w :y 1]]"),
        op(0, "ok", "[[:w :x 2] [:w :y 1]]"),
        op(1, "invoke", "[[:r :y nil] [:r :x nil]]"),
        op(1, "ok", "[[:r :y 1] [:r :x 1]]"),
    ];
    fs::write(netsplit.results.path().join("history.edn"), stale.concat()).expect("a file");
    let bare = ["check", "history.edn", "--workload", "rw-register", "--consistency"];
    let serializable = |more: &[&str]| {
        netsplit.run(&[&bare[..], &["serializable", "--format", "json"], more].concat())
    };
    serializable(&[]).exits(0);
    let strict = readme("netsplit check history.edn --workload rw-register --search-orders");
    netsplit.run(&strict).exits(1).says("no-snapshot-order-realtime, there is no order");
    let ended = serializable(&["--sequential-keys"]);
    ended.exits(1);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON alone");
    assert_eq!(result["anomalies"][0]["type"], "G-single-item");
    let granted = readme("netsplit check history.edn --workload rw-register --linearizable-keys");
    netsplit
        .run(&granted)
        .exits(1)
        .says("cyclic-versions: of the versions of x, 2 came before 1, since op 2");
    let lists = ["check", "history.edn", "--workload", "append", "--wfr-keys"];
    netsplit.run(&lists).exits(64).says("not the versions of append");
}

#[test]
fn an_initial_value_counts() {
    let netsplit = Netsplit::new();
    let read = STALE.replace("null", "0");
    fs::write(netsplit.results.path().join("h.jsonl"), read).expect("a file");
    netsplit.run(&["check", "h.jsonl", "--model", "register"]).exits(1);
    netsplit.run(&["check", "h.jsonl", "--model", "register", "--init", "0"]).exits(0);
}

#[test]
fn wrong_words_are_refused_with_the_right_ones() {
    let netsplit = Netsplit::new();
    let refused = |arguments: &[&str], says: &str| {
        netsplit.run(arguments).exits(64).says(says);
    };
    refused(&["run", "--system", "oracle"], "there are quorum, lease, etcd");
    refused(&["run", "--bug", "gremlins"], "read-one");
    refused(&["run", "--workload", "tpcc"], "register");
    refused(&["run", "--system", "quorum", "--workload", "lease"], "answered by lease, etcd, noop");
    refused(&["run", "--faults", "meteor"], "partition");
    refused(&["run", "--partition", "quarters"], "halves");
    refused(&["run", "--time-limit", "soon"], "90s");
    refused(&["run", "--concurrency", "0"], "between 1");
    refused(&["run", "--option", "colour=red"], "colour");
    refused(&["run", "--fly"], "--fly");
    refused(&["run", "--nodes", "n1"], "ssh:USER@HOST");
    refused(&["run", "--nodes", "ssh:n1", "--ssh-config", "nowhere"], "--ssh-config nowhere");
    refused(&["check", "nowhere"], "nowhere");
    refused(&["check", "/dev/null"], "--model");
    refused(&["check", "/dev/null", "--model", "abacus"], "cas-register");
    refused(&[], "Usage");
}

#[test]
fn nodes_that_do_not_exist_are_an_infrastructure_failure() {
    let netsplit = Netsplit::new();
    netsplit.run(&["run", "--nodes", "netns:nowhere-to-be-found"]).exits(75).says("nowhere-to");
    assert_eq!(netsplit.result()["verdict"]["value"], "error");
}

#[test]
fn without_etcd_one_sentence_says_what_to_type() {
    let netsplit = Netsplit::new();
    // A search path with everything but etcd.
    let path = netsplit.results.path().join("bin");
    fs::create_dir(&path).expect("a directory");
    for program in ["ip", "iptables"] {
        let found = netsplit::doctor::find(program).expect(program);
        symlink(found, path.join(program)).expect("a link");
    }
    let netsplit = netsplit.env("PATH", path.to_str().expect("a path"));
    let ended = netsplit.run(&["run", "--system", "etcd"]);
    ended.exits(75).says("etcd is not installed").says("apt-get install etcd-server");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    netsplit.run(&readme("netsplit doctor")).exits(0).says("MISS etcd");
}

#[test]
fn help_starts_with_examples() {
    let netsplit = Netsplit::new();
    for arguments in [&["--help"][..], &["run", "--help"], &["check", "--help"]] {
        let ended = netsplit.run(arguments);
        assert!(ended.exits(0).stdout.trim_start().starts_with("Examples:"), "{arguments:?}");
    }
    netsplit.run(&["--version"]).exits(0).says("netsplit");
}

#[test]
fn what_there_is_is_listed() {
    let netsplit = Netsplit::new();
    let ended = netsplit.run(&readme("netsplit list"));
    for word in ["quorum", "etcd", "read-one", "register", "set", "partition", "majorities-ring"] {
        ended.exits(0).says(word);
    }
    netsplit.run(&["completions", "bash"]).exits(0).says("complete");
}

#[test]
fn a_workload_judges_a_bare_history_as_it_would_a_run() {
    let netsplit = Netsplit::new();
    let op = |kind: &str, value: &str| {
        format!("{{:process 0, :type :{kind}, :f :read, :value {value}}}\n")
    };
    let read = [op("invoke", "nil"), op("ok", "{0 60, 1 30}")].concat();
    fs::write(netsplit.results.path().join("history.edn"), read).expect("a file");
    let bank = ["check", "history.edn", "--workload", "bank"];
    netsplit.run(&bank).exits(1).says("wrong-total");
    let smaller = readme("netsplit check history.edn --workload bank --init 0=45,1=45");
    netsplit.run(&smaller).exits(0).says("PASS");
    netsplit.run(&[&bank[..], &["--init", "x"]].concat()).exits(64).says("accounts such as");
    let held = [&bank[..], &["--consistency", "serializable"]].concat();
    netsplit.run(&held).exits(64).says("leave out --consistency");
    let unheard = ["check", "history.edn", "--workload", "casino"];
    netsplit.run(&unheard).exits(64).says("there are append, rw-register");
}

#[test]
fn versions_that_the_database_numbers_are_in_that_order() {
    let netsplit = Netsplit::new();
    let op = |process: u32, kind: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :txn, :value {value}}}\n")
    };
    let text = |number: u32| {
        [
            op(0, "invoke", "[[:w :x 1] [:w :y 1]]"),
            op(1, "invoke", "[[:w :x 2] [:w :y 2]]"),
            op(0, "ok", "[[:w :x 1 17] [:w :y 1 17]]"),
            op(1, "ok", &format!("[[:w :x 2 18] [:w :y 2 {number}]]")),
        ]
        .concat()
    };
    let path = netsplit.results.path().join("history.edn");
    let check = ["check", "history.edn", "--workload", "rw-register"];
    fs::write(&path, text(18)).expect("a file");
    netsplit.run(&check).exits(0).says("PASS");
    fs::write(&path, text(16)).expect("a file");
    netsplit.run(&check).exits(1).says("G0").says("numbered them 16");
}

#[test]
fn who_asks_by_predicate_is_told_what_it_should_have_found() {
    let netsplit = Netsplit::new();
    let op = |process: u32, kind: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :txn, :value {value}}}\n")
    };
    let skew = [
        op(0, "invoke", "[[:rp :true nil] [:insert :x 1]]"),
        op(1, "invoke", "[[:rp [:mod 2 1] nil] [:insert :y 1]]"),
        op(0, "ok", "[[:rp :true {}] [:insert :x 1]]"),
        op(1, "ok", "[[:rp [:mod 2 1] {}] [:insert :y 1]]"),
    ];
    fs::write(netsplit.results.path().join("history.edn"), skew.concat()).expect("a file");
    let check = ["check", "history.edn", "--workload", "closed-predicate", "--consistency"];
    netsplit.run(&[&check[..], &["repeatable-read"]].concat()).exits(0).says("PASS");
    let ended = netsplit.run(&[&check[..], &["serializable", "--format", "json"]].concat());
    ended.exits(1);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON alone");
    assert_eq!(result["anomalies"][0]["type"], "G2");
    assert_eq!(result["anomalies"][0]["figure"]["cycle"][0]["kind"], "rwp");
}
