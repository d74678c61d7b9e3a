//! Reads of lists that are no beginning of the longest: whatever else is wrong with them.
use rustc_hash::FxHashMap;

use super::{
    super::{
        anomalies::Name, atom::Atom, decode::Act, findings::Findings, scan::items, writer::Writer,
    },
    direct::Look,
    key::finding,
};

/// What has to be known of a key to look at such reads, made once.
pub(super) struct Strangers<'l, 'a, 'h> {
    look: &'l Look<'a, 'h>,
    /// Who read the longest list, and what it is.
    longest: Option<(u32, &'h str)>,
    /// Who appended what.
    writers: FxHashMap<Atom, Writer>,
    /// Whoever appended an element and then, in the same transaction, another one.
    unfinished: FxHashMap<Atom, Option<u32>>,
}

impl<'l, 'a, 'h> Strangers<'l, 'a, 'h> {
    pub(super) fn of(look: &'l Look<'a, 'h>) -> Strangers<'l, 'a, 'h> {
        let whole = Some(look.view.writers.len());
        let longest = look.reads().find(|(_, count, _)| *count == whole);
        let (mut writers, mut unfinished) = (FxHashMap::default(), FxHashMap::default());
        for own in look.entries.chunk_by(|one, other| one.txn == other.txn) {
            let (txn, failed) = (own[0].txn, look.txns.failed(own[0].txn));
            let mut appended =
                own.iter().filter_map(|entry| match look.txns.acts[entry.mop as usize] {
                    Act::Write(atom) => Some(atom),
                    Act::Read(_) => None,
                });
            let mut next = appended.next();
            while let Some(atom) = next {
                next = appended.next();
                let writer = writers.entry(atom).or_insert(Writer::Nobody);
                *writer = match (*writer, failed) {
                    (Writer::Nobody, true) => Writer::Failed(txn),
                    (writer, true) => writer,
                    (_, false) => Writer::Committed(txn),
                };
                if !failed {
                    unfinished.entry(atom).or_insert(next.map(|_| txn));
                }
            }
        }
        let longest = longest.map(|(txn, _, list)| (txn, list));
        Strangers { look, longest, writers, unfinished }
    }

    pub(super) fn look(&self, txn: u32, list: &str, findings: &mut Findings) {
        let look = self.look;
        let (other, longest) = self.longest.unwrap_or((txn, list));
        finding(findings, Name::IncompatibleOrder, &[other, txn], || {
            format!(
                "op {} read {} as {list}, op {} as {longest}: neither is the beginning of the other",
                look.op(txn),
                look.key(),
                look.op(other)
            )
        });
        let mut elements: Vec<(Option<Atom>, &str)> =
            items(list).map(|element| (look.txns.names.find(element), element)).collect();
        for (atom, element) in &elements {
            match atom.map(|atom| self.writer(atom)) {
                Some(Writer::Failed(writer)) => {
                    look.read_of_failed(txn, writer, element, findings);
                }
                Some(Writer::Nobody) | None => look.garbage_read(txn, element, findings),
                Some(_) => (),
            }
        }
        let others = elements.iter().rev().filter_map(|(atom, element)| Some(((*atom)?, element)));
        let mut others =
            others.skip_while(|(atom, _)| self.writer(*atom) == Writer::Committed(txn));
        if let Some((atom, element)) = others.next()
            && let Some(Some(writer)) = self.unfinished.get(&atom)
        {
            look.half_read(txn, *writer, element, findings);
        }
        elements.sort_unstable();
        if let Some(pair) = elements.windows(2).find(|pair| pair[0] == pair[1]) {
            look.duplicate(txn, pair[1].1, findings);
        }
    }

    /// Who appended an element, wherever it is.
    fn writer(&self, atom: Atom) -> Writer {
        match self.look.view.position(atom) {
            Some(place) => self.look.view.writers[place],
            None => self.writers.get(&atom).copied().unwrap_or(Writer::Nobody),
        }
    }
}
