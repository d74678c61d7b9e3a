//! From text to rows: lines are read, put into rows, and paired.
use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{History, Kind, Malformed, NO_NODE, NONE, Nanos, Process, Row, scan, shorten};

/// Reads JSON Lines.
pub(super) fn read(text: Bytes) -> Result<History, Malformed> {
    let mut reader = Reader { rows: Vec::with_capacity(guess_rows(&text)), ..Reader::default() };
    let (mut number, mut at) = (0, 0);
    while at < text.len() {
        number += 1;
        let line = &text[at..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        if !line.iter().all(u8::is_ascii_whitespace) {
            reader.push(number, line, at)?;
        }
        at += line.len() + 1;
    }
    reader.finish(text)
}

/// How many rows a text has, judged by its first lines. What is too much is never touched.
fn guess_rows(text: &[u8]) -> usize {
    let sample = &text[..text.len().min(1 << 16)];
    let lines = memchr::memchr_iter(b'\n', sample).count() + 1;
    text.len() / (sample.len() / lines).max(1) * 9 / 8 + 16
}

/// An op as a line spells it.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) index: Option<u32>,
    pub(super) time: Nanos,
    pub(super) process: Process,
    pub(super) kind: Kind,
    pub(super) f: Cow<'a, str>,
    pub(super) key: Option<u32>,
    /// As text, where there is one and it is not `null`.
    pub(super) value: Option<&'a str>,
    pub(super) node: Option<Cow<'a, str>>,
}

/// A line as serde reads it, whatever it looks like.
#[derive(Deserialize)]
struct AnyLine<'a> {
    index: Option<u32>,
    #[serde(default)]
    time: Nanos,
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
    /// Reads any line.
    pub(super) fn read(text: &'a str) -> Result<Line<'a>, serde_json::Error> {
        let AnyLine { index, time, process, kind, f, key, value, node } =
            serde_json::from_str(text)?;
        let value = value.map(RawValue::get);
        Ok(Line { index, time, process, kind, f, key, value, node })
    }
}

/// Builds rows line by line, pairing as it goes.
#[derive(Default)]
struct Reader {
    rows: Vec<Row>,
    names: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u16>,
    processes: Processes,
}

/// What every process is doing. Small numbers, which most are, have a place of their own.
#[derive(Default)]
struct Processes {
    small: Vec<ProcessState>,
    others: FxHashMap<u32, ProcessState>,
}

const SMALL: u32 = 1 << 16;

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
    Busy(u32),
    Crashed,
}

impl Reader {
    /// Takes in a line, which begins at this byte of the text.
    fn push(&mut self, number: usize, line: &[u8], at: usize) -> Result<(), Malformed> {
        let bad = |message: String| Malformed { line: number, message };
        let op = match scan::line(line) {
            Some(op) => op,
            None => slowly(line).map_err(bad)?,
        };
        let row = self.rows.len() as u32;
        if row == NONE {
            return Err(bad("more than 4,294,967,294 ops".into()));
        }
        let (value_at, value_len) = match op.value {
            Some(value) => (value.as_ptr() as usize - line.as_ptr() as usize, value.len()),
            None => (0, 0),
        };
        let index = op.index.unwrap_or(row);
        if let Some(before) = self.rows.last().filter(|r| r.index >= index) {
            return Err(bad(format!("index {index} follows index {}", before.index)));
        }
        let f = self.name(&op.f).map_err(&bad)?;
        let node = op.node.as_deref().map_or(Ok(NO_NODE), |n| self.name(n)).map_err(&bad)?;
        let process = match op.process {
            Process::Client(p) => p,
            Process::Nemesis => NONE,
        };
        let key = op.key.unwrap_or(NONE);
        let new = Row {
            time: op.time,
            line: at as u64,
            value_at: value_at as u32,
            value_len: value_len as u32,
            index,
            pair: NONE,
            process,
            key,
            f,
            node,
            kind: op.kind,
        };
        self.rows.push(new);
        self.match_up(row).map_err(bad)
    }

    /// Pairs the newest row with its partner, or says why it cannot have happened.
    fn match_up(&mut self, row: u32) -> Result<(), String> {
        let Row { process, kind, f, key, .. } = self.rows[row as usize];
        let state = self.processes.of(process);
        let who = || match process {
            NONE => "the nemesis".into(),
            _ => format!("process {process}"),
        };
        match (kind, &*state) {
            (Kind::Invoke, ProcessState::Busy(open)) => {
                let open = self.rows[*open as usize].index;
                return Err(format!("{} invokes, but its op {open} has not completed", who()));
            }
            (Kind::Invoke, ProcessState::Crashed) if process != NONE => {
                return Err(format!("{} invokes again after an `info`", who()));
            }
            (Kind::Invoke, _) => *state = ProcessState::Busy(row),
            (_, ProcessState::Busy(open)) => {
                let open = *open;
                let invoked = &mut self.rows[open as usize];
                if invoked.f != f || invoked.key != key {
                    let asked = &self.names[invoked.f as usize];
                    let (here, index) = (&self.names[f as usize], invoked.index);
                    return Err(format!(
                        "completes op {index} ({asked}) with another `f` or `key` ({here})"
                    ));
                }
                invoked.pair = row;
                self.rows[row as usize].pair = open;
                let crashed = kind == Kind::Info && process != NONE;
                *state = if crashed { ProcessState::Crashed } else { ProcessState::Free };
            }
            // Jepsen's nemesis writes `info` at both ends: an event, not a call.
            (_, _) if process == NONE => (),
            (_, _) => return Err(format!("{} completes an op that it did not invoke", who())),
        }
        Ok(())
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

    fn finish(mut self, text: Bytes) -> Result<History, Malformed> {
        if self.rows.is_empty() {
            let message = "the history is empty: no op was recorded".into();
            return Err(Malformed { line: 1, message });
        }
        self.rows.shrink_to_fit();
        Ok(History { text, rows: Arc::new(self.rows), names: self.names.into(), selected: None })
    }
}

/// Reads a line of an uncommon kind, or says what is wrong with it.
fn slowly(line: &[u8]) -> Result<Line<'_>, String> {
    let line = std::str::from_utf8(line)
        .map_err(|_| String::from("not text: a history is JSON Lines, one op a line"))?;
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
