//! Ids: the revision of a write, of which there is one each.
use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;
use workloads::{Client, Failure};

use super::{
    family::Family,
    kv::{Kv, Write},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["unique-ids"],
    functions: &["generate"],
    client: |kv, _| Box::new(Ids(kv)),
};

struct Ids(Kv);

#[async_trait]
impl Client for Ids {
    async fn invoke(&mut self, _: &Op) -> Result<Value, Failure> {
        Ok(self.0.write(Write::Put("id".into(), true.into())).await?.into())
    }
}
