//! A set judged bit by bit gets the verdict that it gets as a whole.
use std::fmt::Write;

use checkers::{Budget, Checker, History, Kind, Valid, set::Set};
use proptest::{prelude::*, strategy::ValueTree};

mod bit_by_bit;

use bit_by_bit::{is_judged_as_whole, whole};

/// A history of a set that now and then forgets, invents or doubles an element: what each of a few
/// processes does next, as numbers choose.
fn history(choices: &[(u8, u8)]) -> String {
    let (mut text, mut set, mut next) = (String::new(), Vec::new(), 0_u32);
    let mut open: Vec<Option<(&str, u32)>> = vec![None; 3];
    let mut processes = [0_u32, 1, 2];
    for (time, (who, what)) in choices.iter().enumerate() {
        let thread = usize::from(who % 3);
        let process = processes[thread];
        let mut op = |kind: &str, f: &str, value: String| {
            writeln!(
                text,
                r#"{{"time":{time},"process":{process},"type":"{kind}","f":"{f}","value":{value},"node":"n{thread}"}}"#
            )
            .expect("a line");
        };
        match open[thread].take() {
            None if what % 3 == 0 => {
                op("invoke", "read", "null".into());
                open[thread] = Some(("read", 0));
            }
            None => {
                next += 1;
                op("invoke", "add", next.to_string());
                open[thread] = Some(("add", next));
            }
            Some(("add", value)) => {
                let (kind, happened) = match what % 16 {
                    0 => ("info", who % 2 == 0),
                    1 => ("fail", who % 5 == 0),
                    2 => ("ok", false),
                    _ => ("ok", true),
                };
                if happened {
                    set.push(value);
                }
                op(kind, "add", value.to_string());
                if kind == "info" {
                    processes[thread] += 3;
                }
            }
            Some(_) => {
                let mut answer = set.clone();
                match what % 24 {
                    0 => drop(answer.pop()),
                    1 => answer.push(1000),
                    2 => answer.extend(answer.first().copied()),
                    _ => (),
                }
                let kind = if what % 11 == 3 { "fail" } else { "ok" };
                op(kind, "read", format!("{answer:?}"));
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_set_bit_by_bit_is_judged_as_a_whole(
        choices in prop::collection::vec(any::<(u8, u8)>(), 2..120),
        piece in 1..2_000_usize,
        stale_is_anomaly in any::<bool>(),
    ) {
        let text = history(&choices);
        is_judged_as_whole(&Set { stale_is_anomaly }, &text, piece);
    }
}

#[test]
fn what_the_test_draws_is_of_all_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<(u8, u8)>(), 60);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let choices = strategy.new_tree(&mut runner).expect("choices").current();
        let text = history(&choices);
        let history = History::read(text.clone()).expect("a history");
        assert!(history.ops().any(|op| op.kind == Kind::Invoke));
        let verdict = whole(&Set::default(), &text);
        seen.extend(verdict.anomalies.iter().map(|anomaly| anomaly.name.clone()));
        seen.insert(format!("{:?}", verdict.valid));
    }
    for name in ["Valid", "Invalid", "lost", "stale", "unexpected", "duplicated"] {
        assert!(seen.contains(name), "{name}: {seen:?}");
    }
}

#[test]
fn a_violation_is_found_as_soon_as_it_is_complete() {
    let op = |kind: &str, f: &str, value: &str| {
        format!("{{\"process\":0,\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
    };
    let add = [op("invoke", "add", "1"), op("ok", "add", "1")].concat();
    let read = [op("invoke", "read", "null"), op("ok", "read", "[]")].concat();
    let budget = Budget::unlimited();
    let set = Set::default();
    let mut stream = set.stream().expect("a stream");
    let mut feed = |text: &str| {
        stream.feed(text.as_bytes(), &budget, &mut |_| ()).expect("a history");
        stream.settle(&budget)
    };
    assert_eq!(feed(&add), Valid::Valid);
    assert_eq!(feed(&read), Valid::Invalid);
}
