//! One key: its order of versions, and who accessed which.
use std::{cmp::Ordering, sync::atomic::AtomicU32};

use rustc_hash::FxHashMap;

use super::{
    super::{
        atom::Atom,
        by_key::Entry,
        decode::{Act, Txns},
        findings::{Finding, Findings},
        graph::{Kinds, NONE},
        scan::items,
        versions::Access,
        writer::Writer,
    },
    Keys, Share, direct,
    list::{self, Longest, Prefix},
    note,
    positions::Positions,
};

/// Everything known of one key. Reused from key to key.
#[derive(Default)]
pub(super) struct KeyView<'h> {
    pub(super) number: u32,
    pub(super) longest: Longest<'h>,
    positions: Positions,
    /// Places in the longest list whose element stands there before.
    pub(super) repeated: Vec<usize>,
    /// Who appended what stands at each place of the longest list.
    pub(super) writers: Vec<Writer>,
    /// By entry: the place of an append, how many elements of the longest list a read is;
    /// [`NONE`] for what has no place in it.
    pub(super) places: Vec<u32>,
    /// By number of elements read: the version that was.
    versions: Vec<u32>,
    /// The number of the last version; nothing is version 0.
    last: u32,
}

/// Analyzes the keys of a share.
pub(super) fn analyze_all(
    txns: &Txns<'_>,
    keys: &Keys,
    accesses: &[AtomicU32],
    share: &mut Share<'_>,
) {
    let mut view = KeyView::default();
    let (base, read_base) = (keys.versions[share.keys.start], keys.readers[share.keys.start]);
    for key in share.keys.clone() {
        let entries = keys.entries(key);
        view.look(txns, key as u32, entries);
        view.number_versions();
        let first = keys.versions[key] - base;
        let at = Output { first: keys.versions[key], from: first as usize, read_base };
        let end = (keys.versions[key + 1] - base) as usize;
        view.write_accesses(txns, entries, accesses, share, &at);
        view.write_readers(txns, entries, share, &at, end);
        view.write_unseen(txns, entries, share, &at);
        direct::find(txns, entries, &view, &mut share.findings);
    }
}

/// Where the versions of a key go.
struct Output {
    /// The number of its first version.
    first: u32,
    /// The place of its first version in the share.
    from: usize,
    /// The place of the share's first reader among all.
    read_base: u32,
}

impl<'h> KeyView<'h> {
    /// Finds the longest list, and the place of everything in it.
    fn look(&mut self, txns: &Txns<'h>, key: u32, entries: &[Entry]) {
        self.number = key;
        let longest = reads(txns, entries).fold("", longer);
        self.place(txns, entries, longest);
        let disagree = entries.iter().zip(&self.places).any(|(entry, &place)| {
            place == NONE && matches!(txns.acts[entry.mop as usize], Act::Read(_))
        });
        if disagree {
            // Bytes say nothing of lists that are no prefixes: the one with most elements counts,
            // of several the greatest, so that chance has no say.
            let counted = reads(txns, entries).map(|list| (items(list).count(), list));
            let longest = counted.max_by(|one, other| {
                one.0.cmp(&other.0).then_with(|| by_elements(one.1, other.1, txns))
            });
            self.place(txns, entries, longest.map_or("", |(_, list)| list));
        }
    }

    fn place(&mut self, txns: &Txns<'h>, entries: &[Entry], longest: &'h str) {
        self.longest.set(longest, &txns.names);
        self.repeated = self.positions.set(&self.longest.elements);
        self.writers.clear();
        self.writers.resize(self.longest.elements.len(), Writer::Nobody);
        self.places.clear();
        for entry in entries {
            let act = &txns.acts[entry.mop as usize];
            let place = match *act {
                Act::Write(atom) => self.positions.get(atom).inspect(|&place| {
                    self.writers[place] = self.writers[place].or(entry.txn, txns.failed(entry.txn));
                }),
                Act::Read(_) => {
                    match self.longest.compare(list::text(act).unwrap_or("[]"), &txns.names) {
                        Prefix::Of(count) => Some(count),
                        Prefix::Not => None,
                    }
                }
            };
            self.places.push(place.map_or(NONE, |place| place as u32));
        }
    }

    /// Numbers the versions. What failed, or was never appended, makes none.
    fn number_versions(&mut self) {
        self.versions.clear();
        self.versions.push(0);
        self.last = 0;
        let mut repeated = self.repeated.iter().peekable();
        for (place, writer) in self.writers.iter().enumerate() {
            let before = self.versions[place];
            let version = if repeated.next_if(|&&again| again == place).is_some() {
                let first = self.longest.elements[place].and_then(|atom| self.positions.get(atom));
                first.map_or(before, |first| self.versions[first + 1])
            } else if matches!(writer, Writer::Committed(_) | Writer::Several) {
                self.last += 1;
                self.last
            } else {
                before
            };
            self.versions.push(version);
        }
    }

    fn write_accesses(
        &self,
        txns: &Txns<'h>,
        entries: &[Entry],
        accesses: &[AtomicU32],
        share: &mut Share<'_>,
        at: &Output,
    ) {
        for (place, writer) in self.writers.iter().enumerate() {
            if let Writer::Committed(txn) = writer {
                share.writers[at.from + self.versions[place + 1] as usize] = *txn;
            }
        }
        for (entry, &place) in entries.iter().zip(&self.places) {
            if place == NONE {
                continue;
            }
            let access = match txns.acts[entry.mop as usize] {
                Act::Read(_) => Access::read(at.first + self.versions[place as usize]),
                // Of several appends of one element nobody knows which is meant.
                Act::Write(_) if self.writers[place as usize] != Writer::Committed(entry.txn) => {
                    continue;
                }
                Act::Write(_) => Access::wrote(at.first + self.versions[place as usize + 1]),
            };
            note(accesses, entry.mop, access);
        }
    }

