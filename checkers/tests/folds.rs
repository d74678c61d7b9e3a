//! What is judged as one, bit by bit, gets the verdict that it gets as a whole.
use std::{collections::BTreeSet, fmt::Write};

use checkers::{Budget, Checker, Valid, bank::Bank, counter::Counter, unique_ids::UniqueIds};
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::{Value, json};

mod bit_by_bit;

use bit_by_bit::{is_judged_as_whole, whole};

/// An imagined system that is mostly right.
trait System {
    /// What is asked next, as numbers choose.
    fn ask(&mut self, how: u8) -> (&'static str, Value);
    /// What it answers to that.
    fn answer(&mut self, f: &str, asked: &Value, how: u8) -> Value;
}

/// A counter that now and then loses what was added.
#[derive(Default)]
struct Sum {
    value: i64,
    shrinks: bool,
}

impl System for Sum {
    fn ask(&mut self, how: u8) -> (&'static str, Value) {
        match how % 4 {
            0 => ("read", Value::Null),
            1 if self.shrinks => ("decrement", json!(how % 3)),
            n => ("add", json!(n)),
        }
    }

    fn answer(&mut self, f: &str, asked: &Value, how: u8) -> Value {
        let n = asked.as_i64().unwrap_or(0);
        match f {
            _ if how % 23 == 1 => (),
            "add" => self.value += n,
            "decrement" => self.value -= n,
            _ => (),
        }
        if how % 29 == 2 { Value::Null } else { self.value.into() }
    }
}

/// A source of ids that now and then gives one again.
#[derive(Default)]
struct Ids(i64);

impl System for Ids {
    fn ask(&mut self, _: u8) -> (&'static str, Value) {
        ("generate", Value::Null)
    }

    fn answer(&mut self, _: &str, _: &Value, how: u8) -> Value {
        self.0 += i64::from(!how.is_multiple_of(13));
        match how % 17 {
            0 => Value::Null,
            1 => json!(self.0 - i64::from(how % 5)),
            2 => json!(format!("id {}", how % 7)),
            _ => self.0.into(),
        }
    }
}

/// Two accounts, which now and then are read in the middle of a transfer, or as nonsense.
struct Accounts([i64; 2]);

impl System for Accounts {
    fn ask(&mut self, how: u8) -> (&'static str, Value) {
        match how % 2 {
            0 => ("read", Value::Null),
            _ => ("transfer", json!({"from": 0, "to": 1, "amount": how % 5})),
        }
    }

    fn answer(&mut self, f: &str, asked: &Value, how: u8) -> Value {
        let [one, other] = &mut self.0;
        if f == "transfer" {
            // What is not there is not moved.
            let amount = asked["amount"].as_i64().expect("an amount").min(*one);
            (*one, *other) = (*one - amount, *other + amount);
            return asked.clone();
        }
        match how % 31 {
            0 => json!({"0": one, "1": *other + i64::from(how % 3)}),
            1 => json!({"0": one, "1": null}),
            2 => json!({"0": one, "1": other, "2": 0}),
            3 => json!({"0": *one - 100, "1": *other + 100}),
            _ => json!({"0": one, "1": other}),
        }
    }
}

/// The history of a system: what each of a few processes does next, as numbers choose.
fn history(system: &mut dyn System, choices: &[(u8, u8)]) -> String {
    let mut text = String::new();
    let mut open: Vec<Option<(&str, Value)>> = vec![None; 3];
    let mut processes = [0_u32, 1, 2];
    for (time, (who, how)) in choices.iter().enumerate() {
        let thread = usize::from(who % 3);
        let process = processes[thread];
        let mut op = |kind: &str, f: &str, value: &Value| {
            writeln!(
                text,
                r#"{{"time":{time},"process":{process},"type":"{kind}","f":"{f}","value":{value},"node":"n{thread}"}}"#
            )
            .expect("a line");
        };
        let Some((f, asked)) = open[thread].take() else {
            let (f, value) = system.ask(*how);
            op("invoke", f, &value);
            open[thread] = Some((f, value));
            continue;
        };
        match how % 19 {
            0 => {
                if who % 2 == 0 {
                    system.answer(f, &asked, *how);
                }
                op("info", f, &asked);
                processes[thread] += 3;
            }
            3 => op("fail", f, &asked),
            _ => op("ok", f, &system.answer(f, &asked, *how)),
        }
    }
    text
}

/// All that are judged, with systems to be judged by them.
fn all() -> Vec<(Box<dyn Checker>, Box<dyn System>)> {
    let counter = |tells, shrinks| -> (Box<dyn Checker>, Box<dyn System>) {
        (Box::new(Counter { init: 0, tells }), Box::new(Sum { value: 0, shrinks }))
    };
    vec![
        counter(false, false),
        counter(false, true),
        counter(true, false),
        counter(true, true),
        (Box::new(UniqueIds), Box::new(Ids::default())),
        (Box::new(Bank::new(2, 10)), Box::new(Accounts([10, 0]))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn bit_by_bit_is_judged_as_a_whole(
        choices in prop::collection::vec(any::<(u8, u8)>(), 2..120),
        piece in 1..2_000_usize,
    ) {
        for (checker, mut system) in all() {
            let text = history(&mut *system, &choices);
            is_judged_as_whole(&*checker, &text, piece);
        }
    }
}

#[test]
fn what_the_test_draws_is_of_all_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<(u8, u8)>(), 100);
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let choices = strategy.new_tree(&mut runner).expect("choices").current();
        for (kind, (checker, mut system)) in all().into_iter().enumerate() {
            let verdict = whole(&*checker, &history(&mut *system, &choices));
            seen.insert(format!("{kind} {:?}", verdict.valid));
            seen.extend(verdict.anomalies.iter().map(|anomaly| anomaly.name.clone()));
        }
    }
    for kind in 0..6 {
        for valid in ["Valid", "Invalid"] {
            assert!(seen.contains(&format!("{kind} {valid}")), "{kind} {valid}: {seen:?}");
        }
    }
    let names = ["duplicated", "lost-update", "out-of-bounds", "negative-value", "nil-balance"];
    for name in names.into_iter().chain(["unexpected-key", "wrong-total"]) {
        assert!(seen.contains(name), "{name}: {seen:?}");
    }
}

#[test]
fn a_violation_is_found_as_soon_as_the_calls_before_it_are_known() {
    let op = |process: u32, kind: &str, f: &str, value: &str| {
        format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value}}}"#) + "\n"
    };
    let budget = Budget::unlimited();
    let counter = Counter::default();
    let mut stream = counter.stream().expect("a stream");
    let mut feed = |text: &str| {
        stream.feed(text.as_bytes(), &budget, &mut |_| ()).expect("a history");
        stream.settle(&budget)
    };
    assert_eq!(feed(&op(0, "invoke", "add", "1")), Valid::Valid);
    let read = [op(1, "invoke", "read", "null"), op(1, "ok", "read", "2")].concat();
    // The add, which is open, may fail, but never be more than one.
    assert_eq!(feed(&read), Valid::Valid);
    // Calls go on all the time: there need not be a quiet moment.
    assert_eq!(feed(&op(1, "invoke", "read", "null")), Valid::Valid);
    assert_eq!(feed(&op(0, "ok", "add", "1")), Valid::Invalid);
}
