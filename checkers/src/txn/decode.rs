//! Transactions, read from the text of a history: `[["append","x",1],["r","x",[1]]]`.
//!
//! A transaction that ended `ok` is what its completion says. One that ended `info` may have
//! happened: its writes count where somebody saw them, its reads prove nothing. One that failed
//! did not happen: its writes count only as evidence against whoever saw them.
//!
//! Of registers a micro-operation may have a fourth part, the number that the database itself gives
//! the version: `["w","x",1,17]`.
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::de::Error;

use super::{
    atom::{Atom, Names},
    graph::NONE,
    scan::Scan,
    stamp::Stamp,
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

/// What transactions of a kind are written with.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    write: &'static str,
    /// Whether versions may have numbers.
    has_stamps: bool,
}

impl Words {
    /// Lists.
    pub const LISTS: Words = Words { write: "append", has_stamps: false };
    /// Registers.
    pub const REGISTERS: Words = Words { write: "w", has_stamps: true };
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
    /// The micro-operations of what certainly happened whose version the database gave a number.
    pub stamps: Vec<(u32, Stamp)>,
    /// What each key is called.
    pub key_atoms: Vec<Atom>,
    /// The JSON values that are no whole numbers.
    pub names: Names,
}

/// Transactions that are decoded by one thread at a time.
const CHUNK: usize = 4096;

impl<'h> Txns<'h> {
    /// Decodes the transactions of a history.
    ///
    /// # Errors
    /// [`Malformed`] with the line of the first value that is no transaction.
    pub fn decode(history: &'h History, words: Words) -> Result<Txns<'h>, Malformed> {
        let outlines: Vec<Outline> = history.outlines().collect();
        let chunks: Vec<Result<Chunk<'h>, Malformed>> = outlines
            .par_chunks(CHUNK)
            .map(|outlines| Chunk::decode(history, outlines, words))
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
            stamps: Vec::new(),
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
            txns.stamps.extend(chunk.stamps.iter().map(|(mop, stamp)| (base + mop, *stamp)));
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

    /// The number that the database gives the version of a micro-operation.
    pub fn stamp(&self, mop: u32) -> Option<Stamp> {
        let place = self.stamps.binary_search_by_key(&mop, |(mop, _)| *mop).ok()?;
        Some(self.stamps[place].1)
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
    stamps: Vec<(u32, Stamp)>,
    key_numbers: FxHashMap<Atom, u32>,
    key_atoms: Vec<Atom>,
    names: Names,
}

impl<'h> Chunk<'h> {
    fn decode(
        history: &'h History,
        outlines: &[Outline],
        words: Words,
    ) -> Result<Chunk<'h>, Malformed> {
        let mut chunk = Chunk::default();
        for outline in outlines {
            chunk.starts.push(chunk.acts.len() as u32);
            let row = said(history, outline);
            chunk
                .txn(history.op(row).value.as_str(), words, outline.kind == Kind::Ok)
                .map_err(|e| history.malformed(row, &serde_json::Error::custom(e)))?;
        }
        Ok(chunk)
    }

    fn txn(&mut self, text: &'h str, words: Words, is_ok: bool) -> Result<(), String> {
        let write = words.write;
        let not = || {
            format!("a transaction is a list such as [[\"{write}\",\"x\",1],[\"r\",\"x\",null]]")
        };
        let mut scan = Scan::new(text);
        scan.open().ok_or_else(not)?;
        let mut is_first = true;
        while scan.item(is_first).ok_or_else(not)? {
            is_first = false;
            let [f, key, value, stamp] = mop(&mut scan, words).ok_or_else(not)?;
            let (Some(f), Some(key)) = (f, key) else { return Err(not()) };
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
            if let Some(text) = stamp.filter(|text| is_ok && *text != "null") {
                let no_number = || format!("the number of a version is one such as 17, not {text}");
                let stamp = Stamp::read(text).ok_or_else(no_number)?;
                self.stamps.push((self.acts.len() as u32, stamp));
            }
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

/// Function, key, value and the version's number of a micro-operation, as far as it has them.
fn mop<'h>(scan: &mut Scan<'h>, words: Words) -> Option<[Option<&'h str>; 4]> {
    scan.open()?;
    let mut parts = [None; 4];
    let count = if words.has_stamps { 4 } else { 3 };
    for place in 0..count {
        if !scan.item(place == 0)? {
            return Some(parts);
        }
        parts[place] = Some(scan.value()?);
    }
    (!scan.item(false)?).then_some(parts)
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
        let txns = Txns::decode(&history, Words::LISTS).unwrap();
        assert_eq!(txns.keys, [0, 0, 1, 2]);
        assert_eq!(txns.acts[1], Act::Read("[1, 2]"));
        assert_eq!(txns.acts[2], Act::Read("null"));
        assert_eq!((txns.key(0), txns.key(2)), ("x".into(), "[1]".into()));
    }

    #[test]
    fn only_what_happened_has_read() {
        let text = r#"[["r",1,[2]],["append",1,3]]"#;
        let history = history(&[("info", text), ("fail", text), ("ok", text)]);
        let txns = Txns::decode(&history, Words::LISTS).unwrap();
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
            let history = history(&[("ok", "[]"), ("ok", value)]);
            let error = Txns::decode(&history, Words::LISTS).err();
            assert_eq!(error.map(|e| e.line), Some(4), "{value}");
        }
    }

    #[test]
    fn versions_of_registers_may_have_numbers() {
        let text = r#"[["w",1,5,17],["r",2,null,null],["r",1,5,"17.5"]]"#;
        let both = history(&[("ok", text), ("info", text)]);
        let txns = Txns::decode(&both, Words::REGISTERS).unwrap();
        let stamps: Vec<_> = txns.stamps.iter().map(|(mop, n)| (*mop, n.to_string())).collect();
        assert_eq!(stamps, [(0, "17".to_owned()), (2, "17.5".to_owned())]);
        for value in [r#"[["w",1,5,"later"]]"#, r#"[["w",1,5,17,18]]"#] {
            let refused = history(&[("ok", value)]);
            assert_eq!(Txns::decode(&refused, Words::REGISTERS).err().map(|e| e.line), Some(2));
        }
    }
}
