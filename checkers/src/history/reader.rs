//! From text to rows: lines are read, put into rows, and paired.
use std::{borrow::Cow, sync::Arc};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{History, Kind, Malformed, NO_NODE, NONE, Nanos, Process, Row, scan, shorten};
use crate::datum::unambiguous::unambiguous;

/// Reads JSON Lines.
pub(super) fn read(text: Vec<u8>) -> Result<History, Malformed> {
    let (rows, names) = rows(&text)?;
    let text = String::from_utf8(text).expect("every line is text");
    Ok(History {
        text: Arc::new(text),
        rows: Arc::new(rows),
        names: names.into(),
        selected: None,
        has_lines: true,
    })
}

/// What is read at a time.
const BATCH: usize = 8 << 20;

fn rows(text: &[u8]) -> Result<(Vec<Row>, Vec<Arc<str>>), Malformed> {
    let mut reader = Reader::default();
    let mut rows: Vec<Row> = Vec::with_capacity(guess_rows(text));
    let (mut number, mut at) = (0, 0);
    for batch in pieces(text, BATCH) {
        for (line_number, line, op) in side_by_side(batch) {
            let bad = |message| Malformed { line: number + line_number, message };
            let op = op.map_err(bad)?;
            let at = at + (line.as_ptr() as usize - batch.as_ptr() as usize);
            let mut row = reader.row(&op, line, at as u64).map_err(bad)?;
            let place = rows.len() as u32;
            if let Some(Asked { place: open, .. }) =
                reader.pair(&row, op.due.unwrap_or(op.time), place).map_err(bad)?
            {
                row.pair = open;
                rows[open as usize].pair = place;
            }
            rows.push(row);
        }
        (number, at) = (number + newlines(batch), at + batch.len());
    }
    if rows.is_empty() {
        let message = "the history is empty: no op was recorded".into();
        return Err(Malformed { line: 1, message });
    }
    rows.shrink_to_fit();
    Ok((rows, reader.names))
}

/// A line of a text, with its number, from 1, and the op that it is or what is wrong with it.
pub(super) type Read<'a> = (usize, &'a str, Result<Line<'a>, String>);

/// The lines of a text of whole lines, read by all threads, up to one that is not text.
pub(super) fn side_by_side(text: &[u8]) -> impl Iterator<Item = Read<'_>> + Send {
    let size = (text.len() / (4 * rayon::current_num_threads())).max(1 << 12);
    let pieces = pieces(text, size);
    let read: Vec<_> = pieces.par_iter().map(|piece| (ops(piece), newlines(piece))).collect();
    let mut before = 0;
    read.into_iter().flat_map(move |(lines, count)| {
        let start = before;
        before += count;
        lines.into_iter().map(move |(number, line, op)| (start + number, line, op))
    })
}

/// The ops of a text of whole lines, up to where it is text no more.
fn ops(text: &[u8]) -> Vec<Read<'_>> {
    if let Ok(text) = std::str::from_utf8(text) {
        return lines(text).map(|(number, line)| (number, line, Line::of(line))).collect();
    }
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let whole = &valid.as_bytes()[..valid.rfind('\n').map_or(0, |at| at + 1)];
    let mut read = ops(whole);
    let message = "not text: a history is JSON Lines, one op a line".into();
    read.push((newlines(whole) + 1, "", Err(message)));
    read
}

/// A text in pieces of about so many bytes, each of whole lines.
pub(super) fn pieces(text: &[u8], size: usize) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.get(size..).and_then(|after| memchr::memchr(b'\n', after));
        let (piece, after) = rest.split_at(end.map_or(rest.len(), |end| size + end + 1));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// How many lines end in a text.
pub(super) fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// The lines of a text that are not blank, each with its number, from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_blank = |line: &str| line.bytes().all(|byte| byte.is_ascii_whitespace());
    let (mut number, mut rest) = (0, text);
    let lines = std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at(end);
        (number, rest) = (number + 1, after);
        (!line.is_empty()).then(|| (number, line.strip_suffix('\n').unwrap_or(line)))
    });
    lines.filter(move |(_, line)| !is_blank(line))
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
    pub(super) due: Option<Nanos>,
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
        Ok(Line { index, time, due, process, kind, f, key, value, node })
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

/// What every process waits for. Small numbers, which most are, have a place of their own.
#[derive(Default)]
struct Processes {
    small: Vec<Asked>,
    others: FxHashMap<u32, Asked>,
}

const SMALL: u32 = 1 << 20;

impl Processes {
    fn of(&mut self, process: u32) -> &mut Asked {
        if process >= SMALL {
            return self.others.entry(process).or_default();
        }
        let place = process as usize;
        if place >= self.small.len() {
            self.small.resize_with(place + 1, Asked::default);
        }
        &mut self.small[place]
    }
}

/// An invocation that a process waits for, in half a line of a processor's cache: there may be more
/// of them than it holds.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Where the caller put its row; or that there is none ([`FREE`], [`CRASHED`]).
    pub(super) place: u32,
    index: u32,
    key: u32,
    f: u16,
    pub(super) node: u16,
    pub(super) time: Nanos,
    /// When it was due; the time where it was not late.
    pub(super) due: Nanos,
}

/// In place of a row: the process waits for nothing.
const FREE: u32 = NONE;
/// In place of a row: the process ended with an `info`.
const CRASHED: u32 = NONE - 1;

impl Default for Asked {
    fn default() -> Asked {
        Asked { place: FREE, index: 0, key: 0, f: 0, node: 0, time: 0, due: 0 }
    }
}

impl Reader {
    /// The row of a line, which begins at this byte of its text; or what is wrong with it.
    pub(super) fn row(&mut self, op: &Line<'_>, line: &str, at: u64) -> Result<Row, String> {
        if self.rows == CRASHED {
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

    /// Pairs a row, which stands at this place and was due then, with the invocation that it completes,
    /// or says why it cannot have happened.
    pub(super) fn pair(
        &mut self,
        row: &Row,
        due: Nanos,
        place: u32,
    ) -> Result<Option<Asked>, String> {
        let Row { process, kind, f, key, index, node, time, .. } = *row;
        let state = self.processes.of(process);
        let who = || match process {
            NONE => "the nemesis".into(),
            _ => format!("process {process}"),
        };
        let open = *state;
        match (kind, open.place) {
            (Kind::Invoke, CRASHED) if process != NONE => {
                Err(format!("{} invokes again after an `info`", who()))
            }
            (Kind::Invoke, FREE | CRASHED) => {
                *state = Asked { place, index, key, f, node, time, due };
                Ok(None)
            }
            (Kind::Invoke, _) => {
                let index = open.index;
                Err(format!("{} invokes, but its op {index} has not completed", who()))
            }
            // Jepsen's nemesis writes `info` at both ends: an event, not a call.
            (_, FREE | CRASHED) if process == NONE => Ok(None),
            (_, FREE | CRASHED) => Err(format!("{} completes an op that it did not invoke", who())),
            (_, _) => {
                if open.f != f || open.key != key {
                    let (before, here) = (&self.names[open.f as usize], &self.names[f as usize]);
                    return Err(format!(
                        "completes op {} ({before}) with another `f` or `key` ({here})",
                        open.index
                    ));
                }
                let is_crashed = kind == Kind::Info && process != NONE;
                state.place = if is_crashed { CRASHED } else { FREE };
                Ok(Some(open))
            }
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
