//! Random small histories of registers, some of whose reads are stale, or see the future.
use checkers::{History, Kind, Op, Process};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

pub(crate) struct Shape {
    pub(crate) keys: u32,
    pub(crate) processes: usize,
    pub(crate) calls: u32,
    pub(crate) are_distinct: bool,
}

/// What a process has asked, and not yet been told.
type Open = Option<(u32, &'static str, Value)>;

pub(crate) fn history(shape: &Shape, random: &mut impl Rng) -> History {
    let mut processes: Vec<(u32, Open)> = (0..shape.processes as u32).map(|i| (i, None)).collect();
    let mut held: Vec<Vec<Value>> = vec![vec![Value::Null]; shape.keys as usize];
    let (mut left, mut next, mut time) = (shape.calls, processes.len() as u32, 0);
    let mut ops: Vec<Op> = Vec::new();
    while left > 0 || (processes.iter().any(|p| p.1.is_some()) && random.random_bool(0.95)) {
        let who = random.random_range(0..processes.len());
        let (process, open) = &mut processes[who];
        time += random.random_range(0..4);
        let index = ops.len() as u32;
        let op = |kind, f: &str, key, value| Op {
            index,
            time,
            due: None,
            process: Process::Client(*process),
            kind,
            f: f.into(),
            key: (shape.keys > 1).then_some(key),
            value,
            error: None,
            node: None,
        };
        match open.take() {
            None if left == 0 => (),
            None => {
                let key = random.random_range(0..shape.keys);
                let value = if shape.are_distinct { left } else { random.random_range(1..3) };
                let write = random.random_bool(0.45);
                let (f, value) =
                    if write { ("write", json!(value)) } else { ("read", json!(null)) };
                if write {
                    held[key as usize].push(value.clone());
                }
                ops.push(op(Kind::Invoke, f, key, value.clone()));
                *open = Some((key, f, value));
                left -= 1;
            }
            Some((key, f, value)) => {
                let all = &held[key as usize];
                let back = if random.random_bool(0.6) { 1 } else { random.random_range(1..4) };
                let seen = all[all.len().saturating_sub(back)].clone();
                let kind = match random.random_range(0..20) {
                    0 => Kind::Info,
                    1 => Kind::Fail,
                    _ => Kind::Ok,
                };
                ops.push(op(kind, f, key, if f == "read" { seen } else { value }));
                if kind == Kind::Info {
                    *process = next;
                    next += 1;
                }
            }
        }
    }
    History::from_ops(&ops).unwrap()
}
