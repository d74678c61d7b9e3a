//! What was found once is found again: every stored run is judged anew.
use std::{fs, path::Path};

use checkers::History;
use netsplit::{
    findings::{Circumstances, judge_run},
    result::VerdictValue,
    store::{self, Store, file},
};

#[test]
fn every_stored_run_is_convicted_again() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let index = fs::read_to_string(results.join("README.md")).expect("the track record");
    let listed: Vec<_> = store::runs(&results)
        .expect("runs")
        .into_iter()
        .filter(|run| index.contains(&*run.file_name().expect("a name").to_string_lossy()))
        .collect();
    assert!(listed.len() >= 4, "{listed:?}");
    for directory in listed {
        let store = Store { directory };
        let history = History::read(store.history().expect("a history")).expect("well formed");
        let test = store.test().expect("a test");
        let judged = judge_run(&test, &history, Circumstances::default()).expect("a verdict");
        let before = store.result().expect("the result of then");
        assert_eq!(judged.verdict.value, VerdictValue::Fail, "{:?}", store.path(file::HISTORY));
        assert_eq!(judged.faults.len(), before.faults.len());
        let keys = |r: &netsplit::result::RunResult| {
            r.anomalies.iter().map(|a| (a.kind.clone(), a.key)).collect::<Vec<_>>()
        };
        assert_eq!(keys(&judged), keys(&before));
    }
}
