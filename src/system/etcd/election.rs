//! An election held on etcd: who makes the key `leader`, under a lease, leads until it expires. The
//! revision that made it is the term.
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::{
    family::Family,
    kv::{Kv, definite},
    lease,
};

pub(super) const FAMILY: Family = Family {
    workloads: &["election"],
    functions: &["leader"],
    client: |kv, _| Box::new(Election(kv)),
};

const KEY: &str = "leader";

struct Election(Kv);

#[async_trait]
impl Client for Election {
    /// Where nobody leads, whoever asks stands for its node.
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        if let Some(found) = self.0.get(KEY).await? {
            return Ok(json!([found.created, found.value]));
        }
        let name = op.node.as_deref().map_or(Value::Null, Value::from);
        let taken = lease::take(&mut self.0, KEY.into(), name.clone()).await?;
        let (term, _) = taken.ok_or_else(|| definite("another was elected"))?;
        Ok(json!([term, name]))
    }
}
