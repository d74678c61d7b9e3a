//! Histories of other tools, packed or not, from a file or a pipe: `check` and `export`.

use std::{fs, io::Write};

use crate::support::harness::Netsplit;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const EDN: &str = "#jepsen.history.Op{:process 0, :type :invoke, :f :write, :value [3 1]}
{:process 0, :type :ok, :f :write, :value [3 1]}
{:process 1, :type :invoke, :f :read, :value [3 nil]}
{:process 1, :type :ok, :f :read, :value [3 1]}
";

fn stale() -> String {
    EDN.replace(":read, :value [3 1]", ":read, :value [3 nil]")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("it packs");
    encoder.finish().expect("it packs")
}

fn zstd(text: &str) -> Vec<u8> {
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

#[test]
fn a_history_of_jepsens_is_judged_however_it_is_packed() {
    let netsplit = Netsplit::new();
    for (text, code) in [(EDN.to_owned(), 0), (stale(), 1)] {
        for bytes in [text.clone().into_bytes(), gzip(&text), zstd(&text)] {
            // The name says nothing: the content does.
            fs::write(netsplit.results.path().join("history"), &bytes).expect("a file");
            let model = ["--model", "cas-register"];
            netsplit.run(&[&["check", "history"], &model[..]].concat()).exits(code);
            netsplit.run_with_input(&[&["check", "-"], &model[..]].concat(), &bytes).exits(code);
        }
    }
}

#[test]
fn porcupines_logs_are_judged() {
    let netsplit = Netsplit::new();
    let etcd = "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t4\n";
    let arguments = ["check", "-", "--model", "cas-register"];
    netsplit.run_with_input(&arguments, etcd.as_bytes()).exits(1).says("read");
    let kv = r#"{:process 0, :type :invoke, :f :get, :key "5", :value nil}
{:process 0, :type :ok, :f :get, :key "5", :value ""}"#;
    netsplit.run_with_input(&["check", "-", "--model", "kv"], kv.as_bytes()).exits(0);
}

#[test]
fn where_the_keys_are_can_be_said() {
    let netsplit = Netsplit::new();
    let check = |keys: &str| {
        let arguments = ["check", "-", "--model", "register", "--keys", keys];
        netsplit.run_with_input(&arguments, EDN.as_bytes()).code
    };
    assert_eq!((check("auto"), check("independent"), check("none")), (0, 0, 0));
    let plain = EDN.replace("[3 1]", "1").replace("[3 nil]", "nil");
    let arguments = ["check", "-", "--model", "register", "--keys", "independent"];
    netsplit.run_with_input(&arguments, plain.as_bytes()).exits(64).says("line 1: 1 is no pair");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let netsplit = Netsplit::new();
    let refused = |bytes: &[u8], says: &str| {
        let arguments = ["check", "-", "--model", "register"];
        netsplit.run_with_input(&arguments, bytes).exits(64).says(says);
    };
    refused(b"plain words", "known are JSON Lines");
    refused(EDN.replace(":ok, :f :read", ":so, :f :read").as_bytes(), "line 4");
    refused(EDN.trim_end().trim_end_matches('}').as_bytes(), "--allow-torn");
    refused(&gzip(EDN)[..40], "failed to unpack");
    refused(&zstd(EDN)[..20], "standard input");
}

#[test]
fn a_history_goes_to_jepsen_and_back() {
    let netsplit = Netsplit::new();
    let path = |name: &str| netsplit.results.path().join(name);
    fs::write(path("history.edn.gz"), gzip(EDN)).expect("a file");
    let ours = netsplit.run(&["export", "history.edn.gz"]).exits(0).stdout.clone();
    assert!(ours.starts_with(r#"{"index":0,"process":0,"type":"invoke","f":"write","key":3,"#));
    assert_eq!(ours.lines().count(), 4);
    let ended = netsplit.run_with_input(&["export", "-", "--to", "edn"], ours.as_bytes());
    ended.exits(0).says(":type :invoke, :f :read, :value [3 nil]}");
    let back =
        netsplit.run_with_input(&["export", "-"], ended.stdout.as_bytes()).exits(0).stdout.clone();
    assert_eq!(back, ours);
    netsplit.run(&["export", "nowhere"]).exits(64).says("nowhere");
}
