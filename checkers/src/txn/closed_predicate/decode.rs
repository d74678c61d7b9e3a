//! What each transaction did, from the text of a history.
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::de::Error;
use serde_json::Value;

use super::predicate::{Predicate, word};
use crate::{Datum, History, Kind, Malformed, decode, history::Outline, txn::decode::said};

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Init,
    Insert,
    Write,
    Delete,
}

/// A micro-operation; objects are numbered.
#[derive(Clone, Debug)]
pub(super) enum Mop {
    /// Makes an object what it then is; nothing, once deleted.
    Make(usize, Deed, Option<Datum>),
    /// Read this of an object; nothing where it was not there.
    Read(usize, Option<Datum>),
    /// Found these objects by a predicate.
    Find(Predicate, BTreeMap<usize, Datum>),
}

/// All transactions, and the objects they are about.
#[derive(Default)]
pub(super) struct World {
    /// How each transaction ended, by its number.
    pub(super) kinds: Vec<Kind>,
    /// The index of each, by which people know it.
    pub(super) ops: Vec<u32>,
    pub(super) mops: Vec<Vec<Mop>>,
    /// What objects are called.
    pub(super) keys: Vec<String>,
    numbers: FxHashMap<String, usize>,
}

const TXN: &str = "a transaction is a list such as [[\"insert\",\"x\",1],[\"w\",\"x\",2],\
                   [\"r\",\"x\",2],[\"rp\",[\"mod\",2,0],{\"x\":2}],[\"delete\",\"x\"]]";
const INIT: &str = "init takes an object such as {\"x\":1}";

impl World {
    /// Reads all of them.
    ///
    /// # Errors
    /// [`Malformed`] with the line of the first value that is no transaction.
    pub(super) fn read(history: &History) -> Result<World, Malformed> {
        let mut world = World::default();
        for outline in history.outlines() {
            let row = said(history, &outline);
            let bad = |why: &str| history.malformed(row, &serde_json::Error::custom(why));
            let value: Value = decode::answer(history.op(row).value.as_bytes())
                .map_err(|e| history.malformed(row, &e))?;
            let is_init = word(history.op(outline.invoked).f) == "init";
            let mops = match is_init {
                true => world.init(&outline, value).ok_or_else(|| bad(INIT))?,
                false => world.txn(&outline, value).ok_or_else(|| bad(TXN))?,
            };
            world.kinds.push(outline.kind);
            world.ops.push(history.op(outline.invoked).index);
            world.mops.push(mops);
        }
        Ok(world)
    }

    fn key(&mut self, name: String) -> usize {
        let next = self.keys.len();
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.keys.push(name);
        }
        number
    }

    fn init(&mut self, outline: &Outline, value: Value) -> Option<Vec<Mop>> {
        // What may not have happened is as good as inserted, at best.
        let deed = if outline.kind == Kind::Ok { Deed::Init } else { Deed::Insert };
        let Value::Object(map) = value else { return None };
        let make = |(name, value)| Mop::Make(self.key(name), deed, Some(Datum::from(value)));
        Some(map.into_iter().map(make).collect())
    }

    fn txn(&mut self, outline: &Outline, value: Value) -> Option<Vec<Mop>> {
        let is_ok = outline.kind == Kind::Ok;
        let Value::Array(mops) = value else { return None };
        let mut all = Vec::with_capacity(mops.len());
        for mop in mops {
            // What did not surely happen has read nothing for sure.
            let mop = self.mop(mop, is_ok)?;
            if is_ok || matches!(mop, Mop::Make(..)) {
                all.push(mop);
            }
        }
        Some(all)
    }

    fn mop(&mut self, mop: Value, is_ok: bool) -> Option<Mop> {
        let Value::Array(parts) = mop else { return None };
        let mut parts = parts.into_iter();
        let f = parts.next()?;
        let about = parts.next()?;
        let value = parts.next();
        if parts.next().is_some() {
            return None;
        }
        let known = value.clone().filter(|value| !value.is_null()).map(Datum::from);
        match word(f.as_str()?) {
            "insert" => Some(Mop::Make(self.named(about), Deed::Insert, Some(known?))),
            "w" => Some(Mop::Make(self.named(about), Deed::Write, Some(known?))),
            "delete" => Some(Mop::Make(self.named(about), Deed::Delete, None)),
            "r" => Some(Mop::Read(self.named(about), known)),
            "rp" => self.find(&about, value, is_ok),
            _ => None,
        }
    }

    fn find(&mut self, predicate: &Value, found: Option<Value>, is_ok: bool) -> Option<Mop> {
        let predicate = Predicate::read(predicate)?;
        let found = match found {
            Some(Value::Object(map)) => map,
            None | Some(Value::Null) if !is_ok => serde_json::Map::new(),
            _ => return None,
        };
        let found = found.into_iter().map(|(name, value)| (self.key(name), Datum::from(value)));
        Some(Mop::Find(predicate, found.collect()))
    }

    /// The object of this name: a number is called as a map's key would have it.
    fn named(&mut self, name: Value) -> usize {
        let name = match name {
            Value::String(name) => name,
            other => other.to_string(),
        };
        self.key(name)
    }
}
