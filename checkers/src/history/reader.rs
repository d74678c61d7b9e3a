//! From text to rows: lines are read, put into rows, and paired.
use std::{borrow::Cow, string::FromUtf8Error, sync::Arc};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{History, Kind, Malformed, NO_NODE, NONE, Nanos, Process, Row, scan, shorten};
use crate::datum::unambiguous::unambiguous;

pub(super) const NOT_TEXT: &str = "not text: a history is JSON Lines, one op a line";

/// Reads JSON Lines.
pub(super) fn read(text: Vec<u8>) -> Result<History, Malformed> {
    match String::from_utf8(text) {
        Ok(text) => read_text(text),
        Err(e) => Err(not_text(e)),
    }
}

/// What is wrong first with what is not text.
fn not_text(e: FromUtf8Error) -> Malformed {
    let end = e.utf8_error().valid_up_to();
    let mut text = e.into_bytes();
    let whole = memchr::memrchr(b'\n', &text[..end]).map_or(0, |at| at + 1);
    text.truncate(whole);
    let line = memchr::memchr_iter(b'\n', &text).count() + 1;
    let before = String::from_utf8(text).ok().filter(|text| lines(text).next().is_some());
    let worse = before.and_then(|text| read_text(text).err());
    worse.unwrap_or_else(|| Malformed { line, message: NOT_TEXT.into() })
}

fn read_text(text: String) -> Result<History, Malformed> {
    let mut reader = Reader::default();
    let mut rows: Vec<Row> = Vec::with_capacity(guess_rows(&text));
    for (number, at, line) in lines(&text) {
        let bad = |message: String| Malformed { line: number, message };
        let op = Line::of(line).map_err(bad)?;
        let mut row = reader.row(&op, line, at as u64).map_err(bad)?;
        let place = rows.len() as u32;
        if let Some(open) = reader.pair(&row, place).map_err(bad)? {
            row.pair = open;
            rows[open as usize].pair = place;
        }
        rows.push(row);
    }
    if rows.is_empty() {
        let message = "the history is empty: no op was recorded".into();
        return Err(Malformed { line: 1, message });
    }
    rows.shrink_to_fit();
    Ok(History {
        text: Arc::new(text),
        rows: Arc::new(rows),
        names: reader.names.into(),
        selected: None,
        has_lines: true,
    })
}

/// The lines of a text that are not blank, each with its number, from 1, and where it begins.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let (mut number, mut at) = (0, 0);
    let lines = std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let line = &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        let found = (number + 1, at, line);
        number += 1;
        at += line.len() + 1;
        Some(found)
    });
    lines.filter(|(_, _, line)| !line.bytes().all(|byte| byte.is_ascii_whitespace()))
}

/// How many rows a text has, judged by its first lines. What is too much is never touched.
fn guess_rows(text: &str) -> usize {
    let sample = &text.as_bytes()[..text.len().min(1 << 16)];
    let lines = memchr::memchr_iter(b'\n', sample).count() + 1;
    text.len() / (sample.len() / lines).max(1) * 9 / 8 + 16
}

/// An op as a line spells it, whatever came before it.
#[derive(Debug, PartialEq)]
pub struct Line<'a> {
    /// The whole line.
    pub text: &'a str,
    /// The `index`, where it has one.
    pub index: Option<u32>,
    /// Nanoseconds since the start; 0 where it has no time.
    pub time: Nanos,
    /// Of an invocation, when it should have begun, where that was earlier.
    pub due: Option<Nanos>,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    pub kind: Kind,
    /// The function asked for.
    pub f: Cow<'a, str>,
    /// Which independent object it is about.
    pub key: Option<u32>,
    /// The argument or the answer, as JSON text, where there is one and it is not `null`.
    pub value: Option<&'a str>,
    /// The node the client was connected to.
    pub node: Option<Cow<'a, str>>,
}

/// A line as serde reads it, whatever it looks like.
#[derive(Deserialize)]
struct AnyLine<'a> {
    index: Option<u32>,
    #[serde(default)]
    time: Nanos,
    due: Option<Nanos>,
    process: Process,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow)]
    f: Cow<'a, str>,
    key: Option<u32>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    node: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    /// The ops of whole lines, each by itself: what cannot have happened is not looked for.
    ///
    /// # Errors
    /// [`Malformed`] for each line that is no op.
    pub fn all(text: &str) -> impl Iterator<Item = Result<Line<'_>, Malformed>> {
        lines(text).map(|(number, _, line)| {
            Line::of(line).map_err(|message| Malformed { line: number, message })
        })
    }

    /// Why it did not end `ok`, where it says so.
    pub fn error(&self) -> Option<String> {
        error(self.text)
    }

    /// Reads a line, or says what is wrong with it.
    pub(super) fn of(line: &'a str) -> Result<Line<'a>, String> {
        scan::line(line).map_or_else(|| slowly(line), Ok)
    }

    /// Reads any line.
    pub(super) fn read(text: &'a str) -> Result<Line<'a>, serde_json::Error> {
        let AnyLine { index, time, due, process, kind, f, key, value, node } =
            serde_json::from_str(text)?;
        let value = value.map(RawValue::get);
        value.map_or(Ok(()), unambiguous)?;
        Ok(Line { text, index, time, due, process, kind, f, key, value, node })
    }
}

/// Makes rows of lines, and pairs them.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) names: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u16>,
    processes: Processes,
    /// Rows so far, and the index of the last.
    rows: u32,
    index: Option<u32>,
}

