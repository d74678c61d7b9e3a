//! The history: what was asked of the system and what it answered, in order.
//!
//! A history is JSON Lines, one op a line. The text is kept as it came and shared; beside it
//! stands one small fixed-size row an op. A part of a history (one key, one window) shares both
//! and keeps row numbers, so splitting copies nothing. Values stay text until a checker decodes
//! them, once, into its own type (see [`crate::decode`]).
use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use rustc_hash::FxHashMap;
use serde::Deserialize;

mod arrivals;
mod calls;
mod line;
mod op;
mod outline;
mod reader;
mod scan;
mod seen;
mod text;
pub(crate) mod windows;

pub use calls::{Call, Outcome};
pub use op::{Kind, Nanos, Op, OpRef, Process};
pub use outline::Outline;
pub use seen::Seen;
pub use text::Text;

/// Why a text is not a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.line))]
pub struct Malformed {
    /// The first offending line, counted from 1; 0 where lines are not known any more.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

fn place(line: &usize) -> String {
    if *line == 0 { String::new() } else { format!("line {line}: ") }
}

/// Ops in order, every completion matched to its invocation.
#[derive(Clone)]
pub struct History {
    text: Arc<String>,
    rows: Arc<Vec<Row>>,
    names: Arc<[Arc<str>]>,
    selected: Option<Arc<[u32]>>,
    /// Whether the text has every op's line. Where it was read bit by bit, it has no more of an
    /// invocation or an `ok` than the value.
    has_lines: bool,
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
    /// Whether its line says when it was due.
    has_due: bool,
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
    pub fn read(text: impl Into<Vec<u8>>) -> Result<History, Malformed> {
        reader::read(text.into())
    }

    /// As [`History::read`], but forgives a last line cut short, as a killed controller leaves it.
    /// Returns the number of that line beside the ops before it.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`], for every other line.
    pub fn read_torn(text: impl Into<Vec<u8>>) -> Result<(History, Option<usize>), Malformed> {
        let mut text: Vec<u8> = text.into();
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        if text[whole..].iter().all(u8::is_ascii_whitespace) {
            return Ok((History::read(text)?, None));
        }
        let torn = text[..whole].iter().filter(|&&b| b == b'\n').count() + 1;
        text.truncate(whole);
        Ok((History::read(text)?, Some(torn)))
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
            value: self.value(r),
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
        reader::error(&self.line(row))
    }

    /// When an invocation should have begun, where its line says that this was earlier than it did.
    pub fn due(&self, row: u32) -> Option<Nanos> {
        #[derive(Deserialize)]
        struct DueOnly {
            due: Option<Nanos>,
        }
        let has_due = self.has_lines && self.rows[row as usize].has_due;
        let line = has_due.then(|| self.line(row))?;
        serde_json::from_str::<DueOnly>(&line).ok()?.due
    }

    /// The line of an op, as it was written; without what [`OpRef`] lacks where the history was
    /// read bit by bit.
    pub fn line(&self, row: u32) -> Cow<'_, str> {
        if !self.has_lines && matches!(self.op(row).kind, Kind::Invoke | Kind::Ok) {
            return Cow::Owned(self.op(row).to_json());
        }
        let rest = &self.text[self.rows[row as usize].line as usize..];
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        rest[..end].trim_end().into()
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

    fn value(&self, row: &Row) -> Text<'_> {
        match row.value_len {
            0 => Text::of("null"),
            len => {
                let at = row.line as usize + row.value_at as usize;
                Text { text: &self.text, from: at, until: at + len as usize }
            }
        }
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
