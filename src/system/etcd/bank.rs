//! A bank: the key `b/<account>` each. An account that is not there has nothing yet, but for the
//! first, which has everything.
use anyhow::Context;
use async_trait::async_trait;
use checkers::Op;
use serde_json::{Map, Value};
use workloads::{Client, Failure, bank::Shape};

use super::{
    family::{Family, unknown},
    kv::{Found, If, Kv, Range, Write, definite},
};

pub(super) const FAMILY: Family = Family {
    workloads: &["bank"],
    functions: &["read", "transfer"],
    client: |kv, params| Box::new(Bank { kv, shape: params.bank }),
};

struct Bank {
    kv: Kv,
    shape: Shape,
}

#[async_trait]
impl Client for Bank {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        match &*op.f {
            "read" => self.read().await,
            "transfer" => self.transfer(op).await,
            _ => Err(unknown(op)),
        }
    }
}

impl Bank {
    async fn read(&mut self) -> Result<Value, Failure> {
        let found = self.kv.range(Range::prefix("b/")).await?;
        let balance = |account: u32| {
            let of = found.iter().find(|found| found.key == key(account));
            (account.to_string(), Value::from(self.balance(account, of)))
        };
        Ok((0..self.shape.accounts).map(balance).collect::<Map<_, _>>().into())
    }

    async fn transfer(&mut self, op: &Op) -> Result<Value, Failure> {
        let number = |name: &str| op.value[name].as_i64().context("a transfer of what, and where?");
        let (from, to, amount) = (number("from")? as u32, number("to")? as u32, number("amount")?);
        let found = self.kv.snapshot(&[Range::key(key(from)), Range::key(key(to))]).await?;
        let [giver, taker] = [0, 1].map(|at| found.get(at).and_then(|found| found.first()));
        let (left, has) = (self.balance(from, giver) - amount, self.balance(to, taker) + amount);
        if left < 0 && !self.shape.negative_allowed {
            return Err(definite("too little"));
        }
        let unchanged = [If::unchanged(key(from), giver), If::unchanged(key(to), taker)];
        let writes = vec![Write::Put(key(from), left.into()), Write::Put(key(to), has.into())];
        self.kv.commit_or(&unchanged, writes, "overtaken by another transfer").await?;
        Ok(op.value.clone())
    }

    fn balance(&self, account: u32, found: Option<&Found>) -> i64 {
        let at_first = if account == 0 { self.shape.total } else { 0 };
        found.and_then(|found| found.value.as_i64()).unwrap_or(at_first)
    }
}

fn key(account: u32) -> String {
    format!("b/{account}")
}