    /// Sorts the readers by version.
    fn write_readers(
        &self,
        txns: &Txns<'h>,
        entries: &[Entry],
        share: &mut Share<'_>,
        at: &Output,
        end: usize,
    ) {
        let read = |(entry, place): (&Entry, &u32)| {
            let is_read = matches!(txns.acts[entry.mop as usize], Act::Read(_));
            let version = (is_read && *place != NONE).then(|| self.versions[*place as usize]);
            version.map(|version| (at.from + version as usize, entry.txn))
        };
        let start = at.from.checked_sub(1).map_or(at.read_base, |before| share.reader_ends[before]);
        for slot in &mut share.reader_ends[at.from..end] {
            *slot = 0;
        }
        for (version, _) in entries.iter().zip(&self.places).filter_map(read) {
            share.reader_ends[version] += 1;
        }
        let mut total = start;
        for slot in &mut share.reader_ends[at.from..end] {
            // For now where they begin; filling them in moves each to where they end.
            total += std::mem::replace(slot, total);
        }
        for (version, txn) in entries.iter().zip(&self.places).filter_map(read) {
            let slot = &mut share.reader_ends[version];
            share.readers[(*slot - at.read_base) as usize] = txn;
            *slot += 1;
        }
    }

    /// Appends that may have happened, and that the longest list has not; and other lists.
    fn write_unseen(&self, txns: &Txns<'h>, entries: &[Entry], share: &mut Share<'_>, at: &Output) {
        let is_unseen = |(entry, place): &(&Entry, &u32)| {
            **place == NONE
                && !txns.failed(entry.txn)
                && matches!(txns.acts[entry.mop as usize], Act::Write(_))
        };
        self.look_aside(txns, entries, share, at);
        let unseen = entries.iter().zip(&self.places).filter(is_unseen);
        let mut members: Vec<u32> = unseen.map(|(entry, _)| entry.txn).collect();
        members.dedup();
        if !members.is_empty() {
            share.unseen.push((at.first + self.last + 1, members));
        }
    }

    /// Reads of lists that are no prefix of the longest: whoever appended their last element comes
    /// before them, and whoever overwrote that after.
    fn look_aside(&self, txns: &Txns<'h>, entries: &[Entry], share: &mut Share<'_>, at: &Output) {
        let mut appended: FxHashMap<Atom, u32> = FxHashMap::default();
        for (entry, &place) in entries.iter().zip(&self.places) {
            let Some(list) = list::text(&txns.acts[entry.mop as usize]) else { continue };
            if place != NONE {
                continue;
            }
            if appended.is_empty() {
                appended = committed(txns, entries);
            }
            let elements: Vec<Atom> = list::elements(list, &txns.names).flatten().collect();
            let last = elements.iter().rev().find_map(|atom| Some((*atom, appended.get(atom)?)));
            let Some((atom, &writer)) = last else { continue };
            if writer != entry.txn {
                share.others.push((writer, entry.txn, Kinds::WR));
            }
            if let Some(place) = self.positions.get(atom) {
                let overwritten = at.from + self.versions[place + 1] as usize + 1;
                let overwriter = share.writers[overwritten];
                if overwriter != NONE && overwriter != entry.txn {
                    share.others.push((entry.txn, overwriter, Kinds::RW));
                }
            }
        }
    }

    /// Where an element stands in the longest list.
    pub(super) fn position(&self, atom: Atom) -> Option<usize> {
        self.positions.get(atom)
    }

    /// The version that so many elements are.
    pub(super) fn version(&self, count: usize) -> u32 {
        self.versions[count]
    }
}

fn reads<'a, 'h>(txns: &'a Txns<'h>, entries: &'a [Entry]) -> impl Iterator<Item = &'h str> + 'a {
    entries.iter().filter_map(|entry| list::text(&txns.acts[entry.mop as usize]))
}

fn longer<'h>(one: &'h str, other: &'h str) -> &'h str {
    if other.len() > one.len() { other } else { one }
}

/// Lists by their elements, numbers as numbers.
fn by_elements(one: &str, other: &str, txns: &Txns<'_>) -> Ordering {
    let number = |atom: Option<Atom>| atom.map(|atom| (atom.as_number(), atom));
    let numbers = |list| list::elements(list, &txns.names).map(number);
    numbers(one).cmp(numbers(other))
}

/// Who appended each element, of those who may have.
fn committed(txns: &Txns<'_>, entries: &[Entry]) -> FxHashMap<Atom, u32> {
    let appends = entries.iter().filter_map(|entry| match txns.acts[entry.mop as usize] {
        Act::Write(atom) if !txns.failed(entry.txn) => Some((atom, entry.txn)),
        _ => None,
    });
    appends.collect()
}

/// A finding about these transactions.
pub(super) fn finding(
    findings: &mut Findings,
    name: super::super::anomalies::Name,
    txns: &[u32],
    why: impl FnOnce() -> String,
) {
    findings.add(name, || Finding { txns: txns.to_vec(), why: why() });
}
