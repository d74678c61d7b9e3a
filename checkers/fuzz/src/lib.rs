//! What every parser promises, as functions of any bytes. libFuzzer looks for bytes that break a
//! promise; the ordinary tests (`checkers/tests/fuzz_targets.rs`) try a few thousand.
use std::sync::atomic::{AtomicU64, Ordering};

use checkers::{
    Budget, Datum, Figure, History, Process, Valid,
    format::{self, Keys, edn},
    model, notation,
    txn::{Assume, Options, append, closed_predicate, levels, rw_register},
};
use serde_json::Value;

/// A target: its name, and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: &[Target] = &[
    ("json_lines", json_lines),
    ("foreign", foreign),
    ("picture", picture),
    ("datum", datum),
    ("init", init),
    ("judge", judge),
    ("transactions", transactions),
];

/// Our own rows: what is read and written is read as the same.
pub fn json_lines(data: &[u8]) {
    let _ = History::read_torn(data.to_vec());
    let Ok(history) = History::read(data.to_vec()) else { return };
    let back = History::read(history.to_jsonl()).expect("it was read before");
    assert_same(&history, &back);
    for row in 0..history.len() as u32 {
        let _ = history.error(row);
    }
    let parts: usize = history.by_key().values().map(History::len).sum();
    assert!(parts <= history.len());
}

/// Anybody's rows (EDN, Jepsen's logs, Porcupine's texts): written as EDN they are read as the same.
pub fn foreign(data: &[u8]) {
    let _ = format::read_torn(data.to_vec(), Keys::Auto);
    let _ = format::read(data.to_vec(), Keys::Independent);
    let Ok(history) = format::read(data.to_vec(), Keys::None) else { return };
    // Where no op has a key, a pair that looks like one must not be taken for it.
    let has_keys = history.ops().any(|op| op.key.is_some());
    let keys = if has_keys { Keys::Auto } else { Keys::None };
    let text = edn::write(&history);
    let back = format::read(text, keys).expect("what was written can be read");
    assert_same(&history, &back);
}

/// Pictures: what is drawn is read as the same.
pub fn picture(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(history) = notation::read(text) else { return };
    let drawing = notation::draw(&history);
    let back = notation::read(&drawing).unwrap_or_else(|e| panic!("{e}\n{drawing}"));
    let asked = |history: &History| {
        let ops = history.ops().map(|op| (op.process, op.kind, op.f.to_owned(), op.key));
        ops.collect::<Vec<_>>()
    };
    assert_eq!(asked(&history), asked(&back), "{drawing}");
}

/// Values: equal exactly where they are written the same.
pub fn datum(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let datum = Datum::from_word(text);
    assert_eq!(Datum::from_word(&datum.to_string()), datum);
    assert_eq!(Datum::from(Value::from(&datum)), datum);
}

/// Initial values of every model.
pub fn init(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for entry in model::ALL {
        let _ = (entry.build)(Some(text));
    }
}

/// The first byte says which model, the rest of its line from what it starts: the rest is judged.
/// What convicts a history is itself convicted.
pub fn judge(data: &[u8]) {
    let Some((&number, rest)) = data.split_first() else { return };
    let line = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let (init, text) = rest.split_at(line);
    let init = std::str::from_utf8(init).ok().filter(|init| !init.is_empty());
    let entry = &model::ALL[usize::from(number) % model::ALL.len()];
    let (Ok(checker), Ok(history)) = ((entry.build)(init), History::read(text.to_vec())) else {
        return;
    };
    let verdict = checker.check(&history, &modest());
    for anomaly in verdict.all_anomalies() {
        let Figure::Ops(ops) = &anomaly.figure else { continue };
        let part = sub_history(&history, &ops.calls);
        let again = checker.check(&part, &modest());
        assert_ne!(again.valid, Valid::Valid, "{}\n{history:?}", notation::draw(&part));
    }
}

/// The first byte says which transactions, what is taken for granted of their keys, and which model
/// is to hold: the lines behind its own are judged. Where a model holds, so does what it implies.
pub fn transactions(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let line = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let Ok(history) = History::read(rest[line..].to_vec()) else { return };
    let is = |bit: u8| first >> bit & 1 == 1;
    let assume = Assume { wfr_keys: is(1), sequential_keys: is(2), linearizable_keys: is(3) };
    let judge = |model| {
        let options = Options { consistency: vec![model], assume, search_orders: is(4) };
        let entry = match (is(0), is(1)) {
            (true, _) => rw_register::ENTRY,
            (false, true) => closed_predicate::ENTRY,
            (false, false) => append::ENTRY,
        };
        (entry.build)(options).check(&history, &modest())
    };
    let model = &levels::ALL[usize::from(first >> 5) * levels::ALL.len() / 8];
    if judge(model).valid != Valid::Valid {
        return;
    }
    for weaker in model.implied() {
        let verdict = judge(weaker);
        assert_ne!(verdict.valid, Valid::Invalid, "{}: {verdict:?}", weaker.name);
    }
}

/// A budget that ends by itself, whatever the clock says.
fn modest() -> Budget {
    let looks = AtomicU64::new(0);
    Budget::new(16 << 20, move || looks.fetch_add(1, Ordering::Relaxed) > 100)
}

/// The calls that were invoked at these indices.
fn sub_history(history: &History, calls: &[u32]) -> History {
    let is_shown = |row: u32| {
        let invoked = [Some(history.op(row)), history.pair(row)];
        invoked.iter().flatten().any(|op| calls.contains(&op.index))
    };
    history.select((0..history.len() as u32).filter(|&row| is_shown(row)).collect())
}

fn assert_same(a: &History, b: &History) {
    assert_eq!(a.len(), b.len());
    for (one, other) in a.ops().zip(b.ops()) {
        let same = (one.index, one.time, one.process, one.kind, one.f, one.key, one.node);
        let back = (other.index, other.time, other.process, other.kind, other.f, other.key);
        assert_eq!(same, (back.0, back.1, back.2, back.3, back.4, back.5, other.node));
        assert_eq!(content(&one.value), content(&other.value), "{a:?}");
        if one.process != Process::Nemesis {
            assert_eq!(a.error(one.row), b.error(other.row));
        }
    }
}

/// A value, whose order does not count where it may be a set.
fn content(value: &str) -> Datum {
    match Value::from(&Datum::from_word(value)) {
        Value::Array(mut parts) => {
            parts.sort_by_cached_key(|part| Datum::from(part.clone()));
            Value::Array(parts).into()
        }
        value => value.into(),
    }
}
