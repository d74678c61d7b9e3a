//! One key: its versions, who wrote each, and who accessed which.
use rustc_hash::FxHashMap;

use super::super::{
    atom::Atom,
    by_key::{ByKey, Entry},
    decode::{Act, Txns},
    graph::NONE,
    stamp::Stamp,
    writer::Writer,
};

/// The version that was there before anybody wrote.
pub(super) const NOTHING: u32 = 0;

/// What a transaction that did not fail had to do with a key, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) txn: u32,
    /// The version it read before it wrote; [`NONE`] where it did not, or nobody knows.
    pub(super) read: u32,
    pub(super) read_mop: u32,
    /// The version it wrote last; [`NONE`] where it wrote none.
    pub(super) write: u32,
    pub(super) write_mop: u32,
}

impl Touch {
    /// The versions it had to do with, which come after what came before it. That it read nothing,
    /// though something was there, is told by what it overwrote, if it wrote.
    pub(super) fn later(&self) -> impl Iterator<Item = u32> + use<> {
        let has_written = self.write != NONE;
        let read =
            (self.read != NONE && !(has_written && self.read == NOTHING)).then_some(self.read);
        read.into_iter().chain(has_written.then_some(self.write))
    }

    /// The version it had to do with last.
    pub(super) fn last(&self) -> u32 {
        if self.write == NONE { self.read } else { self.write }
    }
}

/// A read by a transaction that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) txn: u32,
    pub(super) mop: u32,
    pub(super) version: u32,
}

/// The number that the database gave a version, and for which transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) version: u32,
    pub(super) stamp: Stamp,
    pub(super) txn: u32,
}

/// Everything known of one key. Its versions are numbered as they come; nothing is the first.
#[derive(Debug)]
pub(super) struct KeyView {
    pub(super) number: u32,
    /// What each version looks like.
    pub(super) values: Vec<Atom>,
    /// Who wrote each.
    pub(super) writers: Vec<Writer>,
    /// By transaction.
    pub(super) touches: Vec<Touch>,
    /// Every read that happened, of whatever.
    pub(super) reads: Vec<Read>,
    /// Versions that their own transaction overwrote, and that transaction.
    pub(super) halves: Vec<(u32, u32)>,
    /// By transaction.
    pub(super) claims: Vec<Claim>,
}

impl KeyView {
    pub(super) fn look(txns: &Txns<'_>, values: &[Atom], by_key: &ByKey, key: usize) -> KeyView {
        let nothing = txns.names.find("null");
        let mut view = KeyView {
            number: key as u32,
            values: nothing.into_iter().collect(),
            writers: vec![Writer::Nobody],
            touches: Vec::new(),
            reads: Vec::new(),
            halves: Vec::new(),
            claims: Vec::new(),
        };
        let mut numbers: FxHashMap<Atom, u32> =
            nothing.map(|atom| (atom, NOTHING)).into_iter().collect();
        for own in by_key.entries(key).chunk_by(|one, other| one.txn == other.txn) {
            view.transaction(txns, values, own, &mut numbers);
        }
        // Who writes nothing makes it a version like others, and nobody knows which is meant.
        view.halves.retain(|(version, _)| *version != NOTHING);
        view.writers[0] = match view.writers[0] {
            Writer::Nobody | Writer::Failed(_) => Writer::Nobody,
            Writer::Committed(_) | Writer::Several => Writer::Several,
        };
        view
    }

    fn transaction(
        &mut self,
        txns: &Txns<'_>,
        values: &[Atom],
        own: &[Entry],
        numbers: &mut FxHashMap<Atom, u32>,
    ) {
        let (txn, failed) = (own[0].txn, txns.failed(own[0].txn));
        let mut touch = Touch { txn, read: NONE, read_mop: NONE, write: NONE, write_mop: NONE };
        for (place, entry) in own.iter().enumerate() {
            let is_write = matches!(txns.acts[entry.mop as usize], Act::Write(_));
            let version = self.version(values[entry.mop as usize], numbers);
            // Of what it wrote itself, a transaction may read a number that is not the final one.
            if let Some(stamp) = txns.stamp(entry.mop)
                && (is_write || touch.write == NONE)
            {
                self.claims.push(Claim { version, stamp, txn });
            }
            if !is_write {
                self.reads.push(Read { txn, mop: entry.mop, version });
                if place == 0 {
                    (touch.read, touch.read_mop) = (version, entry.mop);
                }
                continue;
            }
            if touch.write != NONE && touch.write != version {
                self.halves.push((touch.write, txn));
            }
            (touch.write, touch.write_mop) = (version, entry.mop);
            let writer = &mut self.writers[version as usize];
            if *writer != Writer::Committed(txn) {
                *writer = writer.or(txn, failed);
            }
        }
        if failed {
            self.halves.retain(|(_, half)| *half != txn);
        } else {
            self.touches.push(touch);
        }
    }

    fn version(&mut self, value: Atom, numbers: &mut FxHashMap<Atom, u32>) -> u32 {
        let next = self.values.len() as u32;
        let number = *numbers.entry(value).or_insert(next);
        if number == next {
            self.values.push(value);
            self.writers.push(Writer::Nobody);
        }
        number
    }

    /// The version, unless it is none, or several share its value.
    pub(super) fn known(&self, version: u32) -> Option<u32> {
        let writer = self.writers.get(version as usize)?;
        (*writer != Writer::Several).then_some(version)
    }
}
