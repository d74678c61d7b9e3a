//! Transactions of a few reads and writes: read all at one moment, decide, and write where nothing
//! that was read has changed since.
//!
//! A register or a list is the key `t/<key>`, or, in groups, `t/<group>/<name>`. What is only
//! written need not be read. A transaction that was overtaken did nothing.
//!
//! Every write of a key has a revision, which orders the versions of a register: reads and writes
//! pass it on, `["w",k,v,17]`, but for what no other transaction can have seen.
use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::{
    family::Family,
    kv::{Found, If, Kv, Range, Write},
};

/// Micro-operations `["r",k,null]` and `["append",k,v]`, or `["w",k,v]`.
pub(super) const FAMILY: Family = Family {
    workloads: &["append", "long-fork"],
    functions: &["read", "txn", "write"],
    client: |kv, _| Box::new(Transactions { kv, is_numbered: false }),
};

/// Micro-operations `["r",k,null]` and `["w",k,v]`, answered with revisions.
pub(super) const NUMBERED: Family = Family {
    workloads: &["rw-register"],
    functions: &["txn"],
    client: |kv, _| Box::new(Transactions { kv, is_numbered: true }),
};

/// Micro-operations `["read",name,null]` and `["write",name,v]`, in groups.
pub(super) const NAMED: Family = Family {
    workloads: &["multi-register"],
    functions: &["txn"],
    client: |kv, _| Box::new(Transactions { kv, is_numbered: false }),
};

struct Transactions {
    kv: Kv,
    /// Whether answers say which revision wrote what was read or written.
    is_numbered: bool,
}

#[async_trait]
impl Client for Transactions {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let mops = op.value.as_array().context("a transaction is a list")?;
        let mut txn = Txn::default();
        let asked = mops.iter().filter(|mop| !is_write(mop)).map(|mop| key(op, mop));
        let asked: Vec<String> = asked.collect();
        if !asked.is_empty() {
            let ranges: Vec<Range> = asked.iter().map(Range::key).collect();
            for (key, found) in asked.into_iter().zip(self.kv.snapshot(&ranges).await?) {
                txn.read(key, found.into_iter().next());
            }
        }
        let mut answers: Vec<Value> = mops.iter().map(|mop| txn.apply(key(op, mop), mop)).collect();
        let mut revision = None;
        if !txn.written.is_empty() {
            let writes =
                txn.written.iter().map(|(key, value)| Write::Put(key.clone(), value.clone()));
            let why = "overtaken by another transaction";
            revision = Some(self.kv.commit_or(&txn.conditions, writes.collect(), why).await?);
        }
        if self.is_numbered {
            txn.number(&mut answers, |mop| key(op, mop), revision);
        }
        Ok(answers.into())
    }
}

fn is_write(mop: &Value) -> bool {
    mop[0] == "w" || mop[0] == "write"
}

fn key(op: &Op, mop: &Value) -> String {
    match (op.key, &mop[1]) {
        (Some(group), Value::String(name)) => format!("t/{group}/{name}"),
        (_, key) => format!("t/{key}"),
    }
}

/// A transaction between its reads and its writes.
#[derive(Default)]
struct Txn {
    conditions: Vec<If>,
    /// What it sees.
    state: BTreeMap<String, Value>,
    /// Which revisions wrote what it read from others.
    revisions: BTreeMap<String, i64>,
    /// What it writes.
    written: BTreeMap<String, Value>,
}

impl Txn {
    /// Takes in what a key was at first.
    fn read(&mut self, key: String, found: Option<Found>) {
        self.conditions.push(If::unchanged(key.clone(), found.as_ref()));
        if let Some(Found { value, modified, .. }) = found {
            self.revisions.insert(key.clone(), modified);
            self.state.insert(key, value);
        }
    }

    /// Does a micro-operation, and says what comes of it.
    fn apply(&mut self, key: String, mop: &Value) -> Value {
        let held = self.state.entry(key.clone()).or_default();
        if mop[0] == "append" {
            let mut list = held.as_array().cloned().unwrap_or_default();
            list.push(mop[2].clone());
            *held = list.into();
        } else if is_write(mop) {
            held.clone_from(&mop[2]);
        } else {
            return json!([mop[0], mop[1], held]);
        }
        self.written.insert(key, held.clone());
        mop.clone()
    }

    /// Adds the revisions to its answers: to reads until it writes the key itself, and to the last
    /// write of a key. The earlier ones left nothing that has one.
    fn number(&self, answers: &mut [Value], key: impl Fn(&Value) -> String, own: Option<i64>) {
        let mut written = BTreeMap::new();
        for (place, mop) in answers.iter_mut().enumerate() {
            let key = key(mop);
            let revision = self.revisions.get(&key).filter(|_| !written.contains_key(&key));
            if is_write(mop) {
                written.insert(key, place);
            } else if let (Some(revision), Value::Array(parts)) = (revision, mop) {
                parts.push((*revision).into());
            }
        }
        for place in written.into_values() {
            if let (Some(revision), Value::Array(parts)) = (own, &mut answers[place]) {
                parts.push(revision.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_sees_what_it_wrote_itself() {
        let mut txn = Txn { state: BTreeMap::from([("t/1".into(), json!([4]))]), ..Txn::default() };
        let mut apply = |mop: Value| txn.apply("t/1".into(), &mop);
        assert_eq!(apply(json!(["r", 1, null])), json!(["r", 1, [4]]));
        assert_eq!(apply(json!(["append", 1, 5])), json!(["append", 1, 5]));
        assert_eq!(apply(json!(["r", 1, null])), json!(["r", 1, [4, 5]]));
        assert_eq!(apply(json!(["w", 1, 6])), json!(["w", 1, 6]));
        assert_eq!(txn.written, BTreeMap::from([("t/1".into(), json!(6))]));
    }

    #[test]
    fn revisions_go_with_what_others_can_have_seen() {
        let found = |modified| Found {
            key: String::new(),
            value: json!(4),
            created: 2,
            modified,
            lease: 0,
        };
        let mut txn = Txn::default();
        txn.read("1".into(), Some(found(7)));
        txn.read("2".into(), None);
        let mut answers = vec![
            json!(["r", 1, 4]),
            json!(["w", 1, 5]),
            json!(["r", 1, 5]),
            json!(["w", 1, 6]),
            json!(["r", 2, null]),
            json!(["w", 3, 1]),
        ];
        txn.number(&mut answers, |mop| mop[1].to_string(), Some(9));
        let expected = json!([
            ["r", 1, 4, 7],
            ["w", 1, 5],
            ["r", 1, 5],
            ["w", 1, 6, 9],
            ["r", 2, null],
            ["w", 3, 1, 9],
        ]);
        assert_eq!(Value::from(answers), expected);
    }
}
