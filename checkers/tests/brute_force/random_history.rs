//! Random small histories: a thing that works, now and then a lie about what it answered.
use checkers::{History, Kind, Op, Process};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

const CALLS_MAX: u32 = 7;

/// What a process is doing.
enum Doing {
    Idle,
    Asked(&'static str, Value),
    Did(&'static str, Option<Value>),
}

/// An object that works, as far as it is not told to lie.
pub(crate) trait Thing {
    /// What somebody asks next: a function and its argument.
    fn question(&self, random: &mut ChaCha8Rng) -> (&'static str, Value);

    /// Does what is asked; `None` where it cannot be done.
    fn answer(&mut self, f: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value>;

    /// An answer out of the blue; `None` leaves the true one.
    fn lie(&self, f: &str, random: &mut ChaCha8Rng) -> Option<Value>;
}

/// A history of a thing, with some calls that crash, fail or stay open.
pub(crate) fn history(thing: &mut impl Thing, random: &mut ChaCha8Rng) -> History {
    let mut processes: Vec<(u32, Doing)> =
        (0..random.random_range(2..=4)).map(|i| (i, Doing::Idle)).collect();
    let mut left = random.random_range(1..=CALLS_MAX);
    let mut next = processes.len() as u32;
    let mut ops = Vec::new();
    // Ends early now and then, with calls that never completed.
    for _ in 0..random.random_range(8..40) {
        let who = random.random_range(0..processes.len());
        let (process, doing) = &mut processes[who];
        let mut write = |process, kind, f: &str, value| {
            let index = ops.len() as u32;
            let process = Process::Client(process);
            let f = f.into();
            ops.push(Op {
                index,
                time: 0,
                due: None,
                process,
                kind,
                f,
                key: None,
                value,
                error: None,
                node: None,
            });
        };
        match doing {
            Doing::Idle if left == 0 => (),
            Doing::Idle => {
                let (f, value) = thing.question(random);
                write(*process, Kind::Invoke, f, value.clone());
                *doing = Doing::Asked(f, value);
                left -= 1;
            }
            Doing::Asked(f, value) => {
                let f = *f;
                let happens = random.random_bool(0.93);
                let answer = if happens { thing.answer(f, value, random) } else { None };
                *doing = Doing::Did(f, answer);
            }
            Doing::Did(f, answer) => {
                let lie = random.random_bool(0.3).then(|| thing.lie(f, random));
                let kind = match answer {
                    _ if random.random_bool(0.12) => Kind::Info,
                    None if lie.is_none() || random.random_bool(0.5) => Kind::Fail,
                    _ => Kind::Ok,
                };
                let value = lie.flatten().or(answer.take()).unwrap_or(Value::Null);
                // What only a lie makes ok must still be an answer to the question.
                let is_ok = kind == Kind::Ok;
                write(*process, kind, f, if is_ok { value } else { Value::Null });
                if kind == Kind::Info {
                    *process = next;
                    next += 1;
                }
                *doing = Doing::Idle;
            }
        }
    }
    if ops.is_empty() {
        return self::history(thing, random);
    }
    History::from_ops(&ops).unwrap()
}
