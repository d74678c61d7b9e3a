//! Imagined objects, one of each kind, in plain JSON.
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Mutex,
    Semaphore,
    ReentrantMutex,
    FencedMutex,
    Counter,
    Set,
    Log,
    Ids,
    Stack,
    Heap,
    Kv,
}

/// An object and what it remembers.
pub(crate) struct World {
    kind: Kind,
    list: Vec<Value>,
    number: i64,
    holder: Value,
    token: i64,
    /// How many values were made, and how many there are to choose from.
    fresh: i64,
    values: i64,
}

impl World {
    pub(crate) fn new(kind: Kind, random: &mut ChaCha8Rng) -> World {
        // Mostly every value is new.
        let distinct = if kind == Kind::Kv { 0.5 } else { 0.85 };
        let values =
            if random.random_bool(distinct) { i64::MAX } else { random.random_range(1..9) };
        World { kind, list: vec![], number: 0, holder: Value::Null, token: 0, fresh: 0, values }
    }

    fn value(&mut self, random: &mut ChaCha8Rng) -> Value {
        self.fresh += 1;
        match self.values {
            i64::MAX if self.kind == Kind::Heap => {
                // New, and of no rank in particular.
                match random.random_range(0..4) {
                    0 => json!([random.random_range(0..4), self.fresh]),
                    _ => json!(self.fresh * 7919 % 101),
                }
            }
            i64::MAX => json!(self.fresh),
            few => json!(random.random_range(0..few)),
        }
    }

    /// What somebody asks next: a function and its argument.
    pub(crate) fn question(&mut self, who: u32, random: &mut ChaCha8Rng) -> (&'static str, Value) {
        let first = random.random_bool(0.5);
        let owner = if random.random_bool(0.97) { json!(who) } else { json!(who % 2) };
        match self.kind {
            Kind::Mutex => (if first { "acquire" } else { "release" }, Value::Null),
            Kind::Semaphore => (if first { "acquire" } else { "release" }, Value::Null),
            Kind::ReentrantMutex | Kind::FencedMutex => {
                let is_held = self.holder == owner;
                (if is_held && random.random_bool(0.7) { "release" } else { "acquire" }, owner)
            }
            Kind::Counter if random.random_bool(0.4) => ("read", Value::Null),
            Kind::Counter => ("add", json!(if self.values == 1 { 1 + self.fresh % 2 } else { 1 })),
            Kind::Set | Kind::Log if first => ("read", Value::Null),
            Kind::Log if random.random_bool(0.3) => ("read", json!(random.random_range(0..5))),
            Kind::Set => ("add", self.value(random)),
            Kind::Log => ("append", self.value(random)),
            Kind::Ids => ("generate", Value::Null),
            Kind::Stack | Kind::Heap if first => ("pop", Value::Null),
            Kind::Stack => ("push", self.value(random)),
            Kind::Heap => ("insert", self.value(random)),
            Kind::Kv => self.store(random),
        }
    }

    /// Does what is asked; `None` where it cannot be done.
    pub(crate) fn answer(
        &mut self,
        f: &str,
        value: &Value,
        random: &mut ChaCha8Rng,
    ) -> Option<Value> {
        match (self.kind, f) {
            (Kind::Mutex | Kind::Semaphore, _) => return self.permit(f),
            (Kind::ReentrantMutex | Kind::FencedMutex, _) => return self.lock(f, value, random),
            (Kind::Counter, "read") => return Some(json!(self.number)),
            (Kind::Counter, _) => self.number += value.as_i64()?,
            (Kind::Log, "read") if value.is_null() => return Some(json!(self.list)),
            (Kind::Log, "read") => {
                return Some(self.list.get(value.as_u64()? as usize).cloned().unwrap_or_default());
            }
            (Kind::Set, "read") => return Some(json!(self.list)),
            (Kind::Set, _) if self.list.contains(value) => (),
            (Kind::Set, _) => self.list.push(value.clone()),
            (Kind::Log, _) => {
                self.list.push(value.clone());
                let offset = json!(self.list.len() - 1);
                return Some(if random.random_bool(0.4) { offset } else { Value::Null });
            }
            (Kind::Ids, _) => {
                let new = self.value(random);
                return (!self.list.contains(&new)).then_some(new);
            }
            (Kind::Stack, "pop") => return Some(self.list.pop().unwrap_or_default()),
            (Kind::Heap, "pop") => return Some(self.least().unwrap_or_default()),
            (Kind::Stack | Kind::Heap, _) => self.list.push(value.clone()),
            (Kind::Kv, _) => return self.stored(f, value, random),
        }
        Some(Value::Null)
    }

