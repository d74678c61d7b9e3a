//! The history: what was asked of the system and what it answered, in order.
//!
//! A history is JSON Lines, one op a line. The text is kept as it came and shared; beside it
//! stands one small fixed-size row an op. A part of a history (one key, one window) shares both
//! and keeps row numbers, so splitting copies nothing. Values stay text until a checker decodes
//! them, once, into its own type (see [`crate::decode`]).
use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use crate::decode::decode;

mod reader;
mod scan;

/// Nanoseconds since the start of the run.
pub type Nanos = u64;

/// One op, as the controller writes it: an invocation or a completion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Op {
    /// Position in the history, from 0, without gaps.
    pub index: u32,
    /// When it was written down.
    pub time: Nanos,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The function asked for.
    pub f: Arc<str>,
    /// Which independent object it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// The argument, or the answer.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
    /// Why it did not end `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// The node the client was connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Arc<str>>,
}

/// An invocation, or one of the three ways it can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The question, written before it is sent.
    Invoke,
    /// It happened, and this is the answer.
    Ok,
    /// It certainly did not happen, and never will.
    Fail,
    /// It may have happened, may happen at any later time, or never.
    Info,
}

/// Who invokes. A client process never invokes again after an `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Process {
    /// A logical client.
    Client(u32),
    /// The process that injects faults.
    Nemesis,
}

/// Why a text is not a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Malformed {
    /// The first offending line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Ops in order, every completion matched to its invocation.
#[derive(Clone)]
pub struct History {
    text: Bytes,
    rows: Arc<Vec<Row>>,
    names: Arc<[Arc<str>]>,
    selected: Option<Arc<[u32]>>,
}

/// One op of a history, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub struct OpRef<'h> {
    /// Row number: the op's place in the whole history, from 0.
    pub row: u32,
    /// The `index` the history gives it; the row number where it gives none.
    pub index: u32,
    /// Nanoseconds since the start; 0 where the history has no times.
    pub time: Nanos,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    pub kind: Kind,
    /// The function asked for.
    pub f: &'h str,
    /// Which independent object it is about.
    pub key: Option<u32>,
    /// The argument or the answer, as JSON text.
    pub value: &'h str,
    /// The node the client was connected to.
    pub node: Option<&'h str>,
}

/// An invocation together with its completion, values decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<I, O> {
    /// Row of the invocation.
    pub invoked: u32,
    /// Who invoked.
    pub process: Process,
    /// What was asked.
    pub input: I,
    /// How it ended.
    pub outcome: Outcome<O>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<O> {
    /// It happened, and answered.
    Ok {
        /// Row of the completion.
        completed: u32,
        /// The answer.
        output: O,
    },
    /// It never happened.
    Fail,
    /// It may have happened, or may yet.
    Info,
}

/// What the checkers need of an op, in 48 bytes; the rest is read from the text when asked for.
#[derive(Clone, Copy)]
struct Row {
    time: Nanos,
    line: u64,
    value_at: u32,
    value_len: u32,
    index: u32,
    pair: u32,
    process: u32,
    key: u32,
    f: u16,
    node: u16,
    kind: Kind,
}

const NONE: u32 = u32::MAX;
const NO_NODE: u16 = u16::MAX;

impl History {
    /// Reads JSON Lines: `{"index","time","process","type","f","key","value","node"}`, of which
    /// `process`, `type` and `f` must be there. Other fields are ignored, blank lines skipped.
    ///
    /// # Errors
    /// [`Malformed`] with the first line that is not an op, or that cannot have happened: a
    /// process invoking while busy or after an `info`, a completion without an invocation.
    pub fn read(text: impl Into<Bytes>) -> Result<History, Malformed> {
        reader::read(text.into())
    }

    /// As [`History::read`], but forgives a last line cut short, as a killed controller leaves it.
    /// Returns the number of that line beside the ops before it.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`], for every other line.
    pub fn read_torn(text: impl Into<Bytes>) -> Result<(History, Option<usize>), Malformed> {
        let text: Bytes = text.into();
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        if text[whole..].iter().all(u8::is_ascii_whitespace) {
            return Ok((History::read(text)?, None));
        }
        let torn = text[..whole].iter().filter(|&&b| b == b'\n').count() + 1;
        Ok((History::read(text.slice(..whole))?, Some(torn)))
    }

