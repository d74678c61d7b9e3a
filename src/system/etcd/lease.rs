//! Leases that expire: the key `lease/<key>` each, with the holder in it, as long as a lease of
//! etcd's lasts. The revision that made it is the fencing token.
use anyhow::anyhow;
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::{
    family::{Family, key, unknown},
    kv::{If, Kv, Write, definite, integer},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["lease"],
    functions: &["acquire", "renew", "release"],
    client: |kv, _| Box::new(Leases(kv)),
};

/// The shortest that etcd grants, with its timers as they are.
const TTL_S: i64 = 2;

struct Leases(Kv);

#[async_trait]
impl Client for Leases {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let key = format!("lease/{}", key(op)?);
        match &*op.f {
            "acquire" => {
                let taken = take(&mut self.0, key, op.value.clone()).await?;
                let (token, ttl_s) = taken.ok_or_else(|| definite("held by another"))?;
                Ok(json!([token, ttl_s * 1_000]))
            }
            "renew" => {
                let (token, lease) = self.mine(&key, &op.value).await?;
                Ok(json!([token, self.keep_alive(lease).await? * 1_000]))
            }
            "release" => {
                // Not the key but what it goes with: nobody renews that any more.
                let (_, lease) = self.mine(&key, &op.value).await?;
                self.0.ask("/v3/lease/revoke", &json!({"ID": lease.to_string()})).await?;
                Ok(op.value.clone())
            }
            _ => Err(unknown(op)),
        }
    }
}

impl Leases {
    /// Token and lease of a key that is this owner's.
    async fn mine(&mut self, key: &str, owner: &Value) -> Result<(i64, i64), Failure> {
        let found = self.0.get(key).await?.filter(|found| found.value == *owner);
        let found = found.ok_or_else(|| definite("not the holder"))?;
        Ok((found.created, found.lease))
    }

    async fn keep_alive(&mut self, lease: i64) -> Result<i64, Failure> {
        let request = json!({"ID": lease.to_string()});
        let kept = self.0.ask("/v3/lease/keepalive", &request).await?;
        match integer(&kept["result"]["TTL"])? {
            0 => Err(definite("it has expired")),
            ttl_s => Ok(ttl_s),
        }
    }
}

/// Makes a key that is not there, under a lease of its own: by which revision, and for how many
/// seconds? Nothing where it is there.
pub(super) async fn take(
    kv: &mut Kv,
    key: String,
    value: Value,
) -> Result<Option<(i64, i64)>, Failure> {
    if !kv.is_unchecked && kv.get(&key).await?.is_some() {
        return Ok(None);
    }
    let granted = kv.ask("/v3/lease/grant", &json!({"TTL": TTL_S.to_string()})).await?;
    let (lease, ttl_s) = (integer(&granted["ID"])?, integer(&granted["TTL"])?);
    if lease == 0 || ttl_s == 0 {
        return Err(anyhow!("no lease: {granted}").into());
    }
    let is_free = If::Created(key.clone(), 0);
    let taken = kv.commit(&[is_free], vec![Write::PutUnder(key, value, lease)]).await?;
    Ok(taken.map(|token| (token, ttl_s)))
}
