//! What one node keeps, in memory and in its log.
//!
//! **No tag is taken twice.** Tags of different nodes differ in the node. For one node and one key:
//!
//! 1. [`Replica::write`] chooses a counter above that of the node's own replica and stores it
//!    there, under one lock. So of two writes, the second finds the counter of the first in the
//!    replica, however they overlap, and takes a greater one: the tag of a replica never falls.
//! 2. The tag is in the log, and the log on the disk, before `write` returns, and only then is it
//!    sent. A node that is killed and started again replays its log and finds at least every tag that any other node
//!    could have heard of from it; point 1 holds on.
//!
//! The replica is its own memory of what it has taken, so no incarnation number is needed. It must
//! not lose its log, by a wiped disk: but a replica that forgets what it acknowledged breaks
//! majorities with any tags.
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use serde_json::Value;

use super::protocol::{Tag, Update, Versioned};
use crate::zoo::log::{Log, Syncs};

/// One node's copy of everything.
pub(super) struct Replica {
    node: u32,
    kept: Mutex<Kept>,
}

struct Kept {
    memory: Memory,
    log: Log<Update>,
}

#[derive(Default)]
struct Memory {
    registers: BTreeMap<u32, Versioned>,
    elements: BTreeSet<u64>,
}

impl Replica {
    /// Opens a node's replica, and says how many records its log had.
    pub(super) fn open(node: u32, path: &Path, syncs: Syncs) -> Result<(Replica, usize)> {
        let (log, records) = Log::open(path, syncs)?;
        let count = records.len();
        let mut memory = Memory::default();
        for record in records {
            memory.apply(record);
        }
        Ok((Replica { node, kept: Mutex::new(Kept { memory, log }) }, count))
    }

    /// A register's value.
    pub(super) fn register(&self, key: u32) -> Versioned {
        self.lock().memory.registers.get(&key).cloned().unwrap_or_default()
    }

    /// The set's elements, in order.
    pub(super) fn elements(&self) -> Vec<u64> {
        self.lock().memory.elements.iter().copied().collect()
    }

    /// Keeps what is news in an update.
    pub(super) fn store(&self, update: Update) -> Result<()> {
        self.lock().store(update)
    }

    /// Begins a write: keeps the value under a new tag above `seen`, and returns what to store at
    /// others.
    pub(super) fn write(&self, key: u32, seen: Tag, value: Value) -> Result<Versioned> {
        let mut kept = self.lock();
        let own = kept.memory.tag(key);
        let tag = Tag { counter: own.max(seen).counter + 1, node: self.node };
        let versioned = Versioned { tag, value };
        kept.store(Update::Register { key, versioned: versioned.clone() })?;
        Ok(versioned)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// First into the log, then into memory: nobody sees what a kill could undo.
    fn store(&mut self, update: Update) -> Result<()> {
        if let Some(news) = self.memory.news(update) {
            self.log.append(&news)?;
            self.memory.apply(news);
        }
        Ok(())
    }
}

impl Memory {
    fn tag(&self, key: u32) -> Tag {
        self.registers.get(&key).map_or_else(Tag::default, |r| r.tag)
    }

    /// The part of an update that is not known yet.
    fn news(&self, update: Update) -> Option<Update> {
        match update {
            Update::Register { key, versioned } => {
                (versioned.tag > self.tag(key)).then_some(Update::Register { key, versioned })
            }
            Update::Elements(mut elements) => {
                elements.retain(|element| !self.elements.contains(element));
                (!elements.is_empty()).then_some(Update::Elements(elements))
            }
        }
    }

    fn apply(&mut self, news: Update) {
        match news {
            Update::Register { key, versioned } => {
                self.registers.insert(key, versioned);
            }
            Update::Elements(elements) => self.elements.extend(elements),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn overlapping_writes_and_restarts_never_take_a_tag_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut last = Tag::default();
        for _ in 0..3 {
            // Dropped without ceremony, as by a kill: there is nothing to flush.
            let (replica, _) = Replica::open(2, &path, Syncs::First).unwrap();
            for _ in 0..3 {
                // The same majority was seen by all: their queries overlapped.
                let tag = replica.write(7, Tag::default(), json!(1)).unwrap().tag;
                assert!(tag > last && tag.node == 2, "{tag:?} after {last:?}");
                last = tag;
            }
        }
        let (replica, records) = Replica::open(2, &path, Syncs::First).unwrap();
        assert_eq!((records, replica.register(7).tag), (9, last));
    }

    #[test]
    fn a_write_goes_above_what_its_majority_has_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (replica, _) = Replica::open(0, &dir.path().join("log"), Syncs::First).unwrap();
        let seen = Tag { counter: 40, node: 3 };
        assert_eq!(replica.write(7, seen, json!(1)).unwrap().tag, Tag { counter: 41, node: 0 });
    }

    #[test]
    fn an_older_value_or_a_known_element_is_no_news() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (replica, _) = Replica::open(0, &path, Syncs::First).unwrap();
        let store = |counter, value: u32| {
            let versioned = Versioned { tag: Tag { counter, node: 1 }, value: json!(value) };
            replica.store(Update::Register { key: 7, versioned }).unwrap();
        };
        store(2, 20);
        store(1, 10);
        store(2, 20);
        assert_eq!(replica.register(7).value, json!(20));
        replica.store(Update::Elements(vec![5, 6])).unwrap();
        replica.store(Update::Elements(vec![6])).unwrap();
        let (replayed, records) = Replica::open(0, &path, Syncs::First).unwrap();
        assert_eq!(records, 2);
        assert_eq!(replayed.elements(), [5, 6]);
        assert_eq!(replayed.register(7), replica.register(7));
    }
}
