//! What is judged bit by bit must be judged as the whole is: the same verdict on each key, and the
//! same first completion that has no place.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicU64, Ordering};

use checkers::{
    Budget, Checker, Figure, History, Independent, Streamed, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Kv, Model, Register, Set},
    notation,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "stream/objects.rs"]
mod objects;

use objects::{Object, Shape};

/// How many histories of each kind: `NETSPLIT_STREAM_HISTORIES`, or as many as take seconds.
fn histories() -> u64 {
    let count = std::env::var("NETSPLIT_STREAM_HISTORIES").ok();
    count.map_or(1_500, |count| count.parse().unwrap())
}

/// Feeds a text in pieces, and judges what can be judged after each.
fn feed(checker: &dyn Checker, text: &str, random: &mut ChaCha8Rng) -> Streamed {
    let budget = Budget::unlimited();
    let mut stream = checker.stream().unwrap();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.random_range(1..=rest.len().min(300)));
        stream.feed(piece, &budget, &mut |_| ()).unwrap();
        stream.settle(&budget);
        rest = after;
    }
    stream.finish(&budget, &mut |_| ()).unwrap()
}

/// Where the anomaly of a verdict, if it has one, says that there is no order any more.
fn culprit(verdict: &Verdict) -> Option<u32> {
    match &verdict.anomalies.first()?.figure {
        Figure::Ops(ops) => Some(ops.culprit),
        other => panic!("{other:?}"),
    }
}

/// The share in percent of the histories that are valid, and the windows judged in the end.
fn compare<M: Model>(model: M, object: Object, count: u64) {
    let checker = Independent(Linearizable(model));
    let (valid, cut, ops) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    (0..count).into_par_iter().for_each(|seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let text = objects::text(object, &mut random);
        let history = History::read(text.clone()).unwrap();
        let whole = checker.check(&history, &Budget::unlimited());
        let Streamed { verdict, evidence, .. } = feed(&checker, &text, &mut random);
        assert_eq!(verdict.valid, whole.valid, "{seed}: {verdict:?}\n{history:?}");
        let bad = |verdict: &Verdict| -> Vec<_> {
            verdict.parts.iter().map(|(key, part)| (key.clone(), culprit(part))).collect()
        };
        assert_eq!(bad(&verdict), bad(&whole), "{seed}: {history:?}");
        assert_eq!(verdict.details["ops"], whole.details["ops"]);
        for anomaly in verdict.all_anomalies() {
            let Figure::Ops(figure) = &anomaly.figure else { panic!("{anomaly:?}") };
            let shown: Vec<u32> = evidence[&anomaly.key].ops().map(|op| op.index).collect();
            assert!(figure.calls.iter().all(|index| shown.contains(index)), "{seed}: {shown:?}");
            assert!(!figure.reasons.is_empty(), "{seed}: {anomaly:?}");
        }
        valid.fetch_add(u64::from(whole.valid == Valid::Valid), Ordering::Relaxed);
        let largest = history.by_key().values().map(History::len).max().unwrap() as u64;
        cut.fetch_add(verdict.details["window_ops_max"].as_u64().unwrap(), Ordering::Relaxed);
        ops.fetch_add(largest, Ordering::Relaxed);
    });
    let share = valid.into_inner() * 100 / count;
    assert!((10..=90).contains(&share), "{share} % of the histories had an order");
    let (cut, ops) = (cut.into_inner(), ops.into_inner());
    assert!(cut * 10 < ops * 9, "windows of {cut} ops in {ops}: too large to prove anything");
}

#[test]
fn registers_with_distinct_values_agree() {
    compare(Register::default(), Object::Register(Shape::DISTINCT), histories());
}

#[test]
fn registers_with_few_values_agree() {
    compare(Register::default(), Object::Register(Shape::FEW), histories());
    compare(Register::new(0), Object::Register(Shape::FEW), histories());
}

#[test]
fn registers_whose_clients_crash_agree() {
    compare(Register::default(), Object::Register(Shape::CRASHING), histories());
}

#[test]
fn other_objects_agree() {
    compare(FifoQueue::default(), Object::Queue, histories() / 2);
    compare(Set::default(), Object::Set, histories() / 2);
    compare(Kv::default(), Object::Kv, histories() / 2);
}

fn text(picture: &str) -> String {
    notation::history(picture).to_jsonl()
}

