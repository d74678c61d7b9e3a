//! A log in partitions: the key `l/<key>/<offset>` for each record, and `end/<key>` with the
//! offset of the next.
//!
//! What a call polls and how far the partitions reach, it reads at one moment; it appends where
//! none of these has grown since. How far a process has come, only its client knows.
use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use checkers::{Op, Process};
use serde_json::{Map, Value, json};
use workloads::{Client, Failure};

use super::{
    family::{Family, unknown},
    kv::{Found, If, Kv, Range, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["log"],
    functions: &["assign", "crash", "send", "poll", "txn"],
    client: |kv, _| Box::new(Log { kv, process: None, reader: BTreeMap::new() }),
};

/// Records of a key that one poll brings.
const POLLED_MAX: u32 = 20;

struct Log {
    kv: Kv,
    /// Whose position this is.
    process: Option<Process>,
    /// The offset to poll next, of each key that is polled.
    reader: BTreeMap<u64, u64>,
}

#[async_trait]
impl Client for Log {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        if self.process.replace(op.process) != Some(op.process) {
            self.reader.clear();
        }
        match &*op.f {
            "assign" => {
                let keys = op.value.as_array().into_iter().flatten().filter_map(Value::as_u64);
                let had = std::mem::take(&mut self.reader);
                self.reader = keys.map(|key| (key, had.get(&key).copied().unwrap_or(0))).collect();
                Ok(op.value.clone())
            }
            "crash" => Err(Failure::Indefinite("crashed, as it was told to".into())),
            "send" | "poll" | "txn" => self.transaction(op).await,
            _ => Err(unknown(op)),
        }
    }
}

impl Log {
    async fn transaction(&mut self, op: &Op) -> Result<Value, Failure> {
        let parts = op.value.as_array().context("a transaction is a list")?;
        let mut txn = self.begin(parts).await?;
        let answers: Result<Vec<Value>, _> = parts.iter().map(|part| txn.answer(part)).collect();
        let answers = answers?;
        if !txn.writes.is_empty() {
            let why = "overtaken by another transaction";
            self.kv.commit_or(&txn.conditions, txn.writes, why).await?;
        }
        self.reader = txn.reader;
        Ok(answers.into())
    }

    /// Reads, at one moment, the ends of all keys that are sent to or polled, and the records that
    /// are polled.
    async fn begin(&mut self, parts: &[Value]) -> Result<Txn, Failure> {
        let mut polled = self.reader.clone();
        if parts.iter().all(|part| part[0] != "poll") {
            polled.clear();
        }
        let sent = parts.iter().filter_map(|part| part[1].as_u64());
        let mut keys: Vec<u64> = polled.keys().copied().chain(sent).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut txn = Txn { reader: self.reader.clone(), ..Txn::default() };
        if keys.is_empty() {
            return Ok(txn);
        }
        let records = polled
            .iter()
            .map(|(key, from)| Range::from(&format!("l/{key}/"), record(*key, *from), POLLED_MAX));
        let ranges: Vec<Range> =
            keys.iter().map(|key| Range::key(end(*key))).chain(records).collect();
        let mut found = self.kv.snapshot(&ranges).await?.into_iter();
        for (key, found) in keys.iter().zip(&mut found) {
            txn.conditions.push(If::unchanged(end(*key), found.first()));
            let next = found.first().and_then(|found| found.value.as_u64()).unwrap_or(0);
            txn.ends.insert(*key, next);
        }
        txn.records = polled.into_keys().zip(found).collect();
        Ok(txn)
    }
}

/// A transaction between its reads and its writes.
#[derive(Default)]
struct Txn {
    conditions: Vec<If>,
    writes: Vec<Write>,
    /// Of each key, the offset of the next record.
    ends: BTreeMap<u64, u64>,
    /// What is there to poll.
    records: BTreeMap<u64, Vec<Found>>,
    /// The offset to poll next, of each key that is polled.
    reader: BTreeMap<u64, u64>,
}

impl Txn {
    fn answer(&mut self, part: &Value) -> anyhow::Result<Value> {
        if part[0] == "poll" {
            return Ok(json!(["poll", self.poll()?]));
        }
        let key = part[1].as_u64().context("sent where?")?;
        let offset = self.ends.insert(key, 0).unwrap_or(0);
        self.ends.insert(key, offset + 1);
        // A key may be written once in a transaction.
        self.writes.retain(|write| !matches!(write, Write::Put(other, _) if *other == end(key)));
        self.writes.push(Write::Put(end(key), (offset + 1).into()));
        self.writes.push(Write::Put(record(key, offset), part[2].clone()));
        Ok(json!(["send", key, [offset, part[2]]]))
    }

    /// Everything that was there to poll, once.
    fn poll(&mut self) -> anyhow::Result<Value> {
        let mut polled = Map::new();
        for (key, records) in std::mem::take(&mut self.records) {
            let records: Vec<(u64, Value)> = records
                .into_iter()
                .map(|found| Ok((offset(&found.key)?, found.value)))
                .collect::<anyhow::Result<_>>()?;
            if let Some((last, _)) = records.last() {
                self.reader.insert(key, last + 1);
                polled.insert(key.to_string(), json!(records));
            }
        }
        Ok(polled.into())
    }
}

fn end(key: u64) -> String {
    format!("end/{key}")
}

/// Wide enough for keys to be in the order of offsets.
fn record(key: u64, offset: u64) -> String {
    format!("l/{key}/{offset:012}")
}

fn offset(key: &str) -> anyhow::Result<u64> {
    let (_, offset) = key.rsplit_once('/').context("a key outside the log")?;
    offset.parse().context("a record that nobody sent")
}
