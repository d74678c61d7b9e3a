//! Anomalies that need no cycle: what a single read, or a single transaction, gives away.
use super::{
    super::{
        anomalies::Name,
        by_key::Entry,
        decode::{Act, Txns},
        findings::Findings,
        graph::NONE,
        writer::Writer,
    },
    key::{KeyView, finding},
    list,
    strangers::Strangers,
};

/// Finds those of one key.
pub(super) fn find(
    txns: &Txns<'_>,
    entries: &[Entry],
    view: &KeyView<'_>,
    findings: &mut Findings,
) {
    let look = Look { txns, entries, view };
    look.doubts(findings);
    look.lists(findings);
    look.intermediate(findings);
    look.lost_updates(findings);
    let mut from = 0;
    for own in entries.chunk_by(|one, other| one.txn == other.txn) {
        if own.len() > 1 {
            look.inside(from..from + own.len(), findings);
        }
        from += own.len();
    }
}

pub(super) struct Look<'a, 'h> {
    pub(super) txns: &'a Txns<'h>,
    pub(super) entries: &'a [Entry],
    pub(super) view: &'a KeyView<'h>,
}

impl<'a, 'h> Look<'a, 'h> {
    pub(super) fn act(&self, at: usize) -> Act<'_> {
        self.txns.acts[self.entries[at].mop as usize]
    }

    pub(super) fn list(&self, at: usize) -> Option<&str> {
        list::text(&self.txns.acts[self.entries[at].mop as usize])
    }

    /// Reads with how many elements of the longest list they are, if they are its prefix.
    pub(super) fn reads(
        &self,
    ) -> impl Iterator<Item = (u32, Option<usize>, &'h str)> + use<'a, 'h> {
        self.entries.iter().zip(&self.view.places).filter_map(|(entry, &place)| {
            let list = list::text(&self.txns.acts[entry.mop as usize])?;
            Some((entry.txn, (place != NONE).then_some(place as usize), list))
        })
    }

    pub(super) fn op(&self, txn: u32) -> u32 {
        self.txns.op(txn)
    }

    pub(super) fn key(&self) -> String {
        self.txns.key(self.view.number)
    }

    fn doubts(&self, findings: &mut Findings) {
        for (place, writer) in self.view.writers.iter().enumerate() {
            if *writer == Writer::Several {
                findings.doubt(|| {
                    let element = self.view.longest.spelt(place);
                    format!("{element} is appended to {} more than once", self.key())
                });
            }
        }
    }

    /// What is wrong with lists themselves.
    fn lists(&self, findings: &mut Findings) {
        let first_of = |wanted: fn(&Writer) -> bool| self.view.writers.iter().position(wanted);
        let failed = first_of(|writer| matches!(writer, Writer::Failed(_)));
        let is_new = |place: &usize| !self.view.repeated.contains(place);
        let garbage = (0..self.view.writers.len())
            .find(|place| self.view.writers[*place] == Writer::Nobody && is_new(place));
        let repeated = self.view.repeated.first().copied();
        let mut strangers = None;
        for (txn, count, list) in self.reads() {
            let Some(count) = count else {
                strangers.get_or_insert_with(|| Strangers::of(self)).look(txn, list, findings);
                continue;
            };
            if let Some(place) = failed.filter(|place| *place < count) {
                self.aborted_read(txn, place, count, findings);
            }
            if let Some(place) = garbage.filter(|place| *place < count) {
                let element = self.view.longest.spelt(place);
                self.garbage_read(txn, element, findings);
            }
            if let Some(place) = repeated.filter(|place| *place < count) {
                self.duplicate(txn, self.view.longest.spelt(place), findings);
            }
        }
    }

    fn aborted_read(&self, txn: u32, place: usize, count: usize, findings: &mut Findings) {
        let Writer::Failed(writer) = self.view.writers[place] else { return };
        let element = self.view.longest.spelt(place);
        self.read_of_failed(txn, writer, element, findings);
        let later = (place + 1..count).find_map(|later| match self.view.writers[later] {
            Writer::Committed(txn) => Some((later, txn)),
            _ => None,
        });
        let Some((later, on_top)) = later else { return };
        finding(findings, Name::DirtyUpdate, &[writer, on_top, txn], || {
            format!(
                "op {} appended {} to {} on top of {element}, which op {} appended, and that \
                 failed; op {} read both",
                self.op(on_top),
                self.view.longest.spelt(later),
                self.key(),
                self.op(writer),
                self.op(txn)
            )
        });
    }

    pub(super) fn read_of_failed(
        &self,
        txn: u32,
        writer: u32,
        element: &str,
        findings: &mut Findings,
    ) {
        finding(findings, Name::G1a, &[writer, txn], || {
            let (who, key, failed) = (self.op(txn), self.key(), self.op(writer));
            format!("op {who} read {element} in {key}, which op {failed} appended, and that failed")
        });
    }

    pub(super) fn garbage_read(&self, txn: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::GarbageRead, &[txn], || {
            format!("op {} read {element} in {}, which nobody appended", self.op(txn), self.key())
        });
    }

    pub(super) fn duplicate(&self, txn: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::DuplicateElements, &[txn], || {
            format!("op {} read {element} more than once in {}", self.op(txn), self.key())
        });
    }

    /// Reads that end in the middle of what another transaction appended (G1b).
    fn intermediate(&self, findings: &mut Findings) {
        let mut is_last = vec![true; self.view.writers.len()];
        for own in self.pairs_of_appends() {
            if own.0 < is_last.len() {
                is_last[own.0] = false;
            }
        }
        for (txn, count, _) in self.reads() {
            let Some(mut count) = count else { continue };
            while count > 0 && self.view.writers[count - 1] == Writer::Committed(txn) {
                count -= 1;
            }
            let Some(place) = count.checked_sub(1) else { continue };
            let Writer::Committed(writer) = self.view.writers[place] else { continue };
            if !is_last[place] {
                self.half_read(txn, writer, self.view.longest.spelt(place), findings);
            }
        }
    }

    pub(super) fn half_read(&self, txn: u32, writer: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::G1b, &[writer, txn], || {
            let (who, key, half) = (self.op(txn), self.key(), self.op(writer));
            format!("op {who} read {key} up to {element}, but op {half} appended more to it")
        });
    }

    /// The place of every append that is not its transaction's last, and of the next one.
    fn pairs_of_appends(&self) -> impl Iterator<Item = (usize, usize)> {
        let is_append = |at: &usize| matches!(self.act(*at), Act::Write(_));
        let mut last: Option<usize> = None;
        (0..self.entries.len()).filter(is_append).filter_map(move |at| {
            let before = last.replace(at)?;
            let is_same = self.entries[before].txn == self.entries[at].txn;
            is_same.then(|| (self.view.places[before] as usize, self.view.places[at] as usize))
        })
    }

    /// Several transactions that read the same version and then appended to it.
    fn lost_updates(&self, findings: &mut Findings) {
        let mut updates: Vec<(u32, u32)> = Vec::new();
        let mut at = 0;
        for own in self.entries.chunk_by(|one, other| one.txn == other.txn) {
            let place = self.view.places[at];
            let reads_first = matches!(self.act(at), Act::Read(_)) && place != NONE;
            let appends = (at..at + own.len()).any(|at| matches!(self.act(at), Act::Write(_)));
            if reads_first && appends && self.txns.is_ok(own[0].txn) {
                updates.push((self.view.version(place as usize), own[0].txn));
            }
            at += own.len();
        }
        updates.sort_unstable();
        for pair in updates.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (one, other) = (pair[0].1, pair[1].1);
            finding(findings, Name::LostUpdate, &[one, other], || {
                format!(
                    "op {} and op {} both read the same version of {} and then appended to it",
                    self.op(one),
                    self.op(other),
                    self.key()
                )
            });
        }
    }
}
