//! The line of an op, written without ceremony: byte for byte what serde writes (a property test
//! says so), in a fifth of the time.
use serde_json::Value;

use super::{Kind, Op, Process};

impl Op {
    /// Appends the op as a line of JSON, with its end: what serde makes of it.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"index\":");
        number(out, u64::from(self.index));
        out.extend_from_slice(b",\"time\":");
        number(out, self.time);
        if let Some(due) = self.due {
            out.extend_from_slice(b",\"due\":");
            number(out, due);
        }
        out.extend_from_slice(b",\"process\":");
        match self.process {
            Process::Client(process) => number(out, u64::from(process)),
            Process::Nemesis => out.extend_from_slice(b"\"nemesis\""),
        }
        out.extend_from_slice(match self.kind {
            Kind::Invoke => b",\"type\":\"invoke\",\"f\":",
            Kind::Ok => b",\"type\":\"ok\",\"f\":",
            Kind::Fail => b",\"type\":\"fail\",\"f\":",
            Kind::Info => b",\"type\":\"info\",\"f\":",
        });
        string(out, &self.f);
        if let Some(key) = self.key {
            out.extend_from_slice(b",\"key\":");
            number(out, u64::from(key));
        }
        if !self.value.is_null() {
            out.extend_from_slice(b",\"value\":");
            value(out, &self.value);
        }
        if let Some(error) = &self.error {
            out.extend_from_slice(b",\"error\":");
            string(out, error);
        }
        if let Some(node) = &self.node {
            out.extend_from_slice(b",\"node\":");
            string(out, node);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// Whole numbers and lists of them by hand; all else as serde does it.
fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Number(n) if n.is_u64() => number(out, n.as_u64().unwrap_or_default()),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                self::value(out, item);
            }
            out.push(b']');
        }
        Value::String(text) => string(out, text),
        other => serde(out, other),
    }
}

/// Printable ASCII stands for itself, but for quotes and backslashes.
fn string(out: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        serde(out, text);
    }
}

fn serde<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("text and values are always JSON");
}

/// Decimal digits.
fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                inner.prop_map(|value| json!({ "r": value, "\n": 1 })),
            ]
        })
    }

    fn any_op() -> impl Strategy<Value = Op> {
        let process = prop_oneof![any::<u32>().prop_map(Process::Client), Just(Process::Nemesis),];
        let kind = prop::sample::select(vec![Kind::Invoke, Kind::Ok, Kind::Fail, Kind::Info]);
        let text = || prop::option::of(".{0,8}");
        let when = (any::<u32>(), any::<u64>(), any::<Option<u64>>(), process, kind);
        let what = (".{0,8}", any::<Option<u32>>(), any_value(), text(), text());
        (when, what).prop_map(
            |((index, time, due, process, kind), (f, key, value, error, node))| Op {
                index,
                time,
                due,
                process,
                kind,
                f: f.into(),
                key,
                value,
                error: error.map(Into::into),
                node: node.map(Into::into),
            },
        )
    }

    proptest! {
        #[test]
        fn a_line_is_what_serde_makes_of_it(op in any_op()) {
            let mut line = Vec::new();
            op.write_line(&mut line);
            let serde = serde_json::to_string(&op).unwrap() + "\n";
            prop_assert_eq!(String::from_utf8(line).unwrap(), serde);
        }
    }
}