    /// Texts, put or added; now and then other values, texts that end alike, or the same again.
    fn store(&mut self, random: &mut ChaCha8Rng) -> (&'static str, Value) {
        self.fresh += 1;
        let text = match random.random_range(0..10) {
            _ if self.values == i64::MAX => json!(format!("({})", self.fresh)),
            0 if self.values < 4 => json!("a"),
            1 if self.values < 4 => json!("ba"),
            2 if self.values < 4 => self.holder.clone(),
            _ => json!(format!("({})", self.fresh % (1 + self.values))),
        };
        match random.random_range(0..20) {
            0..7 => ("get", Value::Null),
            7..15 => ("append", if text.is_string() { text } else { json!("") }),
            15 | 16 => ("put", text),
            17 if self.values != i64::MAX => ("put", json!(self.fresh % 3)),
            17 => ("delete", Value::Null),
            _ => ("cas", json!([self.holder, text])),
        }
    }

    fn stored(&mut self, f: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
        let is_empty = |value: &Value| value.is_null() || value == "";
        match f {
            // Some reads are stale.
            "get" if random.random_bool(0.04) => return self.list.choose(random).cloned(),
            "get" => return Some(self.holder.clone()),
            "append" if is_empty(value) => (),
            "append" if is_empty(&self.holder) => self.holder = value.clone(),
            "append" => {
                self.holder = json!(format!("{}{}", self.holder.as_str()?, value.as_str()?));
            }
            "cas"
                if value[0] != self.holder && !(is_empty(&value[0]) && is_empty(&self.holder)) =>
            {
                return None;
            }
            "cas" => self.holder = value[1].clone(),
            _ => self.holder = value.clone(),
        }
        self.list.push(self.holder.clone());
        Some(Value::Null)
    }

    fn permit(&mut self, f: &str) -> Option<Value> {
        let most = if self.kind == Kind::Mutex { 1 } else { 2 };
        let after = self.number + if f == "acquire" { 1 } else { -1 };
        (0..=most).contains(&after).then(|| self.number = after)?;
        Some(Value::Null)
    }

    fn lock(&mut self, f: &str, owner: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
        let is_free = self.number == 0;
        let is_own = !is_free && self.holder == *owner;
        match f {
            "acquire" if is_free || (is_own && self.kind == Kind::ReentrantMutex) => {
                self.holder = owner.clone();
                self.number += 1;
                self.token += random.random_range(1..3);
                let is_told = self.kind == Kind::FencedMutex && random.random_bool(0.8);
                Some(if is_told { json!(self.token) } else { Value::Null })
            }
            "release" if is_own => {
                self.number -= 1;
                if self.number == 0 {
                    self.holder = Value::Null;
                }
                Some(Value::Null)
            }
            _ => None,
        }
    }

    fn least(&mut self) -> Option<Value> {
        let rank = |value: &Value| value.as_i64().or_else(|| value[0].as_i64());
        let least = (0..self.list.len()).min_by_key(|&i| rank(&self.list[i]))?;
        Some(self.list.remove(least))
    }

    /// Another answer than the true one; `None` leaves it.
    pub(crate) fn lie(&self, f: &str, answer: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
        match (self.kind, f, answer) {
            (Kind::Counter, "read", _) => Some(json!(self.number + random.random_range(-2..=2))),
            (Kind::Set | Kind::Log, "read", Value::Array(list)) => {
                let mut list = list.clone();
                match random.random_range(0..3) {
                    0 => list.truncate(list.len().saturating_sub(1)),
                    1 => list.push(json!(random.random_range(0..self.fresh + 2))),
                    _ if list.len() > 1 => {
                        list.swap(0, random.random_range(1..answer.as_array()?.len()));
                    }
                    _ => (),
                }
                Some(json!(list))
            }
            (Kind::Log, _, _) => Some(json!(random.random_range(0..self.fresh + 2))),
            (Kind::Ids, _, _) => self.list.choose(random).cloned().or(Some(json!(1))),
            (Kind::FencedMutex, "acquire", _) => {
                Some(json!(random.random_range(0..self.token + 2)))
            }
            (Kind::Kv, "get", Value::String(text)) => {
                let cut = random.random_range(0..=text.len());
                let lies = [&text[cut..], &text[..cut], &[&text[cut..], &text[..cut]].concat()];
                Some(json!(lies.choose(random)?))
            }
            (Kind::Stack | Kind::Heap, "pop", _) if random.random_bool(0.2) => Some(Value::Null),
            (Kind::Stack | Kind::Heap, "pop", _) => {
                let other = json!(random.random_range(0..self.fresh + 2));
                self.list.choose(random).cloned().or(Some(other))
            }
            _ => None,
        }
    }
}
