//! Other tools' ops rewritten as rows of ours.
//!
//! The text is read twice: once for what can only be said of the whole (where the keys are,
//! whether there are indexes), once to write the rows. Thus only the result is held in memory.
//! Each row stands on the line of the op it came from, so that whatever is said of it later names
//! the right line; ops that share a line are counted as if each stood on its own.
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value;

use super::{
    foreign::{Foreign, Who},
    keys::{Evidence, Keys, Numbering, pair},
};
use crate::{History, Kind, Malformed, Process, datum::number};

/// The history that these ops are; `ops` is asked for all of them twice.
pub(super) fn history<'t, I>(ops: impl Fn() -> I, keys: Keys) -> Result<History, Malformed>
where
    I: Iterator<Item = Result<Foreign<'t>, Malformed>>,
{
    let mut survey = Survey::default();
    for op in ops() {
        survey.note(&op?);
    }
    let mut writer = Writer::new(survey, keys);
    for op in ops() {
        writer.push(op?)?;
    }
    History::read(writer.text)
}

/// What must be known of the whole before the first row can be written.
#[derive(Default)]
struct Survey {
    evidence: Evidence,
    fields: Numbering,
    pairs: Numbering,
    names: BTreeSet<String>,
    has_unnumbered: bool,
}

impl Survey {
    fn note(&mut self, op: &Foreign<'_>) {
        self.evidence.note(op);
        self.has_unnumbered |= op.index.is_none();
        match &op.process {
            Who::Named(name) if !self.names.contains(name) => drop(self.names.insert(name.clone())),
            Who::Named(_) => (),
            Who::Client(_) => {
                op.key.iter().for_each(|key| self.fields.note(key));
                let pair = pair(&op.value).filter(|_| op.kind == Kind::Invoke);
                pair.into_iter().for_each(|(key, _)| self.pairs.note(key));
            }
        }
    }
}

struct Writer {
    text: Vec<u8>,
    line: usize,
    rows: u32,
    is_independent: bool,
    is_numbered: bool,
    /// Several named processes could be busy at once; as one, they only report.
    are_reports: bool,
    numbering: Numbering,
    /// The key that each process asked about last.
    asked: FxHashMap<u32, Value>,
}

impl Writer {
    fn new(survey: Survey, keys: Keys) -> Writer {
        let is_independent = survey.evidence.is_independent(keys);
        Writer {
            text: Vec::new(),
            line: 1,
            rows: 0,
            is_independent,
            is_numbered: !survey.has_unnumbered,
            are_reports: survey.names.len() > 1,
            numbering: if is_independent { survey.pairs } else { survey.fields },
            asked: FxHashMap::default(),
        }
    }

    fn push(&mut self, mut op: Foreign<'_>) -> Result<(), Malformed> {
        while self.line < op.line {
            self.text.push(b'\n');
            self.line += 1;
        }
        let key = self.key(&mut op)?;
        let (process, kind) = match op.process {
            Who::Client(process) => (Process::Client(process), op.kind),
            Who::Named(_) if self.are_reports => (Process::Nemesis, Kind::Info),
            Who::Named(_) => (Process::Nemesis, op.kind),
        };
        self.write(&op, process, kind, key.as_ref());
        self.line += 1;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Writes a row as [`History::read`] reads it.
    fn write(&mut self, op: &Foreign<'_>, process: Process, kind: Kind, key: Option<&Value>) {
        let index = op.index.filter(|_| self.is_numbered).unwrap_or(self.rows);
        let text = &mut self.text;
        put(text, r#"{"index":"#, &index);
        if op.time > 0 {
            put(text, r#","time":"#, &op.time);
        }
        put(text, r#","process":"#, &process);
        put(text, r#","type":"#, &kind);
        put(text, r#","f":"#, &op.f);
        if let Some(key) = key {
            put(text, r#","key":"#, &self.numbering.number(key));
            if self.numbering.has_names() {
                // What it is called in its own history, for people.
                put_value(text, r#","key_name":"#, key);
            }
        }
        put_value(text, r#","value":"#, &op.value);
        if let Some(error) = &op.error {
            put_value(text, r#","error":"#, error);
        }
        if let Some(node) = &op.node {
            put(text, r#","node":"#, node);
        }
        text.extend_from_slice(b"}\n");
    }

    /// The key of a client's op, taken out of its value if it is there. A completion is about what
    /// was asked, even where its value was replaced by an error.
    fn key(&mut self, op: &mut Foreign<'_>) -> Result<Option<Value>, Malformed> {
        let Who::Client(process) = op.process else { return Ok(None) };
        let asked = self.asked.get(&process).filter(|_| op.kind != Kind::Invoke);
        let key = match pair(&op.value) {
            _ if !self.is_independent => op.key.take().or_else(|| asked.cloned()),
            Some((key, value)) if asked.is_none_or(|asked| asked == key) => {
                let (key, value) = (key.clone(), value.clone());
                op.value = value;
                Some(key)
            }
            _ if matches!(op.kind, Kind::Fail | Kind::Info) => asked.cloned(),
            _ => {
                let about = asked.map(|key| format!(" that is {key}")).unwrap_or_default();
                let message = format!("{} is no pair of a key{about} and a value", op.value);
                return Err(Malformed { line: op.line, message });
            }
        };
        if op.kind == Kind::Invoke {
            match &key {
                Some(key) => drop(self.asked.insert(process, key.clone())),
                None => drop(self.asked.remove(&process)),
            }
        }
        Ok(key)
    }
}

fn put(text: &mut Vec<u8>, before: &str, value: &impl Serialize) {
    text.extend_from_slice(before.as_bytes());
    serde_json::to_writer(text, value).expect("memory takes all that is JSON");
}

/// As [`put`], numbers of any size as themselves.
fn put_value(text: &mut Vec<u8>, before: &str, value: &Value) {
    if !(value.is_array() || value.is_object()) {
        return put(text, before, value);
    }
    text.extend_from_slice(before.as_bytes());
    text.extend_from_slice(number::spell(&value.to_string()).as_bytes());
}
