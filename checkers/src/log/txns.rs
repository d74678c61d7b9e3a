//! What processes asked of a log and what they were told, decoded.
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::{Datum, History, Malformed, Outcome, Process};

/// All of it. Keys and values are numbers; a value belongs to its key.
#[derive(Default)]
pub(super) struct Txns {
    pub(super) all: Vec<Txn>,
    /// What each process did, in order of invocation.
    pub(super) steps: Vec<(Process, Step)>,
    /// The keys by name.
    pub(super) keys: Vec<Value>,
    /// The values, each with its key.
    pub(super) values: Vec<(u32, Datum)>,
    /// Who sends each value: the transaction most likely to have done so.
    pub(super) senders: Vec<Option<u32>>,
    pub(super) has_subscribed: bool,
    key_numbers: FxHashMap<String, u32>,
    value_numbers: FxHashMap<(u32, Datum), u32>,
}

/// Something a process does.
pub(super) enum Step {
    Txn(u32),
    Assign(Vec<u32>),
    Subscribe,
}

/// A transaction.
pub(super) struct Txn {
    pub(super) invoked: u32,
    /// The row of its answer, or where there is none of its invocation.
    pub(super) row: u32,
    pub(super) fate: Fate,
    pub(super) acts: Vec<Act>,
    pub(super) has_poll: bool,
}

impl Txn {
    /// The records that its polls had.
    pub(super) fn polled(&self) -> impl Iterator<Item = &Record> {
        let polls = self.acts.iter().filter_map(|act| match act {
            Act::Poll(records) => Some(records),
            Act::Send { .. } => None,
        });
        polls.flatten()
    }
}

/// How a transaction ended, the least certain to have happened first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Failed,
    Unknown,
    Happened,
}

/// A part of a transaction. Of one that was not answered, only what it sends is known.
pub(super) enum Act {
    Send { key: u32, value: u32, offset: Option<i64> },
    Poll(Vec<Record>),
}

/// What is at an offset of a key.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) key: u32,
    pub(super) offset: i64,
    pub(super) value: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Assign(Vec<Value>),
    Subscribe,
    Crash,
    Send(Vec<Part>),
    Poll(Vec<Part>),
    Txn(Vec<Part>),
}

/// `["send",k,v]`, `["send",k,[offset,v]]`, `["poll"]` or `["poll",{k:[[offset,v],..]}]`.
struct Part {
    key: Option<Value>,
    value: Value,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Part, D::Error> {
        let mut parts = Vec::<Value>::deserialize(d)?.into_iter();
        let verb = parts.next();
        match (verb.as_ref().and_then(Value::as_str), parts.next(), parts.next()) {
            (Some("send"), key @ Some(_), Some(value)) => Ok(Part { key, value }),
            (Some("poll"), polled, None) => {
                Ok(Part { key: None, value: polled.unwrap_or_default() })
            }
            _ => Err(D::Error::custom("a part is [\"send\",k,v] or [\"poll\"]")),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    Parts(Vec<Part>),
    Other(serde::de::IgnoredAny),
}

impl Txns {
    /// Reads all of it.
    pub(super) fn read(history: &History) -> Result<Txns, Malformed> {
        let mut txns = Txns::default();
        for call in history.calls::<Input, Output>()? {
            let step = match call.input {
                Input::Crash => continue,
                Input::Subscribe | Input::Assign(_) if matches!(call.outcome, Outcome::Fail) => {
                    continue;
                }
                Input::Subscribe => {
                    txns.has_subscribed = true;
                    Step::Subscribe
                }
                Input::Assign(keys) => Step::Assign(keys.iter().map(|key| txns.key(key)).collect()),
                Input::Send(asked) | Input::Poll(asked) | Input::Txn(asked) => {
                    let txn = txns.txn(call.invoked, &asked, call.outcome);
                    let bad = |message| bad(history, call.invoked, message);
                    txns.all.push(txn.map_err(bad)?);
                    Step::Txn(txns.all.len() as u32 - 1)
                }
            };
            txns.steps.push((call.process, step));
        }
        txns.find_senders();
        Ok(txns)
    }

    /// How many records all polls together had.
    pub(super) fn polled(&self) -> usize {
        self.all.iter().map(|txn| txn.polled().count()).sum()
    }

    fn txn(
        &mut self,
        invoked: u32,
        asked: &[Part],
        outcome: Outcome<Output>,
    ) -> Result<Txn, &'static str> {
        let has_poll = asked.iter().any(|part| part.key.is_none());
        let (row, fate, answered) = match outcome {
            Outcome::Ok { completed, output: Output::Parts(parts) } => {
                (completed, Fate::Happened, Some(parts))
            }
            Outcome::Ok { output: Output::Other(_), .. } => return Err("its answer is no list"),
            Outcome::Fail => (invoked, Fate::Failed, None),
            Outcome::Info => (invoked, Fate::Unknown, None),
        };
        let mut acts = Vec::new();
        for part in answered.as_deref().unwrap_or(asked) {
            match (&part.key, answered.is_some()) {
                (Some(key), is_answer) => acts.push(self.send(key, &part.value, is_answer)),
                (None, true) => acts.push(Act::Poll(self.poll(&part.value)?)),
                (None, false) => (),
            }
        }
        Ok(Txn { invoked, row, fate, acts, has_poll })
    }

    fn send(&mut self, key: &Value, value: &Value, is_answer: bool) -> Act {
        let key = self.key(key);
        match value.as_array().map(Vec::as_slice) {
            Some([offset, sent]) if is_answer => {
                Act::Send { key, value: self.value(key, sent), offset: offset.as_i64() }
            }
            _ => Act::Send { key, value: self.value(key, value), offset: None },
        }
    }

    fn poll(&mut self, polled: &Value) -> Result<Vec<Record>, &'static str> {
        let mut records = Vec::new();
        for (key, of_key) in polled.as_object().into_iter().flatten() {
            let key = self.key(&Value::from(&**key));
            for record in of_key.as_array().into_iter().flatten() {
                let offset = record[0].as_i64().ok_or("a polled record is [offset, value]")?;
                records.push(Record { key, offset, value: self.value(key, &record[1]) });
            }
        }
        Ok(records)
    }

    /// The number of a key. A poll names it as text, since JSON has no other keys.
    fn key(&mut self, key: &Value) -> u32 {
        let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        let new = self.keys.len() as u32;
        let number = *self.key_numbers.entry(name).or_insert(new);
        if number == new {
            self.keys.push(key.clone());
        }
        number
    }

    fn value(&mut self, key: u32, value: &Value) -> u32 {
        let new = self.values.len() as u32;
        let value = Datum::from(value.clone());
        let number = *self.value_numbers.entry((key, value.clone())).or_insert(new);
        if number == new {
            self.values.push((key, value));
        }
        number
    }

    fn find_senders(&mut self) {
        let mut senders: Vec<Option<u32>> = vec![None; self.values.len()];
        for (number, txn) in self.all.iter().enumerate() {
            for act in &txn.acts {
                let Act::Send { value, .. } = act else { continue };
                let sender = &mut senders[*value as usize];
                if sender.is_none_or(|other: u32| self.all[other as usize].fate < txn.fate) {
                    *sender = Some(number as u32);
                }
            }
        }
        self.senders = senders;
    }

    /// How the transaction ended that sent a value, where anybody did.
    pub(super) fn fate_of(&self, value: u32) -> Option<Fate> {
        self.senders[value as usize].map(|txn| self.all[txn as usize].fate)
    }
}

fn bad(history: &History, row: u32, message: &str) -> Malformed {
    history.malformed(row, &serde_json::Error::custom(message))
}
