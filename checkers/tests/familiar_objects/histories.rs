//! Random histories of imagined objects: calls overlap, crash, fail or stay open, and now and then
//! an answer is not the true one, or two are exchanged.
use checkers::{History, Kind as Type, Op, Process};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::world::{Kind, World};

/// What a process is doing.
enum Doing {
    Idle,
    Asked(&'static str, Value),
    Did(&'static str, Option<Value>),
}

/// How large, and how bad.
struct Weather {
    calls: u32,
    processes: u32,
    crashes: f64,
    lies: f64,
    /// What cannot be done may be said to be done.
    boasts: f64,
}

impl Weather {
    fn new(calls_max: u32, random: &mut ChaCha8Rng) -> Weather {
        let is_bad = random.random_bool(0.6);
        let calls = random.random_range(1..=calls_max);
        Weather {
            calls,
            processes: random.random_range(1..=4),
            crashes: if random.random_bool(0.5) { random.random_range(0.0..0.3) } else { 0.0 },
            lies: if is_bad { 1.0 / f64::from(calls) } else { 0.0 },
            boasts: if is_bad { 0.5 / f64::from(calls) } else { 0.0 },
        }
    }
}

/// The history of this seed.
pub(crate) fn history(kind: Kind, calls_max: u32, seed: u64) -> History {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let random = &mut random;
    let mut ops = Vec::new();
    while ops.is_empty() {
        ops = self::ops(&mut World::new(kind, random), &Weather::new(calls_max, random), random);
    }
    if random.random_bool(0.1) {
        exchange(&mut ops, random);
    }
    History::from_ops(&ops).expect("a history")
}

fn ops(world: &mut World, weather: &Weather, random: &mut ChaCha8Rng) -> Vec<Op> {
    let mut processes: Vec<(u32, Doing)> =
        (0..weather.processes).map(|i| (i, Doing::Idle)).collect();
    let (mut left, mut next) = (weather.calls, weather.processes);
    let mut ops = Vec::new();
    for _ in 0..weather.calls * random.random_range(3..6) {
        let who = random.random_range(0..processes.len());
        let (process, doing) = &mut processes[who];
        match doing {
            Doing::Idle if left == 0 => (),
            Doing::Idle => {
                let (f, value) = world.question(who as u32, random);
                push(&mut ops, *process, Type::Invoke, f, value.clone());
                *doing = Doing::Asked(f, value);
                left -= 1;
            }
            Doing::Asked(f, value) => {
                let answer = world.answer(f, value, random);
                let boast = random.random_bool(weather.boasts).then_some(Value::Null);
                *doing = Doing::Did(f, answer.or(boast));
            }
            Doing::Did(f, answer) => {
                let f = *f;
                let lie = random.random_bool(weather.lies);
                let lie = answer.as_ref().filter(|_| lie).and_then(|a| world.lie(f, a, random));
                match lie.or(answer.take()) {
                    _ if random.random_bool(weather.crashes) => {
                        push(&mut ops, *process, Type::Info, f, Value::Null);
                        *process = next;
                        next += 1;
                    }
                    Some(answer) => push(&mut ops, *process, Type::Ok, f, answer),
                    None => push(&mut ops, *process, Type::Fail, f, Value::Null),
                }
                *doing = Doing::Idle;
            }
        }
    }
    ops
}

fn push(ops: &mut Vec<Op>, process: u32, kind: Type, f: &str, value: Value) {
    let (index, process) = (ops.len() as u32, Process::Client(process));
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
}

/// Exchanges two answers to the same question.
fn exchange(ops: &mut [Op], random: &mut ChaCha8Rng) {
    let (a, b) = (random.random_range(0..ops.len()), random.random_range(0..ops.len()));
    let may_be = |op: &Op| op.kind == Type::Ok;
    if may_be(&ops[a]) && may_be(&ops[b]) && ops[a].f == ops[b].f {
        let value = ops[a].value.clone();
        ops[a].value = std::mem::replace(&mut ops[b].value, value);
    }
}
