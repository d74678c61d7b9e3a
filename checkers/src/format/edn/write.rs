//! Our histories as Jepsen writes them, so that Knossos and Elle can check what we say.
use std::fmt::Write;

use serde_json::Value;

use crate::{History, Kind, OpRef, Process, datum::number, decode};

/// The history as EDN, one op a line.
///
/// Functions and the heads of micro-operations become keywords; what a set answers becomes a set.
/// A key becomes the first of a pair, as Jepsen's `independent` has it, if a reader can tell from
/// the whole that it is one (see [`Keys`](crate::format::Keys)); else it is written as `:key`.
pub fn write(history: &History) -> String {
    let style = Style::of(history);
    let mut text = String::new();
    for op in history.ops() {
        let _ = write!(text, "{{:index {}, :time {}, :process ", op.index, op.time);
        match op.process {
            Process::Client(number) => text += &number.to_string(),
            Process::Nemesis => text += ":nemesis",
        }
        let _ = write!(text, ", :type :{}, :f ", op.kind);
        name(&mut text, op.f);
        if let Some(key) = op.key.filter(|_| !style.is_independent) {
            let _ = write!(text, ", :key {key}");
        }
        text += ", :value ";
        value(&mut text, &op, style);
        if let Some(error) = history.error(op.row) {
            text += ", :error ";
            quote(&mut text, &error);
        }
        if let Some(node) = op.node {
            text += ", :node ";
            quote(&mut text, node);
        }
        text += "}\n";
    }
    text
}

/// What the whole history says about how its values are to be written.
#[derive(Clone, Copy)]
struct Style {
    is_independent: bool,
    has_sets: bool,
}

impl Style {
    fn of(history: &History) -> Style {
        let clients = || history.ops().filter(|op| op.process != Process::Nemesis);
        let asks = |op: OpRef<'_>| op.kind == Kind::Invoke && op.f != "cas" && op.value == "null";
        let is_independent = clients().all(|op| op.key.is_some()) && clients().any(asks);
        Style { is_independent, has_sets: clients().any(|op| op.f == "add") }
    }
}

fn value(text: &mut String, op: &OpRef<'_>, style: Style) {
    // Values are JSON, or the history could not have been read.
    let value: Value = decode::answer(op.value.as_bytes()).unwrap_or_default();
    let key = op.key.filter(|_| style.is_independent && op.process != Process::Nemesis);
    if let Some(key) = key {
        let _ = write!(text, "[{key} ");
    }
    match &value {
        Value::Array(parts) if op.f == "txn" => list(text, "[", parts, "]", micro_op),
        Value::Array(parts) if style.has_sets && op.f == "read" && is_distinct(parts) => {
            list(text, "#{", parts, "}", any);
        }
        value => any(text, value),
    }
    if key.is_some() {
        text.push(']');
    }
}

/// `["r",1,null]` as `[:r 1 nil]`.
fn micro_op(text: &mut String, value: &Value) {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(head), rest @ ..]) => {
            text.push('[');
            name(text, head);
            for part in rest {
                text.push(' ');
                any(text, part);
            }
            text.push(']');
        }
        _ => any(text, value),
    }
}

/// Any JSON. It was read by a reader that bounds its depth.
fn any(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("nil"),
        Value::Bool(b) => text.push_str(if *b { "true" } else { "false" }),
        Value::Number(number) => {
            *text += &number.to_string();
            if number.is_u64() && !number.is_i64() {
                text.push('N');
            }
        }
        Value::String(string) => quote(text, string),
        Value::Array(parts) => list(text, "[", parts, "]", any),
        Value::Object(_) if let Some(literal) = number::stands_for(value) => {
            *text += literal;
            // So that nobody rounds it.
            text.push(if literal.contains(['.', 'e', 'E']) { 'M' } else { 'N' });
        }
        Value::Object(map) => {
            text.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                text.push_str(if i == 0 { "" } else { ", " });
                quote(text, key);
                text.push(' ');
                any(text, value);
            }
            text.push('}');
        }
    }
}

fn list(text: &mut String, begin: &str, parts: &[Value], end: &str, each: fn(&mut String, &Value)) {
    text.push_str(begin);
    for (i, part) in parts.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { " " });
        each(text, part);
    }
    text.push_str(end);
}

/// A keyword, or a text where no keyword can be spelt so.
fn name(text: &mut String, name: &str) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "*+!-_?.<>=&%$/".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        text.push(':');
        text.push_str(name);
    } else {
        quote(text, name);
    }
}

/// A text in quotes.
fn quote(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => drop(write!(text, "\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}

fn is_distinct(values: &[Value]) -> bool {
    let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts.windows(2).all(|pair| pair[0] != pair[1])
}
