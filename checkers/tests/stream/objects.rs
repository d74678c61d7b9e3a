//! Objects that work, and now and then lie: longer histories of a few keys, with calls that crash.
use std::collections::VecDeque;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What kind of object, and what is asked of it.
#[derive(Clone, Copy)]
pub(crate) enum Object {
    Register(Shape),
    Queue,
    Set,
    Kv,
}

/// What is written to a register, and how often it crashes.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Values are below this; `None` if never the same twice.
    values: Option<u32>,
    crash: f64,
}

impl Shape {
    pub(crate) const DISTINCT: Shape = Shape { values: None, crash: 0.05 };
    pub(crate) const FEW: Shape = Shape { values: Some(4), crash: 0.03 };
    pub(crate) const CRASHING: Shape = Shape { values: Some(6), crash: 0.15 };
}

/// The objects of a history.
struct World {
    object: Object,
    /// What each key holds.
    keys: Vec<VecDeque<String>>,
    /// What a key held before: lies are told with it.
    past: Vec<Vec<String>>,
    written: u32,
    lies: f64,
}

/// What a process is doing.
enum Doing {
    Idle,
    Asked,
    Did(Option<String>),
}

struct Worker {
    process: u32,
    doing: Doing,
    key: usize,
    f: &'static str,
    argument: String,
}

/// A history as JSON Lines.
pub(crate) fn text(object: Object, random: &mut ChaCha8Rng) -> String {
    let keys = random.random_range(1..=3);
    let lies = if random.random_bool(0.5) { 0.0 } else { 0.12 };
    let (held, past) = (vec![VecDeque::new(); keys], vec![Vec::new(); keys]);
    let mut world = World { object, keys: held, past, written: 0, lies };
    let crash = if let Object::Register(shape) = object { shape.crash } else { 0.05 };
    let mut processes = random.random_range(1..=4);
    let idle =
        |process| Worker { process, doing: Doing::Idle, key: 0, f: "", argument: String::new() };
    let mut workers: Vec<Worker> = (0..processes).map(idle).collect();
    let mut text = String::new();
    let mut index = 0;
    for _ in 0..random.random_range(20..200) {
        let who = random.random_range(0..workers.len());
        let worker = &mut workers[who];
        let (kind, value) = match &mut worker.doing {
            // Fewer at once, so that now and then nothing is open.
            Doing::Idle if random.random_bool(0.4) => continue,
            Doing::Idle => {
                worker.key = random.random_range(0..keys);
                (worker.f, worker.argument) = world.question(random);
                worker.doing = Doing::Asked;
                ("invoke", worker.argument.clone())
            }
            Doing::Asked => {
                let happens = random.random_bool(0.95);
                let answer = happens.then(|| world.answer(worker, random)).flatten();
                worker.doing = Doing::Did(answer);
                continue;
            }
            Doing::Did(answer) => {
                let answer = answer.take();
                worker.doing = Doing::Idle;
                match answer {
                    _ if random.random_bool(crash) => ("info", "null".into()),
                    None => ("fail", "null".into()),
                    Some(answer) => ("ok", answer),
                }
            }
        };
        let Worker { process, key, f, .. } = worker;
        text += &format!(
            "{{\"index\":{index},\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\
             \"key\":{key},\"value\":{value}}}\n"
        );
        index += 1;
        if kind == "info" {
            worker.process = processes;
            processes += 1;
        }
    }
    if text.is_empty() { self::text(object, random) } else { text }
}

impl World {
    fn question(&mut self, random: &mut ChaCha8Rng) -> (&'static str, String) {
        self.written += 1;
        let new = self.written.to_string();
        let reads = random.random_bool(0.5);
        match self.object {
            Object::Register(Shape { values, .. }) => {
                let mut value = || match values {
                    Some(values) => random.random_range(0..values).to_string(),
                    None => new.clone(),
                };
                let (one, other) = (value(), value());
                match (reads, random.random_bool(0.3)) {
                    (true, _) => ("read", "null".into()),
                    (_, true) if values.is_some() => ("cas", format!("[{one},{other}]")),
                    _ => ("write", one),
                }
            }
            Object::Queue if random.random_bool(0.6) => ("dequeue", "null".into()),
            Object::Queue => ("enqueue", (self.written % 7).to_string()),
            Object::Set if reads => ("read", "null".into()),
            Object::Set => ("add", (self.written % 9).to_string()),
            Object::Kv if reads => ("get", "null".into()),
            Object::Kv if random.random_bool(0.5) => ("put", format!("\"{}\"", self.written % 5)),
            Object::Kv => ("append", format!("\"{}\"", self.written % 5)),
        }
    }

    /// Does what is asked; `None` where it cannot be done. Reads lie.
    fn answer(&mut self, worker: &Worker, random: &mut ChaCha8Rng) -> Option<String> {
        let held = &mut self.keys[worker.key];
        let past = &mut self.past[worker.key];
        let lies = random.random_bool(self.lies) && !past.is_empty();
        let lie = |past: &[String], random: &mut ChaCha8Rng| {
            lies.then(|| past[random.random_range(0..past.len())].clone())
        };
        let argument = &worker.argument;
        let joined = |held: &VecDeque<String>| held.iter().cloned().collect::<Vec<_>>().join(",");
        let answer = match worker.f {
            "read" if matches!(self.object, Object::Set) => format!("[{}]", joined(held)),
            "read" => held.front().cloned().unwrap_or_else(|| "null".into()),
            "get" => format!("\"{}\"", held.iter().flat_map(|s| s.chars()).collect::<String>()),
            "dequeue" => held.pop_front().unwrap_or_else(|| "null".into()),
            "cas" => {
                let (old, new) = argument[1..argument.len() - 1].split_once(',')?;
                if held.front().is_none_or(|value| value != old) {
                    return None;
                }
                *held = [new.to_owned()].into();
                return Some(argument.clone());
            }
            "write" => {
                *held = [argument.clone()].into();
                argument.clone()
            }
            "put" => {
                *held = [argument.trim_matches('"').to_owned()].into();
                return Some("null".into());
            }
            "append" => {
                held.push_back(argument.trim_matches('"').to_owned());
                return Some("null".into());
            }
            "add" if held.contains(argument) => return Some(argument.clone()),
            _ => {
                held.push_back(argument.clone());
                return Some(argument.clone());
            }
        };
        if worker.f == "write" {
            past.push(answer.clone());
            return Some(answer);
        }
        let told = lie(past, random).unwrap_or_else(|| answer.clone());
        past.push(answer);
        Some(told)
    }
}
