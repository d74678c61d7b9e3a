//! Sets that grow: the key `s/<element>` each, or, of many sets, `s/<key>/<element>`.
use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{Found, Kv, Range, Write},
};

/// One set.
pub(super) const FAMILY: Family = Family {
    workloads: &["set", "set-full"],
    functions: &["add", "read"],
    client: |kv, _| Box::new(Sets { kv, is_keyed: false }),
};

/// One a key.
pub(super) const KEYED: Family = Family {
    workloads: &["causal-reverse"],
    functions: &["write", "read"],
    client: |kv, _| Box::new(Sets { kv, is_keyed: true }),
};

struct Sets {
    kv: Kv,
    is_keyed: bool,
}

#[async_trait]
impl Client for Sets {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let prefix = if self.is_keyed { format!("s/{}/", key(op)?) } else { "s/".to_owned() };
        match &*op.f {
            "add" | "write" => {
                let put = Write::Put(format!("{prefix}{}", op.value), op.value.clone());
                self.kv.write(put).await?;
                Ok(op.value.clone())
            }
            "read" => {
                let found = self.kv.range(Range::prefix(&*prefix).without_values()).await?;
                Ok(found
                    .iter()
                    .map(|found| element(&prefix, found))
                    .collect::<anyhow::Result<_>>()?)
            }
            _ => Err(unknown(op)),
        }
    }
}

fn element(prefix: &str, found: &Found) -> anyhow::Result<Value> {
    let element = found.key.strip_prefix(prefix).context("a key outside the set")?;
    serde_json::from_str(element).context("an element that nobody added")
}
