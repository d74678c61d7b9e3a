//! Ops as requests to the gateway, and its answers as theirs.
//!
//! Keys and values are base64 of text. Proto3 leaves out what is zero: no `kvs` is no key,
//! no `succeeded` is false.
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use checkers::Op;
use serde_json::{Value, json};
use workloads::{Client, Failure};

use super::gateway::{Answer, Gateway};

/// A connection to one member, for one workload.
pub(super) struct EtcdClient {
    gateway: Gateway,
    plan: fn(&Op) -> Result<Plan>,
    is_serializable: bool,
}

/// What to ask for an op.
#[derive(Debug, PartialEq)]
enum Plan {
    /// One key: the value in it.
    Get { key: String },
    /// All keys of the set: the element in each.
    List,
    /// A key and its new value.
    Put { key: String, value: Value },
    /// The same, where it has another value now.
    Cas { key: String, old: Value, new: Value },
}

impl EtcdClient {
    pub(super) fn new(gateway: Gateway, workload: &str, is_serializable: bool) -> Result<Self> {
        let plan = match workload {
            "register" => register,
            "set" | "set-full" => set,
            other => bail!("etcd has no client for the workload {other}"),
        };
        Ok(EtcdClient { gateway, plan, is_serializable })
    }
}

fn register(op: &Op) -> Result<Plan> {
    let key = format!("r/{}", op.key.context("a register has a key")?);
    Ok(match &*op.f {
        "read" => Plan::Get { key },
        "write" => Plan::Put { key, value: op.value.clone() },
        "cas" => Plan::Cas { key, old: op.value[0].clone(), new: op.value[1].clone() },
        other => bail!("etcd cannot {other} a register"),
    })
}

fn set(op: &Op) -> Result<Plan> {
    Ok(match &*op.f {
        "add" => Plan::Put { key: format!("s/{}", op.value), value: op.value.clone() },
        "read" => Plan::List,
        other => bail!("etcd cannot {other} in a set"),
    })
}

impl Plan {
    /// Where to send what.
    fn request(&self, is_serializable: bool) -> (&'static str, Value) {
        let put = |key: &str, value: &Value| json!({"key": text(key), "value": encode(value)});
        match self {
            Plan::Get { key } => {
                ("/v3/kv/range", json!({"key": text(key), "serializable": is_serializable}))
            }
            Plan::List => (
                "/v3/kv/range",
                json!({
                    "key": text("s/"),
                    "range_end": text("s0"), // `0` follows `/`.
                    "keys_only": true,
                    "serializable": is_serializable,
                }),
            ),
            Plan::Put { key, value } => ("/v3/kv/put", put(key, value)),
            Plan::Cas { key, old, new } => (
                "/v3/kv/txn",
                json!({
                    "compare": [{
                        "key": text(key),
                        "target": "VALUE",
                        "result": "EQUAL",
                        "value": encode(old),
                    }],
                    "success": [{"request_put": put(key, new)}],
                }),
            ),
        }
    }

    /// What the answer to it says about the op.
    fn outcome(&self, op: &Op, answer: &Answer) -> Result<Value, Failure> {
        if !answer.status.is_success() {
            return Err(self.failure(answer));
        }
        let kvs = answer.body["kvs"].as_array().map_or(&[][..], Vec::as_slice);
        match self {
            Plan::Get { .. } => {
                Ok(kvs.first().map_or(Ok(Value::Null), |kv| decode(&kv["value"]))?)
            }
            Plan::List => {
                let elements = kvs.iter().map(|kv| element(&kv["key"]));
                Ok(elements.collect::<Result<Vec<Value>>>()?.into())
            }
            Plan::Put { .. } => Ok(op.value.clone()),
            Plan::Cas { .. } if answer.body["succeeded"] == true => Ok(op.value.clone()),
            Plan::Cas { .. } => Err(Failure::Definite("it had another value".into())),
        }
    }

    /// What a refusal says. Of etcd's errors, most come after a request may have become a
    /// proposal, and a proposal may be committed at any later time: `request timed out`, `leader
    /// changed`, `server stopped`. Even `database space exceeded` may come with the put applied
    /// (`quotaApplierV3.Put` applies, then refuses). Two come before anything is proposed.
    fn failure(&self, answer: &Answer) -> Failure {
        let message = answer.body["error"].as_str().unwrap_or("");
        let is_read = matches!(self, Plan::Get { .. } | Plan::List);
        let unproposed = ["etcdserver: too many requests", "etcdserver: request is too large"];
        let why = format!("{}: {message}", answer.status);
        match is_read || unproposed.contains(&message) {
            true => Failure::Definite(why),
            false => Failure::Indefinite(why),
        }
    }
}

