//! Anomalies that need no cycle: what a single read, or a single transaction, gives away.
use super::{
    super::{
        anomalies::Name,
        atom::Atom,
        by_key::Entry,
        decode::{Act, Txns},
        findings::Findings,
        graph::NONE,
        scan::items,
        writer::Writer,
    },
    key::{KeyView, finding},
    list,
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

struct Look<'a, 'h> {
    txns: &'a Txns<'h>,
    entries: &'a [Entry],
    view: &'a KeyView<'h>,
}

impl Look<'_, '_> {
    fn act(&self, at: usize) -> Act<'_> {
        self.txns.acts[self.entries[at].mop as usize]
    }

    fn list(&self, at: usize) -> Option<&str> {
        list::text(&self.txns.acts[self.entries[at].mop as usize])
    }

    /// Reads with how many elements of the longest list they are, if they are its prefix.
    fn reads(&self) -> impl Iterator<Item = (u32, Option<usize>, &str)> {
        self.entries.iter().zip(&self.view.places).filter_map(|(entry, &place)| {
            let list = list::text(&self.txns.acts[entry.mop as usize])?;
            Some((entry.txn, (place != NONE).then_some(place as usize), list))
        })
    }

    fn op(&self, txn: u32) -> u32 {
        self.txns.op(txn)
    }

    fn key(&self) -> String {
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
        for (txn, count, list) in self.reads() {
            let Some(count) = count else {
                self.stranger(txn, list, findings);
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

    fn read_of_failed(&self, txn: u32, writer: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::G1a, &[writer, txn], || {
            let (who, key, failed) = (self.op(txn), self.key(), self.op(writer));
            format!("op {who} read {element} in {key}, which op {failed} appended, and that failed")
        });
    }

    fn garbage_read(&self, txn: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::GarbageRead, &[txn], || {
            format!("op {} read {element} in {}, which nobody appended", self.op(txn), self.key())
        });
    }

    fn duplicate(&self, txn: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::DuplicateElements, &[txn], || {
            format!("op {} read {element} more than once in {}", self.op(txn), self.key())
        });
    }

    /// A list that is no prefix of the longest.
    fn stranger(&self, txn: u32, list: &str, findings: &mut Findings) {
        let longest = self.reads().find(|(_, count, _)| *count == Some(self.view.writers.len()));
        let (other, _, longest_list) = longest.unwrap_or((txn, None, list));
        finding(findings, Name::IncompatibleOrder, &[other, txn], || {
            format!(
                "op {} read {} as {list}, op {} as {longest_list}: neither is the beginning of \
                 the other",
                self.op(txn),
                self.key(),
                self.op(other)
            )
        });
        let mut elements: Vec<(Option<Atom>, &str)> =
            items(list).map(|element| (self.txns.names.find(element), element)).collect();
        for (atom, element) in &elements {
            let writer = atom.map(|atom| self.writer(atom));
            match writer {
                Some(Writer::Failed(writer)) => {
                    self.read_of_failed(txn, writer, element, findings);
                }
                Some(Writer::Nobody) | None => self.garbage_read(txn, element, findings),
                Some(_) => (),
            }
        }
        let others = elements.iter().rev().filter_map(|(atom, element)| Some(((*atom)?, element)));
        let mut others =
            others.skip_while(|(atom, _)| self.writer(*atom) == Writer::Committed(txn));
        if let Some((atom, element)) = others.next()
            && let Some(writer) = self.unfinished(atom)
        {
            self.half_read(txn, writer, element, findings);
        }
        elements.sort_unstable();
        if let Some(pair) = elements.windows(2).find(|pair| pair[0] == pair[1]) {
            self.duplicate(txn, pair[1].1, findings);
        }
    }

    /// Who appended an element, wherever it is.
    fn writer(&self, atom: Atom) -> Writer {
        if let Some(place) = self.view.position(atom) {
            return self.view.writers[place];
        }
        let appended = (0..self.entries.len()).filter(|&at| self.act(at) == Act::Write(atom));
        appended.map(|at| self.entries[at].txn).fold(Writer::Nobody, |writer, txn| {
            match (writer, self.txns.failed(txn)) {
                (Writer::Nobody, true) => Writer::Failed(txn),
                (writer, true) => writer,
                (_, false) => Writer::Committed(txn),
            }
        })
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

    fn half_read(&self, txn: u32, writer: u32, element: &str, findings: &mut Findings) {
        finding(findings, Name::G1b, &[writer, txn], || {
            let (who, key, half) = (self.op(txn), self.key(), self.op(writer));
            format!("op {who} read {key} up to {element}, but op {half} appended more to it")
        });
    }

    /// Who appended an element and then, in the same transaction, another one.
    fn unfinished(&self, atom: Atom) -> Option<u32> {
        let of_atom = |at: &usize| {
            self.act(*at) == Act::Write(atom) && !self.txns.failed(self.entries[*at].txn)
        };
        let at = (0..self.entries.len()).find(of_atom)?;
        let txn = self.entries[at].txn;
        let mut rest = (at + 1..self.entries.len()).take_while(|&at| self.entries[at].txn == txn);
        rest.any(|at| matches!(self.act(at), Act::Write(_))).then_some(txn)
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

    /// What one transaction did with the key, more than once.
    fn inside(&self, own: std::ops::Range<usize>, findings: &mut Findings) {
        let txn = self.entries[own.start].txn;
        if !self.txns.is_ok(txn) || self.fits(own.clone()) {
            return;
        }
        // What must be there: nothing is known of what was before the first read.
        let mut expected: Vec<Option<Atom>> = Vec::new();
        let mut knows_all = false;
        for at in own.clone() {
            match self.act(at) {
                Act::Write(atom) => expected.push(Some(atom)),
                Act::Read(_) => {
                    let Some(list) = self.list(at) else { continue };
                    let read: Vec<Option<Atom>> = list::elements(list, &self.txns.names).collect();
                    if let Some(future) = self.future(at..own.end, &read) {
                        self.future_read(txn, list, future, findings);
                    } else if !if knows_all { read == expected } else { read.ends_with(&expected) }
                    {
                        finding(findings, Name::Internal, &[txn], || {
                            format!(
                                "op {} read {} as {list}, against what it did and saw before",
                                self.op(txn),
                                self.key()
                            )
                        });
                    }
                    expected = read;
                    knows_all = true;
                }
            }
        }
    }

    /// Whether all that one transaction did with the key fits together, judged by places in the
    /// longest list alone; where they do not tell, `false`.
    fn fits(&self, own: std::ops::Range<usize>) -> bool {
        if !self.view.repeated.is_empty() {
            return false;
        }
        let (mut before, mut appended) = (None, 0);
        for at in own.clone() {
            let place = self.view.places[at];
            if let Act::Write(_) = self.act(at) {
                appended += 1;
                continue;
            }
            let own_places = || self.view.places[own.start..at].iter().rev().take(appended);
            let is_consistent = place != NONE
                && before.is_none_or(|before| before + appended as u32 == place)
                && own_places().zip((0..place).rev()).filter(|(own, here)| *own == here).count()
                    == appended;
            let is_future = (at..own.end).any(|later| {
                matches!(self.act(later), Act::Write(_)) && self.view.places[later] < place
            });
            if !is_consistent || is_future {
                return false;
            }
            (before, appended) = (Some(place), 0);
        }
        true
    }

    /// An element that was read before the same transaction appended it.
    fn future(&self, rest: std::ops::Range<usize>, read: &[Option<Atom>]) -> Option<Atom> {
        rest.into_iter().find_map(|at| match self.act(at) {
            Act::Write(atom) => read.contains(&Some(atom)).then_some(atom),
            Act::Read(_) => None,
        })
    }

    fn future_read(&self, txn: u32, list: &str, future: Atom, findings: &mut Findings) {
        finding(findings, Name::FutureRead, &[txn], || {
            format!(
                "op {} read {} as {list}, and only then appended {}",
                self.op(txn),
                self.key(),
                self.txns.names.show(future)
            )
        });
    }
}