    /// A history of ops made by a program, as [`Op`]s serialise.
    ///
    /// # Errors
    /// [`Malformed`] where the ops cannot have happened in this order.
    pub fn from_ops<'a>(ops: impl IntoIterator<Item = &'a Op>) -> Result<History, Malformed> {
        let mut text = Vec::new();
        for op in ops {
            serde_json::to_writer(&mut text, op).expect("an op is always JSON");
            text.push(b'\n');
        }
        History::read(text)
    }

    /// Number of ops.
    pub fn len(&self) -> usize {
        self.selected.as_ref().map_or(self.rows.len(), |s| s.len())
    }

    /// Whether there is no op.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ops, in order.
    pub fn ops(&self) -> impl Iterator<Item = OpRef<'_>> {
        self.row_numbers().map(|row| self.op(row))
    }

    /// The op at a row number, which may be any of the whole history.
    pub fn op(&self, row: u32) -> OpRef<'_> {
        let r = &self.rows[row as usize];
        OpRef {
            row,
            index: r.index,
            time: r.time,
            process: if r.process == NONE { Process::Nemesis } else { Process::Client(r.process) },
            kind: r.kind,
            f: &self.names[r.f as usize],
            key: (r.key != NONE).then_some(r.key),
            value: self.value_text(r),
            node: (r.node != NO_NODE).then(|| &*self.names[r.node as usize]),
        }
    }

    /// The other end of a call: the completion of an invocation, or the invocation of a completion.
    pub fn pair(&self, row: u32) -> Option<OpRef<'_>> {
        let pair = self.rows[row as usize].pair;
        (pair != NONE).then(|| self.op(pair))
    }

    /// The `error` an op carries, read from its line.
    pub fn error(&self, row: u32) -> Option<String> {
        #[derive(Deserialize)]
        struct ErrorOnly {
            error: Option<serde_json::Value>,
        }
        let line = self.line(row);
        let error = serde_json::from_str::<ErrorOnly>(line).ok()?.error?;
        Some(error.as_str().map_or_else(|| error.to_string(), str::to_owned))
    }

    /// The line of an op, as it was written.
    pub fn line(&self, row: u32) -> &str {
        let rest = &self.text[self.rows[row as usize].line as usize..];
        let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        std::str::from_utf8(&rest[..end]).expect("lines were checked when read").trim_end()
    }

    /// Every client invocation with its completion, decoded into the checker's own types: the
    /// input from `f` and `value` (an enum tagged by `f`), the output from the answer's value.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit.
    pub fn calls<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
    ) -> Result<Vec<Call<I, O>>, Malformed> {
        let mut calls = Vec::with_capacity(self.len() / 2);
        self.for_each_call(|call| calls.push(call))?;
        Ok(calls)
    }

    /// As [`History::calls`], one by one, so that nobody need keep them all.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit.
    pub fn for_each_call<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
        mut take: impl FnMut(Call<I, O>),
    ) -> Result<(), Malformed> {
        for row in self.row_numbers() {
            let r = &self.rows[row as usize];
            if r.process == NONE || r.kind != Kind::Invoke {
                continue;
            }
            let f = &self.names[r.f as usize];
            let input = decode(f, self.value(r)).map_err(|e| self.malformed(row, &e))?;
            let done = (r.pair != NONE).then(|| &self.rows[r.pair as usize]);
            let outcome = match done.map(|done| (done, done.kind)) {
                Some((done, Kind::Ok)) => Outcome::Ok {
                    completed: r.pair,
                    output: serde_json::from_slice(self.value(done))
                        .map_err(|e| self.malformed(r.pair, &e))?,
                },
                Some((_, Kind::Fail)) => Outcome::Fail,
                Some((_, Kind::Info | Kind::Invoke)) | None => Outcome::Info,
            };
            take(Call { invoked: row, process: Process::Client(r.process), input, outcome });
        }
        Ok(())
    }

    /// One history a key, in order of keys; ops without a key make one part of their own.
    pub fn by_key(&self) -> BTreeMap<Option<u32>, History> {
        let mut places: FxHashMap<u32, usize> = FxHashMap::default();
        let mut parts: Vec<(u32, Vec<u32>)> = Vec::new();
        for row in self.row_numbers() {
            let r = &self.rows[row as usize];
            if r.process != NONE {
                let place = *places.entry(r.key).or_insert(parts.len());
                if place == parts.len() {
                    parts.push((r.key, Vec::new()));
                }
                parts[place].1.push(row);
            }
        }
        let key = |key| (key != NONE).then_some(key);
        parts.into_iter().map(|(number, rows)| (key(number), self.select(rows))).collect()
    }

    /// The part of this history with these rows, which must be in order and hold whole calls.
    pub fn select(&self, rows: Vec<u32>) -> History {
        History { selected: Some(rows.into()), ..self.clone() }
    }

    /// The history as JSON Lines.
    pub fn to_jsonl(&self) -> String {
        self.row_numbers().map(|row| format!("{}\n", self.line(row))).collect()
    }

    fn row_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let all = self.selected.is_none().then(|| 0..self.rows.len() as u32);
        let some = self.selected.iter().flat_map(|s| s.iter().copied());
        all.into_iter().flatten().chain(some)
    }

    fn value_text(&self, row: &Row) -> &str {
        std::str::from_utf8(self.value(row)).expect("lines were checked when read")
    }

    fn value(&self, row: &Row) -> &[u8] {
        if row.value_len == 0 {
            return b"null";
        }
        let at = row.line as usize + row.value_at as usize;
        &self.text[at..at + row.value_len as usize]
    }

    /// The error of an op whose value does not fit, with its line.
    pub(crate) fn malformed(&self, row: u32, error: &serde_json::Error) -> Malformed {
        let at = self.rows[row as usize].line as usize;
        let line = self.text[..at].iter().filter(|&&b| b == b'\n').count() + 1;
        let op = self.op(row);
        // Serde's "line 1" would mislead: it read no more than the value.
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or(&error);
        let message = format!("`{}` with value {}: {error}", op.f, shorten(op.value));
        Malformed { line, message }
    }
}

