//! Registers: the key `r/<key>` each.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{If, Kv, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["register", "causal"],
    functions: &["read", "write", "cas"],
    client: |kv, _| Box::new(Registers(kv)),
};

struct Registers(Kv);

#[async_trait]
impl Client for Registers {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let key = format!("r/{}", key(op)?);
        match &*op.f {
            "read" => return Ok(self.0.get(&key).await?.map_or(Value::Null, |found| found.value)),
            "write" => drop(self.0.write(Write::Put(key, op.value.clone())).await?),
            "cas" => {
                let is_old = If::Is(key.clone(), op.value[0].clone());
                let put = Write::Put(key, op.value[1].clone());
                self.0.commit_or(&[is_old], vec![put], "it had another value").await?;
            }
            _ => return Err(unknown(op)),
        }
        Ok(op.value.clone())
    }
}
