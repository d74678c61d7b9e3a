//! One op as another tool wrote it.
use serde_json::{Map, Value};

use crate::{Kind, Malformed, Process};

/// An op that was read, and is not yet a row of a history.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Foreign {
    /// Where it begins in its text.
    pub(super) line: usize,
    pub(super) process: Who,
    pub(super) kind: Kind,
    pub(super) f: String,
    /// The object it is about, where the op says so beside its value.
    pub(super) key: Option<Value>,
    pub(super) value: Value,
    pub(super) time: u64,
    pub(super) index: Option<u32>,
    pub(super) node: Option<String>,
    pub(super) error: Option<Value>,
}

/// Who invokes: a client by number, or what has a name, such as the nemesis.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Client(u32),
    Named(String),
}

impl Foreign {
    /// The op that a map describes, in the words of Jepsen and of our own rows. Fields that say
    /// nothing to a checker are left out.
    ///
    /// # Errors
    /// A field that is missing or makes no sense.
    pub(super) fn from_map(line: usize, map: Map<String, Value>) -> Result<Foreign, Malformed> {
        let bad = |message: String| Malformed { line, message };
        Foreign::fill(line, map).map_err(bad)
    }

    fn fill(line: usize, mut map: Map<String, Value>) -> Result<Foreign, String> {
        let mut take = |name: &str| map.get_mut(name).map_or(Value::Null, Value::take);
        let some = |value: Value| (!value.is_null()).then_some(value);
        Ok(Foreign {
            line,
            process: who(&take("process"))?,
            kind: kind(&take("type"))?,
            f: function(take("f"))?,
            key: some(take("key")),
            value: take("value"),
            time: time(&take("time")),
            index: index(&take("index"))?,
            node: take("node").as_str().map(str::to_owned),
            error: some(take("error")),
        })
    }
}

/// Reads who invokes.
pub(super) fn who(value: &Value) -> Result<Who, String> {
    match value {
        Value::String(name) => Ok(Who::Named(name.clone())),
        Value::Null => Err("an op has no process".into()),
        _ => match serde_json::from_value(value.clone()) {
            Ok(Process::Client(number)) => Ok(Who::Client(number)),
            _ => Err(format!("the process {value} is neither a number nor a name")),
        },
    }
}

/// Reads what an op's `type` is.
pub(super) fn kind(value: &Value) -> Result<Kind, String> {
    match value.as_str() {
        Some("invoke") => Ok(Kind::Invoke),
        Some("ok") => Ok(Kind::Ok),
        Some("fail") => Ok(Kind::Fail),
        Some("info") => Ok(Kind::Info),
        _ if value.is_null() => Err("an op has no type".into()),
        _ => Err(format!("the type {value} is none of invoke, ok, fail, info")),
    }
}

/// Reads which function is asked for. Jepsen's nemesis has ops without any.
pub(super) fn function(value: Value) -> Result<String, String> {
    match value {
        Value::String(name) => Ok(name),
        Value::Null => Ok("nil".into()),
        other => Err(format!("the function {other} is not a name")),
    }
}

/// Nanoseconds since the start. Jepsen's clock can begin a little before it.
fn time(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_f64().map(|time| time as u64)).unwrap_or(0)
}

/// Jepsen marks an op that has no index with -1.
fn index(value: &Value) -> Result<Option<u32>, String> {
    match value.as_i64() {
        Some(number) if number < 0 => Ok(None),
        Some(number) => {
            u32::try_from(number).map(Some).map_err(|_| format!("the index {number} is too large"))
        }
        None if value.is_null() => Ok(None),
        None => Err(format!("the index {value} is not a number")),
    }
}
