//! What a transaction that used a key more than once shows by itself.
use super::{
    super::{anomalies::Name, atom::Atom, decode::Act, findings::Findings, graph::NONE},
    direct::Look,
    key::finding,
    list,
};

impl Look<'_, '_> {
    /// What one transaction did with the key, more than once.
    pub(super) fn inside(&self, own: std::ops::Range<usize>, findings: &mut Findings) {
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
