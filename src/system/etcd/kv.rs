//! Keys and values of a member: some read at once, some written at once where conditions hold.
//!
//! Each is one request. Keys and values are base64 of text, values of JSON text. Proto3 leaves out
//! what is zero: no `kvs` is no key, no `succeeded` is false.
use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use workloads::Failure;

use super::gateway::{Answer, Gateway};

/// A connection to one member, with how it is used.
pub(super) struct Kv {
    pub(super) gateway: Gateway,
    /// Whether reads are those that etcd documents as possibly stale.
    pub(super) is_serializable: bool,
    /// Whether writes are done though their conditions do not hold.
    pub(super) is_unchecked: bool,
}

/// Keys to read, in their order.
#[derive(Clone, Debug)]
pub(super) struct Range {
    key: String,
    end: Option<String>,
    limit: u32,
    oldest_first: bool,
    keys_only: bool,
}

/// A key that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) value: Value,
    /// The revision that made it.
    pub(super) created: i64,
    /// The revision that wrote it last.
    pub(super) modified: i64,
    /// The lease that it goes with; 0 for none.
    pub(super) lease: i64,
}

/// A condition of a write.
#[derive(Clone, Debug)]
pub(super) enum If {
    /// No key begins so.
    NoneBegins(String),
    /// A key has this value.
    Is(String, Value),
    /// A key was last written by this revision, or, where that is 0, is not there.
    Unmodified(String, i64),
    /// A key was made by this revision.
    Created(String, i64),
}

/// A change of a key.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// It has this value now.
    Put(String, Value),
    /// The same, as long as a lease lasts.
    PutUnder(String, Value, i64),
    /// It is not there any more.
    Delete(String),
}

impl Range {
    /// One key.
    pub(super) fn key(key: impl Into<String>) -> Range {
        let key = key.into();
        Range { key, end: None, limit: 0, oldest_first: false, keys_only: false }
    }

    /// All keys that begin so.
    pub(super) fn prefix(prefix: impl Into<String>) -> Range {
        let prefix = prefix.into();
        Range { end: Some(after(&prefix)), ..Range::key(prefix) }
    }

    /// Of those that begin with `prefix`, those from `key` on, at most so many.
    pub(super) fn from(prefix: &str, key: impl Into<String>, limit: u32) -> Range {
        Range { end: Some(after(prefix)), limit, ..Range::key(key) }
    }

    /// Of these, the one that was made first.
    pub(super) fn oldest(self) -> Range {
        Range { limit: 1, oldest_first: true, ..self }
    }

    /// The same without values.
    pub(super) fn without_values(self) -> Range {
        Range { keys_only: true, ..self }
    }

    fn request(&self, is_serializable: bool) -> Value {
        let mut request = json!({"key": text(&self.key), "serializable": is_serializable});
        if let Some(end) = &self.end {
            request["range_end"] = text(end).into();
        }
        if self.limit > 0 {
            request["limit"] = self.limit.into();
        }
        if self.oldest_first {
            request["sort_order"] = "ASCEND".into();
            request["sort_target"] = "CREATE".into();
        }
        if self.keys_only {
            request["keys_only"] = true.into();
        }
        request
    }
}

/// The least key that is greater than all that begin so.
fn after(prefix: &str) -> String {
    // What all of them end with: the character that follows `/`.
    format!("{}0", prefix.trim_end_matches('/'))
}

impl If {
    /// A key is as it was found, or not there still.
    pub(super) fn unchanged(key: impl Into<String>, found: Option<&Found>) -> If {
        If::Unmodified(key.into(), found.map_or(0, |found| found.modified))
    }

    fn compare(&self) -> Value {
        let equal = |key: &str, target: &str, field: &str, value: Value| json!({"key": text(key), "target": target, "result": "EQUAL", field: value});
        match self {
            If::NoneBegins(prefix) => {
                let mut compare = equal(prefix, "CREATE", "create_revision", "0".into());
                compare["range_end"] = text(&after(prefix)).into();
                compare
            }
            If::Is(key, value) => equal(key, "VALUE", "value", encode(value).into()),
            If::Unmodified(key, at) => equal(key, "MOD", "mod_revision", at.to_string().into()),
            If::Created(key, at) => equal(key, "CREATE", "create_revision", at.to_string().into()),
        }
    }
}

