//! A history that is written as EDN and read again is the same history.
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use checkers::{
    Budget, Datum, History, Kind, Process,
    format::{self, Keys, edn},
    model,
};
use proptest::prelude::*;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stored::history;

#[track_caller]
fn returns(history: &History, keys: Keys) -> History {
    let text = edn::write(history);
    let back = format::read(text.clone(), keys).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(back.len(), history.len());
    for (a, b) in history.ops().zip(back.ops()) {
        let same = (a.index, a.time, a.process, a.kind, a.f, a.key, a.node);
        assert_eq!(same, (b.index, b.time, b.process, b.kind, b.f, b.key, b.node));
        let elements = |text: &str| -> Datum {
            match serde_json::from_str(text).unwrap() {
                Value::Array(mut list) if a.f == "read" => {
                    list.sort_by_cached_key(|v| Datum::from(v.clone()));
                    Value::Array(list).into()
                }
                value => value.into(),
            }
        };
        assert_eq!(elements(&a.value), elements(&b.value), "{text}");
        assert_eq!(history.error(a.row), back.error(b.row));
    }
    back
}

#[derive(Deserialize)]
struct Case {
    file: String,
    model: String,
    init: Option<String>,
}

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test may read its cases")]
fn stored_histories_keep_their_rows_and_verdicts() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases/lin");
    let Ok(manifest) = std::fs::read(dir.join("manifest.json")) else {
        println!("skipped: no cases at hand");
        return;
    };
    let cases: Vec<Case> = serde_json::from_slice(&manifest).unwrap();
    cases.par_iter().for_each(|case| {
        let history = history(&dir.join(&case.file));
        let back = returns(&history, Keys::Auto);
        let checker = (model::find(&case.model).unwrap().build)(case.init.as_deref()).unwrap();
        let verdict = |history| {
            let polls = AtomicU64::new(0);
            let is_over = move || polls.fetch_add(1, Ordering::Relaxed) > 1000;
            checker.check(history, &Budget::new(1 << 30, is_over))
        };
        assert_eq!(verdict(&history).valid, verdict(&back).valid, "{}", case.file);
    });
    println!("{} histories went there and back", cases.len());
}

/// JSON of every shape, three levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        any::<String>().prop_map(Value::from),
        "[a-z\"\\\\ \n]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |part| {
        prop_oneof![
            proptest::collection::vec(part.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), part), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// A line of our own: an invocation, and how it ended.
fn call(process: usize, f: &str, key: Option<u32>, asked: &Value, answered: &Value) -> String {
    let kind = [Kind::Ok, Kind::Fail, Kind::Info][process % 3];
    let process = if process.is_multiple_of(7) { json!("nemesis") } else { json!(process) };
    let row = |kind: Kind, value: &Value| {
        let op = json!({"process": process, "type": kind, "f": f, "value": value, "time": 5});
        let mut op = op.as_object().unwrap().clone();
        op.extend(key.map(|key| ("key".to_owned(), key.into())));
        format!("{}\n", Value::Object(op))
    };
    row(Kind::Invoke, asked) + &row(kind, answered)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_history(
        calls in proptest::collection::vec(("read|cas|txn|odd name|:x", value(), value()), 1..6),
        has_keys in any::<bool>(),
    ) {
        let calls = calls.iter().enumerate().map(|(i, (f, asked, answered))| {
            let key = (has_keys && !i.is_multiple_of(7)).then_some(i as u32);
            call(i, f, key, asked, answered)
        });
        let text: String = calls.collect();
        // A register of pairs looks like many registers: then one has to say so.
        let keys = if has_keys { Keys::Auto } else { Keys::None };
        returns(&History::read(text).unwrap(), keys);
    }
}

#[test]
fn a_key_is_written_as_jepsen_would_if_it_can_be_told_again() {
    let line = |kind, f, key: Option<u32>, value| {
        json!({"process": 1, "type": kind, "f": f, "key": key, "value": value}).to_string() + "\n"
    };
    let reads =
        line("invoke", "read", Some(3), json!(null)) + &line("ok", "read", Some(3), json!(5));
    let history = History::read(reads).unwrap();
    assert!(edn::write(&history).contains(":value [3 5]"));
    returns(&history, Keys::Auto);
    let history = History::read(line("invoke", "write", Some(3), json!(1))).unwrap();
    assert!(edn::write(&history).contains(":key 3, :value 1"));
    returns(&history, Keys::Auto);
    assert!(history.ops().all(|op| op.process == Process::Client(1)));
}

#[test]
fn micro_operations_and_sets_are_written_as_jepsen_has_them() {
    let text = |f: &str, answered: Value| {
        edn::write(&History::read(call(1, f, None, &json!([]), &answered)).unwrap())
    };
    assert!(
        text("txn", json!([["append", 1, 2], ["r", 1, [2]]]))
            .contains("[[:append 1 2] [:r 1 [2]]]")
    );
    assert!(text("read", json!([1, 2])).contains(":value [1 2]"));
    let set = call(1, "add", None, &json!(1), &json!(1))
        + &call(4, "read", None, &json!(null), &json!([2, 1]));
    let set = History::read(set).unwrap();
    assert!(edn::write(&set).contains("#{2 1}"));
}
