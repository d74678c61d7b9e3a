//! Locks that do not expire: the key `lock/<key>` each, with the holder in it. The revision that
//! made it is the fencing token.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{If, Kv, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["lock"],
    functions: &["acquire", "release"],
    client: |kv, _| Box::new(Locks(kv)),
};

struct Locks(Kv);

#[async_trait]
impl Client for Locks {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let key = format!("lock/{}", key(op)?);
        match &*op.f {
            "acquire" => {
                let is_free = If::Created(key.clone(), 0);
                let put = Write::Put(key, op.value.clone());
                Ok(self.0.commit_or(&[is_free], vec![put], "held by another").await?.into())
            }
            "release" => {
                let is_mine = If::Is(key.clone(), op.value.clone());
                let delete = Write::Delete(key);
                self.0.commit_or(&[is_mine], vec![delete], "not the holder").await?;
                Ok(op.value.clone())
            }
            _ => Err(unknown(op)),
        }
    }
}
