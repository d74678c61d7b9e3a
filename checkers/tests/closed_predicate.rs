//! Small histories with reads by predicate against a search of every order.
//!
//! Imagined databases run transactions on snapshots, old or new. Where some order explains every
//! answer the checker may not convict; where none does, it should find that out often enough.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeMap, fmt::Write};

use checkers::{
    Budget, Checker, History, Valid,
    txn::{Options, closed_predicate::ClosedPredicate},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const HISTORIES: u64 = 2_000;
const KEYS: u32 = 3;

type State = BTreeMap<u32, u32>;

#[derive(Clone, Debug)]
enum Mop {
    Insert(u32, u32),
    Write(u32, u32),
    Delete(u32),
    Read(u32, Option<u32>),
    /// Of all values, those that leave this remainder by the modulus.
    Find(u32, u32, State),
}

#[derive(Clone, Debug)]
struct Txn {
    mops: Vec<Mop>,
    kind: &'static str,
}

/// What is done to a state, and what it answers; `None` where it cannot be done.
fn run(mop: &Mop, state: &mut State) -> Option<Mop> {
    match mop {
        Mop::Insert(key, value) => state.insert(*key, *value).is_none().then(|| mop.clone()),
        Mop::Write(key, value) => state.insert(*key, *value).map(|_| mop.clone()),
        Mop::Delete(key) => state.remove(key).map(|_| mop.clone()),
        Mop::Read(key, _) => Some(Mop::Read(*key, state.get(key).copied())),
        Mop::Find(modulus, remainder, _) => {
            let fits = |(_, value): &(&u32, &u32)| *value % modulus == *remainder;
            let found = state.iter().filter(fits).map(|(key, value)| (*key, *value)).collect();
            Some(Mop::Find(*modulus, *remainder, found))
        }
    }
}

fn is_same(one: &Mop, other: &Mop) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

/// A database whose transactions see a state that may be old.
struct Imagined {
    chance: ChaCha8Rng,
    states: Vec<State>,
    /// The keys that each commit wrote.
    written: Vec<Vec<u32>>,
    next_value: u32,
    /// How many commits a transaction may miss.
    lag: usize,
    /// Whether it refuses to overwrite what it did not see.
    first_committer_wins: bool,
}

impl Imagined {
    fn mop(&mut self, state: &State) -> Mop {
        let key = self.chance.random_range(0..KEYS);
        self.next_value += 1;
        let value = self.next_value;
        let modulus = self.chance.random_range(1..=2);
        match (self.chance.random_range(0..6), state.contains_key(&key)) {
            (0 | 1, true) => Mop::Write(key, value),
            (2, true) => Mop::Delete(key),
            (0..=2, false) => Mop::Insert(key, value),
            (3, _) => Mop::Read(key, None),
            _ => Mop::Find(modulus, value % modulus, State::new()),
        }
    }

    fn txn(&mut self) -> Txn {
        let now = self.states.len() - 1;
        let from = now - self.chance.random_range(0..=self.lag.min(now));
        let mut seen = self.states[from].clone();
        let mut mops = Vec::new();
        for _ in 0..self.chance.random_range(1..=3) {
            let mop = self.mop(&seen);
            mops.extend(run(&mop, &mut seen));
        }
        let writes: Vec<u32> = mops.iter().filter_map(written_key).collect();
        let mut missed = self.written[from..].iter().flatten();
        let conflicts = self.first_committer_wins && missed.any(|key| writes.contains(key));
        let mut next = self.states[now].clone();
        let fits = mops.iter().all(|mop| run(mop, &mut next).is_some());
        let is_done = fits && !conflicts && self.chance.random_bool(0.9);
        let is_unknown = self.chance.random_bool(0.1);
        if is_done {
            self.states.push(next);
            self.written.push(writes);
        }
        let kind = if is_unknown {
            "info"
        } else if is_done {
            "ok"
        } else {
            "fail"
        };
        Txn { mops, kind }
    }
}

fn written_key(mop: &Mop) -> Option<u32> {
    match mop {
        Mop::Insert(key, _) | Mop::Write(key, _) | Mop::Delete(key) => Some(*key),
        _ => None,
    }
}

fn text(start: &State, txns: &[Txn]) -> String {
    let map = |state: &State| {
        let parts: Vec<String> = state.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        format!("{{{}}}", parts.join(","))
    };
    let row = |process: usize, kind: &str, f: &str, value: &str| {
        format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
    };
    let shown = |mop: &Mop| match mop {
        Mop::Insert(key, value) => format!("[\"insert\",{key},{value}]"),
        Mop::Write(key, value) => format!("[\"w\",{key},{value}]"),
        Mop::Delete(key) => format!("[\"delete\",{key}]"),
        Mop::Read(key, value) => {
            format!("[\"r\",{key},{}]", value.map_or("null".to_owned(), |v| v.to_string()))
        }
        Mop::Find(1, _, found) => format!("[\"rp\",\"true\",{}]", map(found)),
        Mop::Find(modulus, remainder, found) => {
            format!("[\"rp\",[\"mod\",{modulus},{remainder}],{}]", map(found))
        }
    };
    let mut text = String::new();
    if !start.is_empty() {
        text += &row(99, "invoke", "init", &map(start));
        text += &row(99, "ok", "init", &map(start));
    }
    // Two at a time, so that some are concurrent.
    for (pair, txns) in txns.chunks(2).enumerate() {
        for is_end in [false, true] {
            for (place, txn) in txns.iter().enumerate() {
                let mops: Vec<String> = txn.mops.iter().map(shown).collect();
                let kind = if is_end { txn.kind } else { "invoke" };
                let value = format!("[{}]", mops.join(","));
                let _ = write!(text, "{}", row(2 * pair + place, kind, "txn", &value));
            }
        }
    }
    text
}

/// Whether some order of what happened, and of some of what may have, explains every answer.
fn is_serializable(state: &State, rest: &[Txn]) -> bool {
    if rest.iter().all(|txn| txn.kind == "info") {
        return true;
    }
    (0..rest.len()).any(|at| {
        let mut next = state.clone();
        let fits = rest[at].mops.iter().all(|mop| {
            let answer = run(mop, &mut next);
            answer.is_some_and(|answer| rest[at].kind == "info" || is_same(&answer, mop))
        });
        let others: Vec<Txn> = [&rest[..at], &rest[at + 1..]].concat();
        fits && is_serializable(&next, &others)
    })
}

fn judge(text: &str, model: &str) -> Valid {
    let history = History::read(text.to_owned()).unwrap();
    ClosedPredicate(Options::new([model]).unwrap()).check(&history, &Budget::unlimited()).valid
}

/// A history: how it began, and its transactions.
fn imagine(seed: u64, lag: usize, first_committer_wins: bool) -> (State, Vec<Txn>) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let start: State =
        (0..KEYS).filter(|_| chance.random_bool(0.4)).map(|key| (key, 1000 + key)).collect();
    let mut imagined = Imagined {
        chance,
        states: vec![start.clone()],
        written: Vec::new(),
        next_value: 0,
        lag,
        first_committer_wins,
    };
    let txns = (0..5).map(|_| imagined.txn()).collect();
    (start, txns)
}

