//! Anomalies that need no cycle: what a single read, or a single transaction, gives away.
use rustc_hash::FxHashMap;

use super::{
    super::{
        anomalies::Name,
        atom::Atom,
        by_key::Entry,
        decode::{Act, Txns},
        findings::{Finding, Findings},
        graph::NONE,
        writer::Writer,
    },
    key::{KeyView, NOTHING, Read, Touch},
};

/// Finds those of one key.
pub(super) fn find(
    txns: &Txns<'_>,
    values: &[Atom],
    entries: &[Entry],
    view: &KeyView,
    findings: &mut Findings,
) {
    let look = Look { txns, values, view };
    look.doubts(findings);
    look.reads(findings);
    look.lost_updates(findings);
    for own in entries.chunk_by(|one, other| one.txn == other.txn) {
        if own.len() > 1 && txns.is_ok(own[0].txn) {
            look.inside(own, findings);
        }
    }
}

struct Look<'a, 'h> {
    txns: &'a Txns<'h>,
    values: &'a [Atom],
    view: &'a KeyView,
}

impl Look<'_, '_> {
    fn op(&self, txn: u32) -> u32 {
        self.txns.op(txn)
    }

    fn key(&self) -> String {
        self.txns.key(self.view.number)
    }

    fn shown(&self, version: u32) -> String {
        self.txns.names.show(self.view.values[version as usize]).to_string()
    }

    fn doubts(&self, findings: &mut Findings) {
        for (version, writer) in self.view.writers.iter().enumerate() {
            if *writer == Writer::Several {
                let (value, key) = (|| self.shown(version as u32), || self.key());
                findings.doubt(|| match version as u32 {
                    NOTHING => format!("null is written to {}, where it means nothing", key()),
                    _ => format!("{} is written to {} more than once", value(), key()),
                });
            }
        }
    }

    /// What is wrong with single reads.
    fn reads(&self, findings: &mut Findings) {
        let halves: FxHashMap<u32, u32> = self.view.halves.iter().copied().collect();
        let began_empty = self.view.reads.iter().any(|read| read.version == NOTHING);
        for &Read { txn, version, .. } in &self.view.reads {
            match self.view.writers[version as usize] {
                Writer::Failed(writer) => self.read_of_failed(txn, version, writer, findings),
                // What nobody wrote may have been there from the start, unless nothing was.
                Writer::Nobody if began_empty && version != NOTHING => {
                    self.garbage_read(txn, version, findings);
                }
                Writer::Committed(writer) if writer != txn && halves.contains_key(&version) => {
                    self.half_read(txn, version, writer, findings);
                }
                _ => (),
            }
        }
        for touch in self.view.touches.iter().filter(|touch| touch.read != NONE) {
            if self.view.writers[touch.read as usize] == Writer::Committed(touch.txn) {
                self.future_read(touch.txn, touch.read, findings);
            }
        }
    }

    fn read_of_failed(&self, txn: u32, version: u32, writer: u32, findings: &mut Findings) {
        finding(findings, Name::G1a, &[writer, txn], || {
            let (who, value, failed) = (self.op(txn), self.shown(version), self.op(writer));
            let key = self.key();
            format!("op {who} read {value} in {key}, which op {failed} wrote, and that failed")
        });
    }

    fn garbage_read(&self, txn: u32, version: u32, findings: &mut Findings) {
        finding(findings, Name::GarbageRead, &[txn], || {
            let (who, value, key) = (self.op(txn), self.shown(version), self.key());
            format!(
                "op {who} read {value} in {key}, which nobody wrote, and which was not there from \
                 the start: others read nothing"
            )
        });
    }

    fn future_read(&self, txn: u32, version: u32, findings: &mut Findings) {
        finding(findings, Name::FutureRead, &[txn], || {
            let (who, value, key) = (self.op(txn), self.shown(version), self.key());
            format!("op {who} read {value} in {key}, and only then wrote it")
        });
    }

    fn half_read(&self, txn: u32, version: u32, writer: u32, findings: &mut Findings) {
        finding(findings, Name::G1b, &[writer, txn], || {
            let (who, value, key) = (self.op(txn), self.shown(version), self.key());
            let half = self.op(writer);
            format!("op {who} read {value} in {key}, but op {half} overwrote that itself")
        });
    }

    /// Several transactions that read the same version and then overwrote it.
    fn lost_updates(&self, findings: &mut Findings) {
        let is_update = |touch: &&Touch| touch.read != NONE && touch.write != NONE;
        let updates = self.view.touches.iter().filter(is_update);
        let mut updates: Vec<(u32, u32)> =
            updates.filter_map(|touch| Some((self.view.known(touch.read)?, touch.txn))).collect();
        updates.sort_unstable();
        for pair in updates.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (version, one, other) = (pair[0].0, pair[0].1, pair[1].1);
            finding(findings, Name::LostUpdate, &[one, other], || {
                let (one, other, key) = (self.op(one), self.op(other), self.key());
                let value = self.shown(version);
                format!("op {one} and op {other} both read {value} in {key} and then overwrote it")
            });
        }
    }

    /// What one transaction did with the key, more than once: it reads what it last knew.
    fn inside(&self, own: &[Entry], findings: &mut Findings) {
        let txn = own[0].txn;
        for pair in own.windows(2) {
            let (before, now) = (pair[0].mop as usize, pair[1].mop as usize);
            let is_read = matches!(self.txns.acts[now], Act::Read(_));
            if !is_read || self.values[before] == self.values[now] {
                continue;
            }
            let had = match self.txns.acts[before] {
                Act::Write(_) => "wrote",
                Act::Read(_) => "read",
            };
            finding(findings, Name::Internal, &[txn], || {
                let (before, now) = (self.values[before], self.values[now]);
                let (before, now) = (self.txns.names.show(before), self.txns.names.show(now));
                let (who, key) = (self.op(txn), self.key());
                format!("op {who} {had} {before} in {key}, and then read {now}")
            });
        }
    }
}

/// A finding about these transactions.
fn finding(findings: &mut Findings, name: Name, txns: &[u32], why: impl FnOnce() -> String) {
    findings.add(name, || Finding { txns: txns.to_vec(), why: why() });
}
