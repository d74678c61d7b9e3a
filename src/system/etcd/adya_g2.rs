//! Rows of a key: `g/<key>/<row>` each, made where there is none of that key yet.
use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{If, Kv, Range, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["adya-g2"],
    functions: &["insert", "read"],
    client: |kv, _| Box::new(Tables(kv)),
};

struct Tables(Kv);

#[async_trait]
impl Client for Tables {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let prefix = format!("g/{}/", key(op)?);
        match &*op.f {
            "read" => {
                let rows = self.0.range(Range::prefix(prefix)).await?;
                Ok(rows.into_iter().map(|row| row.value).collect())
            }
            "insert" => {
                let mut ids = op.value.as_array().into_iter().flatten();
                let id = ids.find(|id| !id.is_null()).context("an insert of nothing")?;
                let put = Write::Put(format!("{prefix}{id}"), id.clone());
                let is_none = If::NoneBegins(prefix);
                self.0.commit_or(&[is_none], vec![put], "there is a row").await?;
                Ok(op.value.clone())
            }
            _ => Err(unknown(op)),
        }
    }
}
