//! A counter in one key: read, add, and written where it has not changed since.
use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, unknown},
    kv::{If, Kv, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["counter"],
    functions: &["increment", "decrement", "read"],
    client: |kv, _| Box::new(Counter(kv)),
};

const KEY: &str = "counter";

struct Counter(Kv);

#[async_trait]
impl Client for Counter {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let sign = match &*op.f {
            "read" => 0,
            "increment" => 1,
            "decrement" => -1,
            _ => return Err(unknown(op)),
        };
        let found = self.0.get(KEY).await?;
        let held = found.as_ref().and_then(|found| found.value.as_i64()).unwrap_or(0);
        if sign == 0 {
            return Ok(held.into());
        }
        let step = op.value.as_i64().context("by how much?")?;
        let unchanged = If::unchanged(KEY, found.as_ref());
        let put = Write::Put(KEY.into(), (held + sign * step).into());
        self.0.commit_or(&[unchanged], vec![put], "overtaken by another add").await?;
        Ok(op.value.clone())
    }
}
