//! Random small histories: an object that works, now and then a lie about what it answered.
use checkers::{History, Kind, Op, Process};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Object {
    Register,
    CasRegister,
    MultiRegister,
    Mutex,
    Set,
    FifoQueue,
    UnorderedQueue,
}

const CALLS_MAX: u32 = 7;

/// What a process is doing.
enum Doing {
    Idle,
    Asked(&'static str, Value),
    Did(&'static str, Option<Value>),
}

pub(crate) fn history(object: Object, random: &mut impl Rng) -> History {
    let mut world = World::default();
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
                let (f, value) = question(object, random);
                write(*process, Kind::Invoke, f, value.clone());
                *doing = Doing::Asked(f, value);
                left -= 1;
            }
            Doing::Asked(f, value) => {
                let f = *f;
                let happens = random.random_bool(0.93);
                let answer = if happens { world.answer(object, f, value, random) } else { None };
                *doing = Doing::Did(f, answer);
            }
            Doing::Did(f, answer) => {
                let lie = random.random_bool(0.3).then(|| lie(object, f, random));
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
        return self::history(object, random);
    }
    History::from_ops(&ops).unwrap()
}

fn small(random: &mut impl Rng) -> Value {
    json!(random.random_range(0..3))
}

fn question(object: Object, random: &mut impl Rng) -> (&'static str, Value) {
    match (object, random.random_range(0..3)) {
        (Object::Register | Object::CasRegister, 0) => ("read", Value::Null),
        (Object::CasRegister, 1) => ("cas", json!([small(random), small(random)])),
        (Object::Register | Object::CasRegister, _) => ("write", small(random)),
        (Object::MultiRegister, _) => {
            let mut access = || match random.random_bool(0.5) {
                true => json!(["read", if random.random_bool(0.5) { "x" } else { "y" }, null]),
                false => {
                    let name = if random.random_bool(0.5) { "x" } else { "y" };
                    json!(["write", name, small(random)])
                }
            };
            ("txn", json!([access(), access()]))
        }
        (Object::Mutex, 0) => ("release", Value::Null),
        (Object::Mutex, _) => ("acquire", Value::Null),
        (Object::Set, 0) => ("add", small(random)),
        (Object::Set, _) => ("read", Value::Null),
        (Object::FifoQueue | Object::UnorderedQueue, 0) => ("dequeue", Value::Null),
        (Object::FifoQueue | Object::UnorderedQueue, 1) => ("enqueue", small(random)),
        (Object::FifoQueue | Object::UnorderedQueue, _) if random.random_bool(0.5) => {
            ("dequeue", Value::Null)
        }
        (Object::FifoQueue | Object::UnorderedQueue, _) => ("enqueue", small(random)),
    }
}

/// An answer out of the blue; `None` leaves the true one.
fn lie(object: Object, f: &str, random: &mut impl Rng) -> Option<Value> {
    match (object, f) {
        (Object::Set, "read") if random.random_bool(0.5) => Some(json!([small(random)])),
        (Object::Set, "read") => Some(json!([])),
        (_, "read" | "dequeue") if random.random_bool(0.2) => Some(Value::Null),
        (_, "read" | "dequeue") => Some(small(random)),
        _ => None,
    }
}

/// Every object at once; each history uses one.
#[derive(Default)]
struct World {
    register: Value,
    x: Value,
    y: Value,
    is_held: bool,
    elements: Vec<Value>,
}

impl World {
    /// Does what is asked; `None` where it cannot be done.
    fn answer(
        &mut self,
        object: Object,
        f: &str,
        value: &Value,
        random: &mut impl Rng,
    ) -> Option<Value> {
        match f {
            "read" if object == Object::Set => return Some(json!(self.elements)),
            "read" => return Some(self.register.clone()),
            "write" => self.register = value.clone(),
            "cas" if self.register == value[0] || random.random_bool(0.1) => {
                self.register = value[1].clone();
            }
            "txn" => return Some(self.transact(value, random)),
            "acquire" if !self.is_held || random.random_bool(0.1) => self.is_held = true,
            "release" if self.is_held || random.random_bool(0.2) => self.is_held = false,
            "add" if self.elements.contains(value) => (),
            "add" | "enqueue" => self.elements.push(value.clone()),
            "dequeue" if self.elements.is_empty() => {
                return random.random_bool(0.5).then_some(Value::Null);
            }
            "dequeue" if object == Object::FifoQueue => return Some(self.elements.remove(0)),
            "dequeue" => {
                let which = random.random_range(0..self.elements.len());
                return Some(self.elements.remove(which));
            }
            _ => return None,
        }
        Some(Value::Null)
    }

    fn transact(&mut self, accesses: &Value, random: &mut impl Rng) -> Value {
        let mut answer = accesses.clone();
        for access in answer.as_array_mut().unwrap() {
            let register = if access[1] == "x" { &mut self.x } else { &mut self.y };
            match access[0] == "read" {
                true if random.random_bool(0.12) => access[2] = small(random),
                true => access[2] = register.clone(),
                false => *register = access[2].clone(),
            }
        }
        answer
    }
}
