//! A counter that only the holder of a lease writes: every write compares the lease's token.
//!
//! The lease is the key `writer`; the revision that made it is the token. Nobody renews it, so the
//! writer changes every few seconds, and who was it learns so when its write is turned away.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::{Family, unknown},
    kv::{If, Kv, Write, definite},
    lease,
};

pub(super) const FAMILY: Family = Family {
    workloads: &["fenced-counter"],
    functions: &["increment", "read"],
    client: |kv, _| Box::new(Fenced { kv, token: None }),
};

const LEASE: &str = "writer";
const COUNTER: &str = "fenced";

struct Fenced {
    kv: Kv,
    /// Of the lease that it believes to hold.
    token: Option<i64>,
}

#[async_trait]
impl Client for Fenced {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        match &*op.f {
            "read" => Ok(self.read().await?.into()),
            "increment" => self.increment(op).await,
            _ => Err(unknown(op)),
        }
    }
}

impl Fenced {
    async fn read(&mut self) -> Result<i64, Failure> {
        Ok(self.kv.get(COUNTER).await?.and_then(|found| found.value.as_i64()).unwrap_or(0))
    }

    async fn increment(&mut self, op: &Op) -> Result<Value, Failure> {
        let token = match self.token {
            Some(token) => token,
            None => {
                let owner = op.node.as_deref().map_or(Value::Null, Value::from);
                let taken = lease::take(&mut self.kv, LEASE.into(), owner).await?;
                taken.ok_or_else(|| definite("another writes"))?.0
            }
        };
        self.token = Some(token);
        let more = self.read().await? + 1;
        let is_held = If::Created(LEASE.into(), token);
        let done =
            self.kv.commit(&[is_held], vec![Write::Put(COUNTER.into(), more.into())]).await?;
        if done.is_none() {
            self.token = None;
            return Err(definite("an old token"));
        }
        Ok(more.into())
    }
}
