//! Consensus: the key `d/<instance>` has the decision. Who makes it has decided.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{If, Kv, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["consensus"],
    functions: &["propose", "read", "await"],
    client: |kv, _| Box::new(Instances(kv)),
};

struct Instances(Kv);

#[async_trait]
impl Client for Instances {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let key = format!("d/{}", key(op)?);
        match &*op.f {
            "read" => (),
            "propose" | "await" => {
                let is_open = If::Created(key.clone(), 0);
                let put = Write::Put(key.clone(), op.value.clone());
                if self.0.commit(&[is_open], vec![put]).await?.is_some() {
                    return Ok(op.value.clone());
                }
            }
            _ => return Err(unknown(op)),
        }
        Ok(self.0.get(&key).await?.map_or(Value::Null, |found| found.value))
    }
}
