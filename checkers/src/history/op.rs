//! An op: an invocation, or how it ended.
use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use super::{NONE, Text};
use crate::{
    datum::number,
    decode::{self, decode},
};

/// Nanoseconds since the start of the run.
pub type Nanos = u64;

/// One op, as the controller writes it: an invocation or a completion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Op {
    /// Position in the history, from 0, without gaps.
    pub index: u32,
    /// When it was written down.
    pub time: Nanos,
    /// Of an invocation, when it should have begun, where that was earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Nanos>,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The function asked for.
    pub f: Arc<str>,
    /// Which independent object it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// The argument, or the answer.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
    /// Why it did not end `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// The node the client was connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Arc<str>>,
}

/// An invocation, or one of the three ways it can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The question, written before it is sent.
    Invoke,
    /// It happened, and this is the answer.
    Ok,
    /// It certainly did not happen, and never will.
    Fail,
    /// It may have happened, may happen at any later time, or never.
    Info,
}

/// Who invokes. A client process never invokes again after an `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Process {
    /// A logical client.
    Client(u32),
    /// The process that injects faults.
    Nemesis,
}

/// One op of a history, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub struct OpRef<'h> {
    /// Row number: the op's place in the whole history, from 0.
    pub row: u32,
    /// The `index` the history gives it; the row number where it gives none.
    pub index: u32,
    /// Nanoseconds since the start; 0 where the history has no times.
    pub time: Nanos,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    pub kind: Kind,
    /// The function asked for.
    pub f: &'h str,
    /// Which independent object it is about.
    pub key: Option<u32>,
    /// The argument or the answer, as JSON text.
    pub value: Text<'h>,
    /// The node the client was connected to.
    pub node: Option<&'h str>,
}

impl OpRef<'_> {
    /// Reads `f` and `value` as an enum tagged by `f`.
    ///
    /// # Errors
    /// As serde finds them.
    pub fn decode<I: DeserializeOwned>(&self) -> Result<I, serde_json::Error> {
        decode(self.f, self.value.as_bytes())
    }

    /// The op as a line of JSON, without its end.
    pub(super) fn to_json(self) -> String {
        let op = Op {
            index: self.index,
            time: self.time,
            due: None,
            process: self.process,
            kind: self.kind,
            f: self.f.into(),
            key: self.key,
            value: decode::answer(self.value.as_bytes()).unwrap_or_default(),
            error: None,
            node: self.node.map(Into::into),
        };
        number::spell(&serde_json::to_string(&op).expect("an op is always JSON"))
    }
}

impl Serialize for Process {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Process::Client(number) => s.serialize_u32(*number),
            Process::Nemesis => s.serialize_str("nemesis"),
        }
    }
}

impl<'de> Deserialize<'de> for Process {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Process, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Process;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a process: a number, or \"nemesis\"")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Process, E> {
                match u32::try_from(number) {
                    Ok(number) if number != NONE => Ok(Process::Client(number)),
                    _ => Err(E::custom(format!("process {number} is out of range"))),
                }
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Process, E> {
                match name {
                    "nemesis" => Ok(Process::Nemesis),
                    _ => {
                        Err(E::custom(format!("process \"{name}\" is neither number nor nemesis")))
                    }
                }
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Client(number) => write!(f, "process {number}"),
            Process::Nemesis => f.write_str("the nemesis"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Invoke => "invoke",
            Kind::Ok => "ok",
            Kind::Fail => "fail",
            Kind::Info => "info",
        })
    }
}
