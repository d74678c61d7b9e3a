//! Queues: the key `q/<key>/<value>` for each value that waits, in the order in which they were
//! made. Who deletes one has taken it.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, unknown},
    kv::{If, Kv, Range, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["queue", "total-queue", "fifo-queue"],
    functions: &["enqueue", "dequeue"],
    client: |kv, _| Box::new(Queues(kv)),
};

struct Queues(Kv);

#[async_trait]
impl Client for Queues {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let prefix = format!("q/{}/", op.key.unwrap_or(0));
        match &*op.f {
            "enqueue" => {
                let key = format!("{prefix}{}", op.value);
                self.0.write(Write::Put(key, op.value.clone())).await?;
                Ok(op.value.clone())
            }
            "dequeue" => self.dequeue(prefix).await,
            _ => Err(unknown(op)),
        }
    }
}

impl Queues {
    /// The first is the first until it is deleted: whatever comes later is younger.
    async fn dequeue(&mut self, prefix: String) -> Result<Value, Failure> {
        let Some(first) = self.0.range(Range::prefix(prefix).oldest()).await?.pop() else {
            return Ok(Value::Null);
        };
        let is_there = If::Created(first.key.clone(), first.created);
        let delete = Write::Delete(first.key);
        self.0.commit_or(&[is_there], vec![delete], "another took it").await?;
        Ok(first.value)
    }
}