#[async_trait]
impl Client for EtcdClient {
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure> {
        let plan = (self.plan)(op)?;
        let (path, body) = plan.request(self.is_serializable);
        let answer = self.gateway.post(path, &body).await?;
        plan.outcome(op, &answer)
    }
}

fn text(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn encode(value: &Value) -> String {
    text(&value.to_string())
}

fn bytes(field: &Value) -> Result<Vec<u8>> {
    // Proto3 leaves out what is empty, too.
    BASE64_STANDARD.decode(field.as_str().unwrap_or("")).context("a field that is not base64")
}

fn decode(field: &Value) -> Result<Value> {
    serde_json::from_slice(&bytes(field)?).context("a value that nobody wrote")
}

fn element(key: &Value) -> Result<Value> {
    let key = bytes(key)?;
    let element = key.strip_prefix(b"s/").context("a key outside the set")?;
    serde_json::from_slice(element).context("an element that nobody added")
}

#[cfg(test)]
mod tests {
    use checkers::{Kind, Process};
    use hyper::StatusCode;

    use super::*;

    fn op(f: &str, value: Value) -> Op {
        let (process, kind) = (Process::Client(0), Kind::Invoke);
        let (key, error, node) = (Some(3), None, None);
        Op { index: 0, time: 0, due: None, process, kind, f: f.into(), key, value, error, node }
    }

    fn outcome(plan: &Plan, op: &Op, status: u16, body: Value) -> Result<Value, Failure> {
        let status = StatusCode::from_u16(status).unwrap();
        plan.outcome(op, &Answer { status, body })
    }

    #[test]
    fn a_read_is_a_range_of_one_key_and_no_key_is_null() {
        let op = op("read", Value::Null);
        let plan = register(&op).unwrap();
        let key = "ci8z"; // r/3
        let body = json!({"key": key, "serializable": false});
        assert_eq!(plan.request(false), ("/v3/kv/range", body));
        let kvs = json!({"kvs": [{"key": key, "value": "MTc="}], "count": "1"});
        assert_eq!(outcome(&plan, &op, 200, kvs), Ok(json!(17)));
        assert_eq!(outcome(&plan, &op, 200, json!({"header": {}})), Ok(Value::Null));
    }

    #[test]
    fn a_cas_compares_the_value_and_one_that_did_not_succeed_did_nothing() {
        let op = op("cas", json!([17, 18]));
        let plan = register(&op).unwrap();
        let (path, body) = plan.request(true);
        assert_eq!(path, "/v3/kv/txn");
        let compare = json!([
            {"key": "ci8z", "target": "VALUE", "result": "EQUAL", "value": "MTc="}
        ]);
        let success = json!([{"request_put": {"key": "ci8z", "value": "MTg="}}]);
        assert_eq!(body, json!({"compare": compare, "success": success}));
        let succeeded = json!({"header": {}, "succeeded": true});
        assert_eq!(outcome(&plan, &op, 200, succeeded), Ok(json!([17, 18])));
        let other = outcome(&plan, &op, 200, json!({"header": {}}));
        assert!(matches!(other, Err(Failure::Definite(_))), "{other:?}");
    }

    #[test]
    fn a_set_is_the_keys_of_a_prefix() {
        let (add, read) = (op("add", json!(12)), op("read", Value::Null));
        let (path, body) = set(&add).unwrap().request(false);
        assert_eq!((path, &body["key"]), ("/v3/kv/put", &json!("cy8xMg==")));
        let plan = set(&read).unwrap();
        let kvs = json!({"kvs": [{"key": "cy8xMg=="}, {"key": "cy83"}], "count": "2"});
        assert_eq!(outcome(&plan, &read, 200, kvs), Ok(json!([12, 7])));
        assert_eq!(outcome(&plan, &read, 200, json!({})), Ok(json!([])));
    }

    #[test]
    fn a_refused_write_may_have_happened_unless_it_was_never_proposed() {
        let (write, read) = (op("write", json!(1)), op("read", Value::Null));
        let refuse = |op: &Op, error: &str| {
            let plan = register(op).unwrap();
            outcome(&plan, op, 503, json!({"error": error, "code": 14})).unwrap_err()
        };
        for error in ["etcdserver: request timed out", "etcdserver: leader changed", "?"] {
            assert!(matches!(refuse(&write, error), Failure::Indefinite(_)), "{error}");
            assert!(matches!(refuse(&read, error), Failure::Definite(_)), "{error}");
        }
        assert!(matches!(refuse(&write, "etcdserver: too many requests"), Failure::Definite(_)));
    }
}
