//! Transactions, read from the text of a history: `[["append","x",1],["r","x",[1]]]`.
//!
//! A transaction that ended `ok` is what its completion says. One that ended `info` may have
//! happened: its writes count where somebody saw them, its reads prove nothing. One that failed
//! did not happen: its writes count only as evidence against whoever saw them.
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::de::Error;

use super::{
    atom::{Atom, Names},
    graph::NONE,
    scan::Scan,
};
use crate::{History, Kind, Malformed, history::Outline};

/// What a micro-operation of a transaction does to its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act<'h> {
    /// Writes, or appends, this.
    Write(Atom),
    /// Read this, as JSON text; `null` where there was nothing.
    Read(&'h str),
}

/// Transactions in order of invocation, and what each did, in dense arrays.
pub struct Txns<'h> {
    /// The history they are from.
    pub history: &'h History,
    /// When each was invoked, by whom, and how it ended.
    pub outlines: Vec<Outline>,
    /// Where the micro-operations of each begin, and at last where they all end.
    pub starts: Vec<u32>,
    /// The key of each micro-operation.
    pub keys: Vec<u32>,
    /// What each micro-operation does.
    pub acts: Vec<Act<'h>>,
    /// What each key is called.
    pub key_atoms: Vec<Atom>,
    /// The JSON values that are no whole numbers.
    pub names: Names,
}

/// Transactions that are decoded by one thread at a time.
const CHUNK: usize = 4096;

impl<'h> Txns<'h> {
    /// Decodes the transactions of a history. `write` is the word for writing: `append`, or `w`.
    ///
    /// # Errors
    /// [`Malformed`] with the line of the first value that is no transaction.
    pub fn decode(history: &'h History, write: &str) -> Result<Txns<'h>, Malformed> {
        let outlines: Vec<Outline> = history.outlines().collect();
        let chunks: Vec<Result<Chunk<'h>, Malformed>> = outlines
            .par_chunks(CHUNK)
            .map(|outlines| Chunk::decode(history, outlines, write))
            .collect();
        let chunks = chunks.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Txns::join(history, outlines, chunks))
    }

    fn join(history: &'h History, outlines: Vec<Outline>, chunks: Vec<Chunk<'h>>) -> Txns<'h> {
        let count = chunks.iter().map(|chunk| chunk.acts.len()).sum();
        let mut txns = Txns {
            history,
            starts: Vec::with_capacity(outlines.len() + 1),
            outlines,
            keys: Vec::with_capacity(count),
            acts: Vec::with_capacity(count),
            key_atoms: Vec::new(),
            names: Names::default(),
        };
        let mut keys: FxHashMap<Atom, u32> = FxHashMap::default();
        for chunk in chunks {
            let renamed = txns.names.merge(&chunk.names);
            let number = |atom: &Atom| {
                let atom = renamed.get(*atom);
                *keys.entry(atom).or_insert_with(|| {
                    txns.key_atoms.push(atom);
                    txns.key_atoms.len() as u32 - 1
                })
            };
            let numbers: Vec<u32> = chunk.key_atoms.iter().map(number).collect();
            let base = txns.acts.len() as u32;
            txns.starts.extend(chunk.starts.iter().map(|start| base + start));
            txns.keys.extend(chunk.keys.iter().map(|key| numbers[*key as usize]));
            txns.acts.extend(chunk.acts.iter().map(|act| match *act {
                Act::Write(atom) if !renamed.is_empty() => Act::Write(renamed.get(atom)),
                act => act,
            }));
        }
        txns.starts.push(txns.acts.len() as u32);
        txns
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        self.outlines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.outlines.is_empty()
    }

    /// The micro-operations of a transaction.
    pub fn mops(&self, txn: u32) -> std::ops::Range<usize> {
        self.starts[txn as usize] as usize..self.starts[txn as usize + 1] as usize
    }

    /// Whether it certainly did not happen.
    pub fn failed(&self, txn: u32) -> bool {
        self.outlines[txn as usize].kind == Kind::Fail
    }

    /// Whether it certainly happened.
    pub fn is_ok(&self, txn: u32) -> bool {
        self.outlines[txn as usize].kind == Kind::Ok
    }

    /// The index of its invocation, by which people know it.
    pub fn op(&self, txn: u32) -> u32 {
        self.history.op(self.outlines[txn as usize].invoked).index
    }

    /// A key for people to read.
    pub fn key(&self, key: u32) -> String {
        let text = self.names.show(self.key_atoms[key as usize]).to_string();
        text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).map_or(text.clone(), str::to_owned)
    }
}

/// Some transactions, their keys and names numbered among themselves.
#[derive(Default)]
struct Chunk<'h> {
    starts: Vec<u32>,
    keys: Vec<u32>,
    acts: Vec<Act<'h>>,
    key_numbers: FxHashMap<Atom, u32>,
    key_atoms: Vec<Atom>,
    names: Names,
}

