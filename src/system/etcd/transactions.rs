//! Transactions of a few reads and writes: read all at one moment, decide, and write where nothing
//! that was read has changed since.
//!
//! A register or a list is the key `t/<key>`, or, in groups, `t/<group>/<name>`. What is only
//! written need not be read. A transaction that was overtaken did nothing.
use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::{
    family::Family,
    kv::{If, Kv, Range, Write, definite},
};

/// Micro-operations `["r",k,null]`, `["w",k,v]` and `["append",k,v]`.
pub(super) const FAMILY: Family = Family {
    workloads: &["append", "long-fork", "rw-register"],
    functions: &["read", "txn", "write"],
    client: |kv, _| Box::new(Transactions(kv)),
};

/// Micro-operations `["read",name,null]` and `["write",name,v]`, in groups.
pub(super) const NAMED: Family = Family {
    workloads: &["multi-register"],
    functions: &["txn"],
    client: |kv, _| Box::new(Transactions(kv)),
};

struct Transactions(Kv);

#[async_trait]
impl Client for Transactions {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let mops = op.value.as_array().context("a transaction is a list")?;
        let mut txn = Txn::default();
        let asked: Vec<String> =
            mops.iter().filter(|mop| reads(mop)).map(|mop| key(op, mop)).collect();
        if !asked.is_empty() {
            let ranges: Vec<Range> = asked.iter().map(Range::key).collect();
            for (key, found) in asked.into_iter().zip(self.0.snapshot(&ranges).await?) {
                let at = found.first().map_or(0, |found| found.modified);
                txn.conditions.push(If::Unmodified(key.clone(), at));
                txn.state.insert(key, found.into_iter().next().map_or(Value::Null, |f| f.value));
            }
        }
        let answers: Value = mops.iter().map(|mop| txn.apply(key(op, mop), mop)).collect();
        if !txn.written.is_empty() {
            let writes = txn.written.into_iter().map(|(key, value)| Write::Put(key, value));
            let done = self.0.commit(&txn.conditions, writes.collect()).await?;
            done.ok_or_else(|| definite("overtaken by another transaction"))?;
        }
        Ok(answers)
    }
}

/// Whether a micro-operation needs to know what was there.
fn reads(mop: &Value) -> bool {
    !is_write(mop)
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
    /// What it writes.
    written: BTreeMap<String, Value>,
}

impl Txn {
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
}
