//! Random small histories: an object that works, now and then a lie about what it answered.
use checkers::History;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::random_history::{self, Thing};

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

pub(crate) fn history(object: Object, random: &mut ChaCha8Rng) -> History {
    random_history::history(&mut World::new(object), random)
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
struct World {
    object: Object,
    register: Value,
    x: Value,
    y: Value,
    is_held: bool,
    elements: Vec<Value>,
}

impl Thing for World {
    fn question(&self, random: &mut ChaCha8Rng) -> (&'static str, Value) {
        question(self.object, random)
    }

    fn lie(&self, f: &str, random: &mut ChaCha8Rng) -> Option<Value> {
        lie(self.object, f, random)
    }

    fn answer(&mut self, f: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
        let object = self.object;
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
}

impl World {
    fn new(object: Object) -> World {
        let [register, x, y] = [Value::Null, Value::Null, Value::Null];
        World { object, register, x, y, is_held: false, elements: Vec::new() }
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