impl Write {
    fn operation(&self) -> Value {
        let put = |key: &str, value: &Value, lease: i64| {
            let put = json!({"key": text(key), "value": encode(value), "lease": lease.to_string()});
            json!({ "request_put": put })
        };
        match self {
            Write::Put(key, value) => put(key, value, 0),
            Write::PutUnder(key, value, lease) => put(key, value, *lease),
            Write::Delete(key) => json!({"request_delete_range": {"key": text(key)}}),
        }
    }
}

impl Kv {
    /// One key.
    pub(super) async fn get(&mut self, key: &str) -> Result<Option<Found>, Failure> {
        Ok(self.range(Range::key(key)).await?.pop())
    }

    /// Keys in their order.
    pub(super) async fn range(&mut self, range: Range) -> Result<Vec<Found>, Failure> {
        let request = range.request(self.is_serializable);
        let answer = self.gateway.post("/v3/kv/range", &request).await?;
        Ok(found(&accept(answer, &READ)?)?)
    }

    /// Several ranges, as they all were at one moment.
    pub(super) async fn snapshot(&mut self, ranges: &[Range]) -> Result<Vec<Vec<Found>>, Failure> {
        let ask = |range: &Range| json!({"request_range": range.request(self.is_serializable)});
        let request = json!({"success": ranges.iter().map(ask).collect::<Vec<_>>()});
        let answer = self.gateway.post("/v3/kv/txn", &request).await?;
        let body = accept(answer, &READ)?;
        let parts = body["responses"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(parts.iter().map(|part| found(&part["response_range"])).collect::<Result<_>>()?)
    }

    /// Writes, whatever there is: by which revision?
    pub(super) async fn write(&mut self, write: Write) -> Result<i64, Failure> {
        self.commit_or(&[], vec![write], "etcd refused without a reason").await
    }

    /// As [`Kv::commit`], but that a condition does not hold is a definite failure, for this reason.
    pub(super) async fn commit_or(
        &mut self,
        conditions: &[If],
        writes: Vec<Write>,
        why: &str,
    ) -> Result<i64, Failure> {
        self.commit(conditions, writes).await?.ok_or_else(|| definite(why))
    }

    /// Writes all of it where all conditions hold: by which revision? Otherwise nothing is written.
    pub(super) async fn commit(
        &mut self,
        conditions: &[If],
        writes: Vec<Write>,
    ) -> Result<Option<i64>, Failure> {
        let conditions = if self.is_unchecked { &[] } else { conditions };
        let compare: Vec<Value> = conditions.iter().map(If::compare).collect();
        let success: Vec<Value> = writes.iter().map(Write::operation).collect();
        let request = json!({"compare": compare, "success": success});
        let answer = self.gateway.post("/v3/kv/txn", &request).await?;
        let body = accept(answer, &WRITE)?;
        Ok(match body["succeeded"] == true {
            true => Some(integer(&body["header"]["revision"])?),
            false => None,
        })
    }

    /// Asks for something else that may change something.
    pub(super) async fn ask(&mut self, path: &str, request: &Value) -> Result<Value, Failure> {
        accept(self.gateway.post(path, request).await?, &WRITE)
    }
}

/// Nothing happened, and this is why.
pub(super) fn definite(why: impl Into<String>) -> Failure {
    Failure::Definite(why.into())
}

/// What a request is for.
struct Purpose {
    is_read: bool,
}

const READ: Purpose = Purpose { is_read: true };
const WRITE: Purpose = Purpose { is_read: false };

/// The body of an answer that is no refusal. Of etcd's refusals, most come after a request may have
/// become a proposal, and a proposal may be committed at any later time: `request timed out`,
/// `leader changed`, `server stopped`. Even `database space exceeded` may come with the put applied
/// (`quotaApplierV3.Put` applies, then refuses). Few come before anything is proposed.
fn accept(answer: Answer, purpose: &Purpose) -> Result<Value, Failure> {
    let Answer { status, body } = answer;
    if status.is_success() {
        return Ok(body);
    }
    let message = body["error"].as_str().unwrap_or("");
    let unproposed = [
        "etcdserver: too many requests",
        "etcdserver: request is too large",
        "etcdserver: requested lease not found",
    ];
    let why = format!("{status}: {message}");
    Err(match purpose.is_read || unproposed.contains(&message) {
        true => Failure::Definite(why),
        false => Failure::Indefinite(why),
    })
}

fn found(body: &Value) -> Result<Vec<Found>> {
    body["kvs"].as_array().into_iter().flatten().map(one).collect()
}

fn one(kv: &Value) -> Result<Found> {
    let value = bytes(&kv["value"])?;
    Ok(Found {
        key: String::from_utf8(bytes(&kv["key"])?)?,
        value: match value.is_empty() {
            true => Value::Null, // It was not asked for.
            false => serde_json::from_slice(&value).context("a value that nobody wrote")?,
        },
        created: integer(&kv["create_revision"])?,
        modified: integer(&kv["mod_revision"])?,
        lease: integer(&kv["lease"])?,
    })
}

/// A number of 64 bits, which stands in quotation marks.
pub(super) fn integer(field: &Value) -> Result<i64> {
    match field {
        Value::Null => Ok(0),
        Value::String(text) => text.parse().with_context(|| format!("no number: {text}")),
        other => other.as_i64().with_context(|| format!("no number: {other}")),
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

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_key_and_no_key_is_nothing() {
        let request = Range::prefix("s/").without_values().request(true);
        let expected = json!({
            "key": "cy8=", "range_end": "czA=", "serializable": true, "keys_only": true,
        });
        assert_eq!(request, expected);
        assert_eq!(found(&json!({"header": {}})).unwrap(), []);
        let end = after("l/3/");
        assert!("l/3/99" < &*end && &*end < "l/30/1");
    }

    #[test]
    fn what_is_found_has_its_value_and_revisions() {
        let kv =
            json!({"key": "ci8z", "value": "MTc=", "create_revision": "4", "mod_revision": "9"});
        let expected =
            Found { key: "r/3".into(), value: json!(17), created: 4, modified: 9, lease: 0 };
        assert_eq!(found(&json!({"kvs": [kv]})).unwrap(), [expected]);
    }

    #[test]
    fn conditions_compare_what_they_say() {
        let is = If::Is("r/3".into(), json!(17)).compare();
        let value = json!({"key": "ci8z", "target": "VALUE", "result": "EQUAL", "value": "MTc="});
        assert_eq!(is, value);
        let none = If::NoneBegins("s/".into()).compare();
        assert_eq!((&none["range_end"], &none["create_revision"]), (&json!("czA="), &json!("0")));
        let unmodified = If::Unmodified("r/3".into(), 9).compare();
        assert_eq!(
            (&unmodified["target"], &unmodified["mod_revision"]),
            (&json!("MOD"), &json!("9"))
        );
    }

    #[test]
    fn a_refused_write_may_have_happened_unless_it_was_never_proposed() {
        let refuse = |purpose: &Purpose, error: &str| {
            let body = json!({"error": error, "code": 14});
            accept(Answer { status: StatusCode::SERVICE_UNAVAILABLE, body }, purpose).unwrap_err()
        };
        for error in ["etcdserver: request timed out", "etcdserver: leader changed", "?"] {
            assert!(matches!(refuse(&WRITE, error), Failure::Indefinite(_)), "{error}");
            assert!(matches!(refuse(&READ, error), Failure::Definite(_)), "{error}");
        }
        let refused = refuse(&WRITE, "etcdserver: too many requests");
        assert!(matches!(refused, Failure::Definite(_)));
    }
}
