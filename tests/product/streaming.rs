//! Histories larger than the memory for judging, as a user has them judged.

use std::{fmt::Write as _, fs, io::Write as _};

use crate::support::harness::{Ended, Netsplit};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const MODEL: [&str; 4] = ["--model", "register", "--format", "json"];

/// Writes and reads of 50 keys by 5 processes, each process done before the next begins; at some
/// round, a read of what was overwritten.
fn history(rounds: u32, stale: Option<u32>) -> String {
    let mut text = String::new();
    let mut index = 0;
    let mut op = |process: u32, kind: &str, f: &str, key: u32, value: String| {
        writeln!(
            text,
            "{{\"index\":{index},\"time\":{index},\"process\":{process},\"type\":\"{kind}\",\
             \"f\":\"{f}\",\"key\":{key},\"value\":{value}}}"
        )
        .expect("it is written");
        index += 1;
    };
    for round in 1..=rounds {
        for key in 0..50 {
            let (writer, reader) = ((key + round) % 5, (key + 2 * round + 1) % 5 + 5);
            let seen = if stale == Some(round) && key == 7 { round - 3 } else { round };
            op(writer, "invoke", "write", key, round.to_string());
            op(writer, "ok", "write", key, round.to_string());
            op(reader, "invoke", "read", key, "null".into());
            op(reader, "ok", "read", key, seen.to_string());
        }
    }
    text
}

fn json(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}", ended.stderr))
}

#[test]
fn a_history_larger_than_the_memory_for_judging_is_judged_bit_by_bit() {
    let netsplit = Netsplit::new();
    let text = history(2_000, None);
    let memory = text.len() as u64 / 8;
    assert!(text.len() > 30_000_000);
    fs::write(netsplit.results.path().join("h.jsonl"), &text).expect("a file");
    let limit = memory.to_string();
    let arguments = [&["check", "h.jsonl", "--check-memory", &limit], &MODEL[..]].concat();
    let result = json(netsplit.run(&arguments).exits(0));
    let details = &result["properties"][0]["details"];
    assert_eq!(details["streamed"], true, "{result}");
    assert_eq!(result["stats"]["ops"]["total"], 200_000);
    assert_eq!(result["evidence"]["ops_ok"], 200_000);
    let held = details["windows_bytes_max"].as_u64().expect("a number");
    assert!(held > 0 && held < memory, "{held} of {memory}");
}

#[test]
fn what_is_judged_bit_by_bit_is_found_where_it_is_however_it_comes() {
    let netsplit = Netsplit::new();
    let text = history(400, Some(333));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).expect("it packs");
    let gzip = gzip.finish().expect("it packs");
    let zstd = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let whole = netsplit.run_with_input(&[&["check", "-"], &MODEL[..]].concat(), text.as_bytes());
    let culprit = |ended: &Ended| json(ended)["anomalies"][0]["figure"]["ops"]["culprit"].clone();
    let culprit_of_whole = culprit(whole.exits(1));
    for bytes in [text.into_bytes(), gzip, zstd] {
        let few = ["check", "-", "--stream", "--check-memory", "1M"];
        let ended = netsplit.run_with_input(&[&few[..], &MODEL[..]].concat(), &bytes);
        let result = json(ended.exits(1));
        assert_eq!(culprit(&ended), culprit_of_whole);
        assert_eq!(result["anomalies"][0]["key"], 7);
        assert_eq!(result["properties"][0]["details"]["streamed"], true);
    }
}

#[test]
fn a_violation_found_bit_by_bit_is_drawn() {
    let netsplit = Netsplit::new();
    let arguments = ["check", "-", "--model", "register", "--stream", "--check-memory", "1M"];
    let ended = netsplit.run_with_input(&arguments, history(400, Some(333)).as_bytes());
    ended.exits(1).says("read -> 330").says("bit by bit");
}

#[test]
fn what_cannot_be_judged_bit_by_bit_is_refused() {
    let netsplit = Netsplit::new();
    let edn = "{:process 0, :type :invoke, :f :read, :value nil}\n";
    let arguments = ["check", "-", "--model", "register", "--stream"];
    netsplit.run_with_input(&arguments, edn.as_bytes()).exits(64).says("JSON Lines alone");
    let torn = format!("{}{{\"index\":", history(2, None));
    let ended = netsplit.run_with_input(&arguments, torn.as_bytes());
    ended.exits(64).says("line 401: the line ends in the middle").says("--allow-torn");
    let forgiving = [&arguments[..], &["--allow-torn"]].concat();
    netsplit.run_with_input(&forgiving, torn.as_bytes()).exits(0).says("line 401 is torn");
}
