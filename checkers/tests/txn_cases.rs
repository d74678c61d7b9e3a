//! The stored transactional histories with verdicts from Elle, where they are at hand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use checkers::{
    Budget, Valid, Verdict,
    txn::{self, Assume, Options},
};
use rayon::prelude::*;
use serde::Deserialize;

#[path = "cases/stored.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod stored;

#[derive(Deserialize)]
struct Case {
    file: String,
    workload: String,
    #[serde(default)]
    options: BTreeSet<String>,
    elle: BTreeMap<String, Said>,
}

#[derive(Deserialize)]
struct Said {
    valid: serde_json::Value,
    anomaly_types: BTreeSet<String>,
}

/// Where several longest lists of a key contradict each other, one of them has to be taken for the
/// order of versions; which one is arbitrary, and here Elle took another.
const OTHER_ORDER_TAKEN: [&str; 3] =
    ["sim-la-prefix-s7.jsonl", "sim-la-prefix-s14.jsonl", "sim-la-reorder-s14.jsonl"];

fn judge(path: &Path, case: &Case, model: &str, search_orders: bool) -> Verdict {
    let assumes = |name: &str| case.options.contains(name);
    let assume = Assume {
        wfr_keys: assumes("wfr-keys"),
        sequential_keys: assumes("sequential-keys"),
        linearizable_keys: assumes("linearizable-keys"),
    };
    let options = Options { assume, search_orders, ..Options::new([model]).unwrap() };
    let checker = (txn::find(&case.workload).unwrap().build)(options);
    match stored::read(path) {
        Ok(history) => checker.check(&history, &Budget::unlimited()),
        Err(malformed) => Verdict::malformed(&malformed),
    }
}

/// What differs from what Elle said, if anything does.
fn difference(said: &Said, verdict: &Verdict) -> Option<String> {
    let valid = match verdict.valid {
        Valid::Valid => serde_json::Value::Bool(true),
        Valid::Invalid => serde_json::Value::Bool(false),
        Valid::Unknown => "unknown".into(),
    };
    if verdict.is_malformed() && said.valid == "unknown" {
        return None; // Ops without processes: here no history, there no transactions.
    }
    if said.valid == "error" {
        // Elle refuses histories that write a value twice.
        return (verdict.valid != Valid::Unknown).then(|| format!("{verdict:?}"));
    }
    let found: BTreeSet<String> = verdict.anomalies.iter().map(|a| a.name.clone()).collect();
    // Elle says so where it knows that there is a cycle, and did not find one it has a name for.
    let named = said.anomaly_types.iter().filter(|name| !name.ends_with("cycle-exists"));
    let missing: Vec<&String> = named.filter(|name| !found.contains(*name)).collect();
    (valid != said.valid || !missing.is_empty()).then(|| {
        format!("valid {valid}, Elle {}; missing {missing:?}; found {found:?}", said.valid)
    })
}

#[expect(clippy::print_stdout, reason = "says that it was skipped, and why")]
fn cases() -> Option<(PathBuf, Vec<Case>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases/txn");
    #[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
    let Ok(manifest) = std::fs::read(dir.join("manifest.json")) else {
        println!("skipped: no cases at hand");
        return None;
    };
    Some((dir, serde_json::from_slice(&manifest).unwrap()))
}

/// Right by construction.
fn is_right(case: &Case) -> bool {
    ["serial-", "stockfp-", "sim-rw-serial"].iter().any(|start| case.file.starts_with(start))
}

#[test]
fn a_search_convicts_whom_elle_convicts_and_nobody_who_is_right() {
    let Some((dir, cases)) = cases() else { return };
    let registers = cases.iter().filter(|case| case.workload == "rw-register");
    let asked: Vec<_> = registers
        .flat_map(|case| case.elle.iter().map(move |(model, said)| (case, model, said)))
        .collect();
    let decided: Vec<[bool; 3]> = asked
        .par_iter()
        .map(|(case, model, said)| {
            let verdict = judge(&dir.join(&case.file), case, model, true);
            let is_convicted = verdict.valid == Valid::Invalid;
            assert!(said.valid != false || is_convicted, "{} {model}", case.file);
            assert!(!(is_right(case) && is_convicted), "{} {model}: {verdict:#?}", case.file);
            let is_more = said.valid == true && is_convicted;
            [is_right(case), is_more, verdict.valid == Valid::Unknown && said.valid == true]
        })
        .collect();
    let count = |which: usize| decided.iter().filter(|is| is[which]).count();
    assert!(count(0) >= 100, "{} are right", count(0));
    // Elle had to let these pass, and nothing is left open that was not open to it.
    assert!(count(1) >= 20, "{} more are convicted", count(1));
    assert_eq!(count(2), 0, "are left open");
}

#[test]
fn no_verdict_differs_from_elles() {
    let Some((dir, cases)) = cases() else { return };
    let known = cases.iter().filter(|case| txn::find(&case.workload).is_some());
    let asked: Vec<_> = known
        .flat_map(|case| case.elle.iter().map(move |(model, said)| (case, model, said)))
        .collect();
    assert!(asked.len() >= 1000, "{}", asked.len());
    let differences: Vec<String> = asked
        .par_iter()
        .filter_map(|(case, model, said)| {
            let verdict = judge(&dir.join(&case.file), case, model, false);
            if OTHER_ORDER_TAKEN.contains(&case.file.as_str()) {
                let is_judged = verdict.valid == Valid::Invalid || *model == "read-uncommitted";
                return (!is_judged).then(|| format!("{} {model}: {verdict:?}", case.file));
            }
            difference(said, &verdict).map(|what| format!("{} {model}: {what}", case.file))
        })
        .collect();
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
}
