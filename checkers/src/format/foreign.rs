//! One op as another tool wrote it.
use serde::Deserialize;
use serde_json::Value;

use crate::{Kind, Process};

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

/// The fields of an op in the words of Jepsen and of our own rows; `null` where one is missing.
#[derive(Default)]
pub(super) struct Fields {
    process: Value,
    kind: Value,
    f: Value,
    key: Value,
    value: Value,
    time: Value,
    index: Value,
    node: Value,
    error: Value,
}

impl Fields {
    /// Where the field of this name goes; fields that say nothing to a checker go nowhere.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Value> {
        Some(match name {
            "process" => &mut self.process,
            "type" => &mut self.kind,
            "f" => &mut self.f,
            "key" => &mut self.key,
            "value" => &mut self.value,
            "time" => &mut self.time,
            "index" => &mut self.index,
            "node" => &mut self.node,
            "error" => &mut self.error,
            _ => return None,
        })
    }

    /// The op that they make, on this line; or what is missing or makes no sense.
    pub(super) fn op(self, line: usize) -> Result<Foreign, String> {
        let some = |value: Value| (!value.is_null()).then_some(value);
        Ok(Foreign {
            line,
            process: who(&self.process)?,
            kind: kind(&self.kind)?,
            f: function(self.f)?,
            key: some(self.key),
            value: self.value,
            time: time(&self.time),
            index: index(&self.index)?,
            node: self.node.as_str().map(str::to_owned),
            error: some(self.error),
        })
    }
}

/// Reads who invokes.
pub(super) fn who(value: &Value) -> Result<Who, String> {
    match value {
        Value::String(name) => Ok(Who::Named(name.clone())),
        Value::Null => Err("an op has no process".into()),
        _ => match Process::deserialize(value) {
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
