//! Values that grow: the key `m/<value>` each, whose revision is its timestamp, and the largest in
//! the key `largest`.
use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::{
    family::{Family, unknown},
    kv::{Found, If, Kv, Range, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["monotonic"],
    functions: &["add", "read"],
    client: |kv, _| Box::new(Table(kv)),
};

const LARGEST: &str = "largest";

struct Table(Kv);

#[async_trait]
impl Client for Table {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        match &*op.f {
            "read" => {
                let found = self.0.range(Range::prefix("m/").without_values()).await?;
                Ok(found.iter().map(row).collect::<anyhow::Result<_>>()?)
            }
            "add" => self.add().await,
            _ => Err(unknown(op)),
        }
    }
}

impl Table {
    async fn add(&mut self) -> Result<Value, Failure> {
        let found = self.0.get(LARGEST).await?;
        let more = found.as_ref().and_then(|found| found.value.as_i64()).unwrap_or(0) + 1;
        let unchanged = If::unchanged(LARGEST, found.as_ref());
        let writes = [LARGEST.to_owned(), format!("m/{more}")];
        let writes = writes.map(|key| Write::Put(key, more.into())).to_vec();
        let revision = self.0.commit_or(&[unchanged], writes, "overtaken by another add").await?;
        Ok(json!([more, revision]))
    }
}

fn row(found: &Found) -> anyhow::Result<Value> {
    let value = found.key.strip_prefix("m/").context("a key outside the table")?;
    let value: i64 = value.parse().context("a value that nobody added")?;
    Ok(json!([value, found.modified]))
}
