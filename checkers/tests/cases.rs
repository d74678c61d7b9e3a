//! The stored histories with verdicts from independent oracles, where they are at hand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use checkers::{Budget, Checker, Valid, Verdict, model, set};
use rayon::prelude::*;
use serde::Deserialize;

#[path = "cases/stored.rs"]
mod stored;

use stored::history;

#[derive(Deserialize)]
struct Case {
    file: String,
    model: String,
    init: Option<String>,
    valid: Option<bool>,
}

/// Looks at the budget before a search gives up; each stands for a thousand steps.
const POLLS_MAX: u64 = 20_000;
const BYTES_MAX: u64 = 2 << 30;

fn cases() -> Option<(PathBuf, Vec<Case>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases/lin");
    #[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
    let manifest = std::fs::read(dir.join("manifest.json")).ok()?;
    Some((dir, serde_json::from_slice(&manifest).unwrap()))
}

fn budget() -> Budget {
    let polls = AtomicU64::new(0);
    Budget::new(BYTES_MAX, move || polls.fetch_add(1, Ordering::Relaxed) > POLLS_MAX)
}

fn judge(dir: &Path, case: &Case) -> Verdict {
    let entry = model::find(&case.model).unwrap();
    let checker = (entry.build)(case.init.as_deref()).unwrap();
    checker.check(&history(&dir.join(&case.file)), &budget())
}

#[test]
#[expect(clippy::print_stdout, reason = "says that it was skipped, and why")]
fn no_verdict_differs_from_the_oracles() {
    let Some((dir, cases)) = cases() else {
        println!("skipped: no cases at hand");
        return;
    };
    let judged: Vec<_> = cases.par_iter().map(|case| (case, judge(&dir, case))).collect();
    for (case, verdict) in judged {
        let file = case.file.as_str();
        match verdict.valid {
            Valid::Unknown => {
                println!("undecided: {file}: {}", verdict.why().unwrap());
                assert_eq!(case.valid, None, "{file}: {:?}", verdict.details);
            }
            Valid::Valid => assert_ne!(case.valid, Some(false), "{file}"),
            Valid::Invalid => assert_ne!(case.valid, Some(true), "{file}: {verdict:?}"),
        }
    }
}

#[test]
fn what_the_set_checker_convicts_is_not_linearizable() {
    let Some((dir, cases)) = cases() else { return };
    let mut convicted = 0;
    for case in cases.iter().filter(|case| case.model == "set") {
        let verdict = set::Set::default().check(&history(&dir.join(&case.file)), &budget());
        if verdict.valid == Valid::Invalid {
            convicted += 1;
            assert_eq!(case.valid, Some(false), "{}: {verdict:?}", case.file);
        }
    }
    assert!(convicted >= 8, "{convicted}");
}