/// What every process is doing. Small numbers, which most are, have a place of their own.
#[derive(Default)]
struct Processes {
    small: Vec<ProcessState>,
    others: FxHashMap<u32, ProcessState>,
}

const SMALL: u32 = 1 << 20;

impl Processes {
    fn of(&mut self, process: u32) -> &mut ProcessState {
        if process >= SMALL {
            return self.others.entry(process).or_default();
        }
        let place = process as usize;
        if place >= self.small.len() {
            self.small.resize_with(place + 1, ProcessState::default);
        }
        &mut self.small[place]
    }
}

/// What a process is doing: its open invocation, or that it ended with an `info`.
#[derive(Default)]
enum ProcessState {
    #[default]
    Free,
    Busy(Asked),
    Crashed,
}

/// An open invocation.
#[derive(Clone, Copy)]
struct Asked {
    /// Where the caller put its row.
    place: u32,
    index: u32,
    key: u32,
    f: u16,
}

impl Reader {
    /// The row of a line, which begins at this byte of its text; or what is wrong with it.
    pub(super) fn row(&mut self, op: &Line<'_>, line: &str, at: u64) -> Result<Row, String> {
        if self.rows == NONE {
            return Err("more than 4,294,967,294 ops".into());
        }
        let (value_at, value_len) = match op.value {
            Some(value) => (value.as_ptr() as usize - line.as_ptr() as usize, value.len()),
            None => (0, 0),
        };
        let index = op.index.unwrap_or(self.rows);
        if let Some(before) = self.index.filter(|&before| before >= index) {
            return Err(format!("index {index} follows index {before}"));
        }
        let row = Row {
            time: op.time,
            line: at,
            value_at: value_at as u32,
            value_len: value_len as u32,
            index,
            pair: NONE,
            process: match op.process {
                Process::Client(process) => process,
                Process::Nemesis => NONE,
            },
            key: op.key.unwrap_or(NONE),
            f: self.name(&op.f)?,
            node: op.node.as_deref().map_or(Ok(NO_NODE), |node| self.name(node))?,
            kind: op.kind,
            has_due: op.due.is_some(),
        };
        self.rows += 1;
        self.index = Some(index);
        Ok(row)
    }

    /// Pairs a row, which stands at this place, with the place of the invocation that it completes,
    /// or says why it cannot have happened.
    pub(super) fn pair(&mut self, row: &Row, place: u32) -> Result<Option<u32>, String> {
        let Row { process, kind, f, key, index, .. } = *row;
        let state = self.processes.of(process);
        let who = || match process {
            NONE => "the nemesis".into(),
            _ => format!("process {process}"),
        };
        match (kind, &*state) {
            (Kind::Invoke, ProcessState::Busy(Asked { index, .. })) => {
                Err(format!("{} invokes, but its op {index} has not completed", who()))
            }
            (Kind::Invoke, ProcessState::Crashed) if process != NONE => {
                Err(format!("{} invokes again after an `info`", who()))
            }
            (Kind::Invoke, _) => {
                *state = ProcessState::Busy(Asked { place, index, key, f });
                Ok(None)
            }
            (_, &ProcessState::Busy(asked)) => {
                if asked.f != f || asked.key != key {
                    let (before, here) = (&self.names[asked.f as usize], &self.names[f as usize]);
                    return Err(format!(
                        "completes op {} ({before}) with another `f` or `key` ({here})",
                        asked.index
                    ));
                }
                let crashed = kind == Kind::Info && process != NONE;
                *state = if crashed { ProcessState::Crashed } else { ProcessState::Free };
                Ok(Some(asked.place))
            }
            // Jepsen's nemesis writes `info` at both ends: an event, not a call.
            (_, _) if process == NONE => Ok(None),
            (_, _) => Err(format!("{} completes an op that it did not invoke", who())),
        }
    }

    fn name(&mut self, name: &str) -> Result<u16, String> {
        // Few names are used over and over, so that looking beats hashing.
        if let Some(number) = self.names.iter().take(8).position(|known| **known == *name) {
            return Ok(number as u16);
        }
        if let Some(&number) = self.numbers.get(name) {
            return Ok(number);
        }
        let number = self.names.len() as u16;
        if number == NO_NODE {
            return Err("more than 65,534 different functions and nodes".into());
        }
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        Ok(number)
    }
}

/// The `error` of a line.
pub(super) fn error(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorOnly {
        error: Option<serde_json::Value>,
    }
    let error = serde_json::from_str::<ErrorOnly>(line).ok()?.error?;
    Some(error.as_str().map_or_else(|| error.to_string(), str::to_owned))
}

/// Reads a line of an uncommon kind, or says what is wrong with it.
fn slowly(line: &str) -> Result<Line<'_>, String> {
    Line::read(line).map_err(|e| not_an_op(line, &e))
}

/// What is wrong with a line, without serde's "line 1", which would mislead.
fn not_an_op(line: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    if error.is_eof() {
        return format!("the line ends in the middle of an op: {}", shorten(line));
    }
    format!("not an op ({text}, column {}): {}", error.column(), shorten(line))
}