impl<'h> Chunk<'h> {
    fn decode(
        history: &'h History,
        outlines: &[Outline],
        write: &str,
    ) -> Result<Chunk<'h>, Malformed> {
        let mut chunk = Chunk::default();
        for outline in outlines {
            chunk.starts.push(chunk.acts.len() as u32);
            let row = said(history, outline);
            chunk
                .txn(history.op(row).value, write, outline.kind == Kind::Ok)
                .map_err(|e| history.malformed(row, &serde_json::Error::custom(e)))?;
        }
        Ok(chunk)
    }

    fn txn(&mut self, text: &'h str, write: &str, is_ok: bool) -> Result<(), String> {
        let not = || {
            format!("a transaction is a list such as [[\"{write}\",\"x\",1],[\"r\",\"x\",null]]")
        };
        let mut scan = Scan::new(text);
        scan.open().ok_or_else(not)?;
        let mut is_first = true;
        while scan.item(is_first).ok_or_else(not)? {
            is_first = false;
            let (f, key, value) = mop(&mut scan).ok_or_else(not)?;
            let f = f.trim_matches('"').trim_start_matches(':');
            let act = if f == write {
                Act::Write(self.names.atom(value.ok_or_else(not)?))
            } else if f == "r" && is_ok {
                Act::Read(value.unwrap_or("null"))
            } else if f == "r" {
                continue;
            } else {
                return Err(format!("`{f}` is neither `{write}` nor `r`"));
            };
            let key = self.key(key);
            self.keys.push(key);
            self.acts.push(act);
        }
        scan.is_at_end().then_some(()).ok_or_else(not)
    }

    fn key(&mut self, text: &str) -> u32 {
        let atom = self.names.atom(text);
        let next = self.key_atoms.len() as u32;
        let number = *self.key_numbers.entry(atom).or_insert(next);
        if number == next {
            self.key_atoms.push(atom);
        }
        number
    }
}

/// The row that says what a transaction did, as far as anybody knows.
pub(super) fn said(history: &History, outline: &Outline) -> u32 {
    let has_value = |row: &u32| outline.kind == Kind::Ok || history.op(*row).value != "null";
    Some(outline.completed).filter(|row| *row != NONE).filter(has_value).unwrap_or(outline.invoked)
}

/// Function, key and value of a micro-operation.
fn mop<'h>(scan: &mut Scan<'h>) -> Option<(&'h str, &'h str, Option<&'h str>)> {
    scan.open()?;
    let mut next = |is_first| scan.item(is_first)?.then(|| scan.value()).flatten();
    let (f, key) = (next(true)?, next(false)?);
    let Some(value) = scan_optional(scan)? else { return Some((f, key, None)) };
    (!scan.item(false)?).then_some((f, key, Some(value)))
}

/// The next item of a list, or `None` at its end.
fn scan_optional<'h>(scan: &mut Scan<'h>) -> Option<Option<&'h str>> {
    if scan.item(false)? { scan.value().map(Some) } else { Some(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(values: &[(&str, &str)]) -> History {
        let mut text = String::new();
        for (i, (kind, value)) in values.iter().enumerate() {
            let invoke = format!("{{\"process\":{i},\"type\":\"invoke\",\"f\":\"txn\"}}\n");
            text += &invoke;
            text += &format!(
                "{{\"process\":{i},\"type\":\"{kind}\",\"f\":\"txn\",\"value\":{value}}}\n"
            );
        }
        History::read(text).unwrap()
    }

    #[test]
    fn micro_operations_are_decoded() {
        let text = r#"[ ["append","x",1], ["r","x",[1, 2]], [":r", 7], ["append", [1], "a"] ]"#;
        let history = history(&[("ok", text)]);
        let txns = Txns::decode(&history, "append").unwrap();
        assert_eq!(txns.keys, [0, 0, 1, 2]);
        assert_eq!(txns.acts[1], Act::Read("[1, 2]"));
        assert_eq!(txns.acts[2], Act::Read("null"));
        assert_eq!((txns.key(0), txns.key(2)), ("x".into(), "[1]".into()));
    }

    #[test]
    fn only_what_happened_has_read() {
        let text = r#"[["r",1,[2]],["append",1,3]]"#;
        let history = history(&[("info", text), ("fail", text), ("ok", text)]);
        let txns = Txns::decode(&history, "append").unwrap();
        assert_eq!(txns.starts, [0, 1, 2, 4]);
        assert_eq!((txns.failed(1), txns.is_ok(1), txns.is_ok(2)), (true, false, true));
    }

    #[test]
    fn what_is_no_transaction_is_refused_with_its_line() {
        for value in [
            "7",
            "[7]",
            "[[]]",
            "[[\"r\"]]",
            "[[\"w\",1,2]]",
            "[[\"append\",1]]",
            "{}",
            "null",
            "[[\"r\",1,2,3]]",
        ] {
            let error = Txns::decode(&history(&[("ok", "[]"), ("ok", value)]), "append").err();
            assert_eq!(error.map(|e| e.line), Some(4), "{value}");
        }
    }
}