#[test]
fn what_some_order_explains_is_never_convicted_and_the_rest_often() {
    let (mut explained, mut broken, mut convicted) = (0, 0, 0);
    for seed in 0..HISTORIES {
        let (start, txns) = imagine(seed, 4, false);
        let happened: Vec<Txn> = txns.iter().filter(|txn| txn.kind != "fail").cloned().collect();
        let text = text(&start, &txns);
        let valid = judge(&text, "serializable");
        if is_serializable(&start, &happened) {
            explained += 1;
            assert_ne!(valid, Valid::Invalid, "seed {seed}\n{text}");
        } else {
            broken += 1;
            convicted += u32::from(valid == Valid::Invalid);
        }
    }
    assert!(explained > 200 && broken > 200, "{explained} explained, {broken} not");
    assert!(convicted * 3 > broken, "{convicted} of {broken} convicted");
}

#[test]
fn snapshot_isolation_is_what_a_store_of_snapshots_provides() {
    for seed in 0..HISTORIES {
        let (start, txns) = imagine(seed, 2, true);
        let text = text(&start, &txns);
        assert_ne!(judge(&text, "snapshot-isolation"), Valid::Invalid, "seed {seed}\n{text}");
    }
}

#[test]
fn a_store_that_does_one_after_the_other_is_strict() {
    for seed in 0..HISTORIES {
        let (start, txns) = imagine(seed, 0, true);
        let text = text(&start, &txns);
        assert_ne!(judge(&text, "strong-serializable"), Valid::Invalid, "seed {seed}\n{text}");
    }
}