impl OpRef<'_> {
    /// Reads `f` and `value` as an enum tagged by `f`.
    ///
    /// # Errors
    /// As serde finds them.
    pub fn decode<I: DeserializeOwned>(&self) -> Result<I, serde_json::Error> {
        decode(self.f, self.value.as_bytes())
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_jsonl())
    }
}

fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

impl Serialize for Process {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Process::Client(number) => s.serialize_u32(*number),
            Process::Nemesis => s.serialize_str("nemesis"),
        }
    }
}

impl<'de> Deserialize<'de> for Process {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Process, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Process;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a process: a number, or \"nemesis\"")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Process, E> {
                match u32::try_from(number) {
                    Ok(number) if number != NONE => Ok(Process::Client(number)),
                    _ => Err(E::custom(format!("process {number} is out of range"))),
                }
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Process, E> {
                match name {
                    "nemesis" => Ok(Process::Nemesis),
                    _ => {
                        Err(E::custom(format!("process \"{name}\" is neither number nor nemesis")))
                    }
                }
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Client(number) => write!(f, "process {number}"),
            Process::Nemesis => f.write_str("the nemesis"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Invoke => "invoke",
            Kind::Ok => "ok",
            Kind::Fail => "fail",
            Kind::Info => "info",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, line: usize, part: &str) {
        let error = History::read(text.to_owned()).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(part), "{error}");
    }

    const INVOKE: &str =
        r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"write","value":1}"#;
    const OK: &str = r#"{"index":1,"time":9,"process":0,"type":"ok","f":"write","value":1}"#;

    #[test]
    fn a_row_is_at_most_48_bytes() {
        assert!(size_of::<Row>() <= 48);
    }

    #[test]
    fn calls_are_paired_and_text_is_kept() {
        let history = History::read(format!("{INVOKE}\n\n{OK}\n")).unwrap();
        assert_eq!(history.len(), 2);
        assert_eq!(history.pair(0).unwrap().row, 1);
        assert_eq!(history.to_jsonl(), format!("{INVOKE}\n{OK}\n"));
    }

    #[test]
    fn what_cannot_have_happened_is_refused_with_its_line() {
        refused("", 1, "empty");
        refused("\u{1}\u{2}", 1, "not an op");
        refused(&INVOKE[..30], 1, "ends in the middle");
        refused(OK, 1, "did not invoke");
        refused(&format!("{INVOKE}\n{INVOKE}"), 2, "index 0 follows index 0");
        refused(
            &format!("{INVOKE}\n{}", INVOKE.replace("\"index\":0", "\"index\":3")),
            2,
            "not completed",
        );
        refused(&format!("{INVOKE}\n{}", OK.replace("write", "read")), 2, "another `f`");
        let crash = OK.replace("ok", "info");
        let again = INVOKE.replace("\"index\":0", "\"index\":2");
        refused(&format!("{INVOKE}\n{crash}\n{again}"), 3, "after an `info`");
        assert_eq!(History::read(&b"\xff\xfe\x00"[..]).unwrap_err().line, 1);
    }

    #[test]
    fn a_torn_last_line_is_forgiven_when_asked() {
        let text = format!("{INVOKE}\n{}", &OK[..20]);
        let (history, torn) = History::read_torn(text.clone()).unwrap();
        assert_eq!((history.len(), torn), (1, Some(2)));
        refused(&text, 2, "ends in the middle");
    }

    #[test]
    fn parts_share_the_text() {
        let other = r#"{"index":2,"process":1,"type":"invoke","f":"read","key":7}"#;
        let history = History::read(format!("{INVOKE}\n{OK}\n{other}")).unwrap();
        let parts = history.by_key();
        assert_eq!(parts[&None].len(), 2);
        assert_eq!(parts[&Some(7)].len(), 1);
        assert!(Arc::ptr_eq(&parts[&Some(7)].rows, &history.rows));
    }
}
