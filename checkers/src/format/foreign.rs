//! One op as another tool wrote it.
use std::borrow::Cow;

use serde_json::Value;

use super::edn;
use crate::Kind;

/// A form, read no further than is needed: most of a history are words that say who and what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Part<'t> {
    /// `nil`, or nothing.
    #[default]
    Nil,
    /// A word as it stands in the text.
    Word(&'t str),
    /// Anything else.
    Form(Value),
}

impl<'t> Part<'t> {
    /// As JSON says it.
    pub(super) fn value(self) -> Result<Value, String> {
        match self {
            Part::Nil => Ok(Value::Null),
            Part::Word(word) => edn::word(word),
            Part::Form(value) => Ok(value),
        }
    }

    /// A name: a text, or what anything else looks like.
    pub(super) fn text(self) -> Result<Cow<'t, str>, String> {
        if let Some(name) = self.keyword() {
            return Ok(name.into());
        }
        Ok(match self.value()? {
            Value::String(text) => text.into(),
            other => other.to_string().into(),
        })
    }

    /// The name of a keyword that is spelt as most are.
    fn keyword(&self) -> Option<&'t str> {
        let Part::Word(word) = self else { return None };
        let name = word.strip_prefix(':')?;
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then_some(name)
    }

    /// A whole number that is spelt as most are.
    fn number(&self) -> Option<u64> {
        let Part::Word(word) = self else { return None };
        word.parse().ok()
    }
}

/// An op that was read, and is not yet a row of a history.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Foreign<'t> {
    /// Where it begins in its text.
    pub(super) line: usize,
    pub(super) process: Who,
    pub(super) kind: Kind,
    pub(super) f: Cow<'t, str>,
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
pub(super) struct Fields<'t> {
    process: Part<'t>,
    kind: Part<'t>,
    f: Part<'t>,
    key: Part<'t>,
    value: Part<'t>,
    time: Part<'t>,
    index: Part<'t>,
    node: Part<'t>,
    error: Part<'t>,
}

impl<'t> Fields<'t> {
    /// Where the field of this name goes; fields that say nothing to a checker go nowhere.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Part<'t>> {
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
    pub(super) fn op(self, line: usize) -> Result<Foreign<'t>, String> {
        let some = |part: Part<'t>| match part {
            Part::Nil => Ok(None),
            part => part.value().map(Some),
        };
        Ok(Foreign {
            line,
            process: who(self.process)?,
            kind: kind(self.kind)?,
            f: function(self.f)?,
            key: some(self.key)?,
            value: self.value.value()?,
            time: time(self.time)?,
            index: index(self.index)?,
            node: self.node.value()?.as_str().map(str::to_owned),
            error: some(self.error)?,
        })
    }
}

/// Reads who invokes. The largest number stands for nobody in a history.
pub(super) fn who(part: Part<'_>) -> Result<Who, String> {
    let is_nobody = |number: &u32| *number == u32::MAX;
    if let Some(number) = part.number().and_then(|number| u32::try_from(number).ok())
        && !is_nobody(&number)
    {
        return Ok(Who::Client(number));
    }
    match part.value()? {
        Value::String(name) => Ok(Who::Named(name)),
        Value::Null => Err("an op has no process".into()),
        value => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number
                .filter(|number| !is_nobody(number))
                .map(Who::Client)
                .ok_or_else(|| format!("the process {value} is neither a number nor a name"))
        }
    }
}

/// Reads what an op's `type` is.
pub(super) fn kind(part: Part<'_>) -> Result<Kind, String> {
    if matches!(part, Part::Nil) {
        return Err("an op has no type".into());
    }
    match &*part.text()? {
        "invoke" => Ok(Kind::Invoke),
        "ok" => Ok(Kind::Ok),
        "fail" => Ok(Kind::Fail),
        "info" => Ok(Kind::Info),
        other => Err(format!("the type {other:?} is none of invoke, ok, fail, info")),
    }
}

/// Reads which function is asked for. Jepsen's nemesis has ops without any.
pub(super) fn function(part: Part<'_>) -> Result<Cow<'_, str>, String> {
    if let Some(name) = part.keyword() {
        return Ok(name.into());
    }
    match part.value()? {
        Value::String(name) => Ok(name.into()),
        Value::Null => Ok("nil".into()),
        other => Err(format!("the function {other} is not a name")),
    }
}

/// Nanoseconds since the start. Jepsen's clock can begin a little before it.
fn time(part: Part<'_>) -> Result<u64, String> {
    if let Some(time) = part.number() {
        return Ok(time);
    }
    let value = part.value()?;
    Ok(value.as_u64().or_else(|| value.as_f64().map(|time| time as u64)).unwrap_or(0))
}

/// Jepsen marks an op that has no index with -1.
fn index(part: Part<'_>) -> Result<Option<u32>, String> {
    let value = part.value()?;
    match value.as_i64() {
        Some(number) if number < 0 => Ok(None),
        Some(number) => {
            u32::try_from(number).map(Some).map_err(|_| format!("the index {number} is too large"))
        }
        None if value.is_null() => Ok(None),
        None => Err(format!("the index {value} is not a number")),
    }
}