#[test]
fn what_was_dropped_is_remembered_by_its_state() {
    let text = text(
        "0: |- write 1 -| |- write 2 -| |- write 3 -|
         1:                                           |- read -> 3 -|  |- read -> 2 -|",
    );
    let checker = Linearizable(Register::default());
    let Streamed { verdict, evidence, .. } =
        feed(&checker, &text, &mut ChaCha8Rng::seed_from_u64(1));
    let said = &verdict.anomalies[0].explanation;
    let expected = "`read -> 2` by process 1 (op 8) has no place in any order of the calls after \
                    op 7, until which every order leads to the state 3.";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(culprit(&verdict), Some(9));
    assert_eq!(evidence[&None].len(), 2);
}

#[test]
fn what_ended_in_one_of_several_states_is_dropped() {
    let pair = "0: |- write 1 -|  |- write 3 -|
                1:  |- write 2 -|  |- write 4 -|";
    let read = |value: u32| format!("2: {:30} |- read -> {value} -| |- read -> {value} -|", "");
    let checker = Linearizable(Register::default());
    let judge =
        |picture: &str| feed(&checker, &text(picture), &mut ChaCha8Rng::seed_from_u64(1)).verdict;
    for value in [3, 4] {
        let verdict = judge(&format!("{pair}\n{}", read(value)));
        assert_eq!(verdict.valid, Valid::Valid, "{verdict:?}");
        assert!(verdict.details["window_ops_max"].as_u64() <= Some(8), "{verdict:?}");
    }
    let verdict = judge(&format!("{pair}\n{}", read(2)));
    let expected = "until which orders lead to 2 states, none of which helps";
    assert!(verdict.anomalies[0].explanation.contains(expected), "{verdict:?}");
    let both = format!("{pair}\n2: {:30} |- read -> 3 -| |- read -> 4 -|", "");
    assert_eq!(judge(&both).valid, Valid::Invalid);
}

#[test]
fn what_crashed_long_ago_may_still_happen_once() {
    let crash = "0: |- write 7 -~\n1:              |- write 1 -|  |- read -> 1 -|";
    let late = format!("{crash}  |- read -> 7 -|  |- write 2 -|");
    let checker = Linearizable(Register::default());
    let judge = |picture: &str| {
        feed(&checker, &text(picture), &mut ChaCha8Rng::seed_from_u64(1)).verdict.valid
    };
    assert_eq!(judge(&late), Valid::Valid);
    assert_eq!(judge(&format!("{late}  |- read -> 7 -|")), Valid::Invalid);
}

#[test]
fn a_window_that_never_ends_is_unknown_when_it_outgrows_the_budget() {
    let budget = Budget::new(100_000, || false);
    let checker = Linearizable(Register::default());
    let mut stream = checker.stream().unwrap();
    let mut index = 0;
    let mut feed = |process: u32, kind: &str, value: u32| {
        let line = format!(
            r#"{{"index":{index},"process":{process},"type":"{kind}","f":"write","value":{value}}}"#
        );
        index += 1;
        stream.feed(format!("{line}\n").as_bytes(), &budget, &mut |_| ()).unwrap();
    };
    feed(0, "invoke", 0);
    for value in 1..2_000 {
        feed(1, "invoke", value);
        feed(1, "ok", value);
    }
    let verdict = stream.finish(&budget, &mut |_| ()).unwrap().verdict;
    assert_eq!(verdict.valid, Valid::Unknown);
    assert!(verdict.why().unwrap().contains("out of memory"), "{verdict:?}");
}

#[test]
fn what_is_no_history_is_refused_with_its_line() {
    let checker = Linearizable(Register::default());
    let budget = Budget::unlimited();
    let refused = |text: &str| {
        let mut stream = checker.stream().unwrap();
        let fed = stream.feed(text.as_bytes(), &budget, &mut |_| ());
        fed.err().or_else(|| stream.finish(&budget, &mut |_| ()).err()).unwrap().to_string()
    };
    let line = r#"{"process":0,"type":"invoke","f":"write","value":1}"#;
    assert_eq!(refused(""), "line 1: the history is empty: no op was recorded");
    assert!(refused(&format!("\n{line}\n{line}\n")).starts_with("line 3: process 0 invokes, but"));
    assert!(refused(&line[..20]).starts_with("line 1: the line ends in the middle"));
}
