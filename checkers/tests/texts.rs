//! Keys of a store to which texts are appended: histories as large as Porcupine's own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Checker, Figure, History, Kind, Op, Process, Valid, Verdict,
    linearizable::Linearizable, model::Kv,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const CALLS: u32 = 400;

/// What a client is doing: what it asked, and whether that has happened yet.
enum Doing {
    Idle,
    Asked(&'static str, String),
    Did(&'static str, String),
}

/// A key, and the ops of those who used it.
#[derive(Default)]
struct Store {
    text: String,
    ops: Vec<Op>,
}

impl Store {
    fn note(&mut self, client: u32, kind: Kind, f: &str, value: Value) {
        let (index, process, f) = (self.ops.len() as u32, Process::Client(client), f.into());
        let (key, error, node) = (None, None, None);
        self.ops.push(Op { index, time: 0, due: None, process, kind, f, key, value, error, node });
    }

    fn ask(&mut self, client: u32, f: &'static str, value: String) -> Doing {
        let argument = if f == "get" { Value::Null } else { json!(value) };
        self.note(client, Kind::Invoke, f, argument);
        Doing::Asked(f, value)
    }

    fn go_on(&mut self, client: u32, doing: Doing) -> Doing {
        match doing {
            Doing::Idle => Doing::Idle,
            Doing::Asked("get", _) => Doing::Did("get", self.text.clone()),
            Doing::Asked("put", value) => {
                self.text.clone_from(&value);
                Doing::Did("put", value)
            }
            Doing::Asked(f, value) => {
                self.text.push_str(&value);
                Doing::Did(f, value)
            }
            Doing::Did(f, value) => {
                self.note(client, Kind::Ok, f, json!(value));
                Doing::Idle
            }
        }
    }
}

/// Fifty clients get, put and append at once; every `repeat`-th token is that of the call before.
fn store(seed: u64, repeat: u32) -> Store {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut store = Store::default();
    let mut clients: Vec<Doing> = (0..50).map(|_| Doing::Idle).collect();
    let mut asked = 0;
    while asked < CALLS || clients.iter().any(|doing| !matches!(doing, Doing::Idle)) {
        let client = random.random_range(0..clients.len());
        let doing = std::mem::replace(&mut clients[client], Doing::Idle);
        clients[client] = match doing {
            Doing::Idle if asked < CALLS => {
                asked += 1;
                let token = asked - u32::from(asked % repeat == 0);
                let (f, value) = match random.random_range(0..20) {
                    0 => ("put", format!("<{asked}>")),
                    1..8 => ("append", format!("({token})")),
                    _ => ("get", String::new()),
                };
                store.ask(client as u32, f, value)
            }
            doing => store.go_on(client as u32, doing),
        };
    }
    store
}

fn judge(store: &Store) -> Verdict {
    let history = History::from_ops(&store.ops).unwrap();
    Linearizable(Kv::default()).check(&history, &Budget::new(256 << 20, || false))
}

#[test]
fn what_fifty_clients_append_is_judged_as_a_register_is() {
    for seed in 0..20 {
        let verdict = judge(&store(seed, u32::MAX));
        assert_eq!((verdict.valid, &verdict.details["path"]), (Valid::Valid, &"zones".into()));
    }
}

#[test]
fn tokens_that_are_appended_twice_confuse_nobody() {
    for seed in 0..20 {
        assert_eq!(judge(&store(seed, 100)).valid, Valid::Valid, "{seed}");
    }
}

#[test]
fn a_token_that_is_forgotten_shows() {
    for (seed, repeat) in (0..20).zip([100, u32::MAX].into_iter().cycle()) {
        let mut store = store(seed, repeat);
        store.ask(0, "append", "(last)".into());
        store.note(0, Kind::Ok, "append", Value::Null);
        store.ask(0, "get", String::new());
        store.note(0, Kind::Ok, "get", json!(store.text.clone()));
        let verdict = judge(&store);
        assert_eq!(verdict.valid, Valid::Invalid, "{seed}");
        let Figure::Ops(figure) = &verdict.anomalies[0].figure else { panic!("{verdict:?}") };
        assert_eq!(figure.culprit as usize, store.ops.len() - 1);
    }
}
