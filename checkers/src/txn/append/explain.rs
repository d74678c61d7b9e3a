//! Why one transaction comes before another: what was appended, and what was read.
use super::super::{
    decode::{Act, Txns},
    graph::Kinds,
    judge::Evidence,
    scan::items,
    versions::Versions,
};

/// Dependencies with the transactions that they follow from.
pub(crate) struct Lists<'a, 'h> {
    pub(crate) txns: &'a Txns<'h>,
    pub(crate) versions: &'a Versions,
}

impl Evidence for Lists<'_, '_> {
    fn versions(&self) -> &Versions {
        self.versions
    }

    fn txns(&self) -> &Txns<'_> {
        self.txns
    }

    fn because(&self, mop: usize, from: u32, to: u32, kinds: Kinds) -> Option<String> {
        let (version, is_write) = self.versions.accesses[mop].known()?;
        if is_write == (kinds == Kinds::RW) {
            return None;
        }
        let (one, other) = (self.txns.op(from), self.txns.op(to));
        let (key, here) = (self.txns.key(self.txns.keys[mop]), self.shown(mop));
        if kinds == Kinds::WR {
            let there = self.shown(self.access(mop, to, Some((version, false)))?);
            return Some(format!("op {one} appended {here} to {key}, and op {other} read {there}"));
        }
        let next = self.access(mop, to, Some((version + 1, true)));
        let unseen = || self.versions.tail(version + 1).then(|| self.access(mop, to, None))?;
        let (there, seen) = match next {
            Some(next) => (self.shown(next), ""),
            None => (self.shown(unseen()?), ", which nobody read"),
        };
        Some(match kinds {
            Kinds::WW => {
                format!(
                    "op {one} appended {here} to {key} before op {other} appended {there}{seen}"
                )
            }
            _ => format!("op {one} read {key} as {here}, before op {other} appended {there}{seen}"),
        })
    }

    fn is_evidence(&self, txn: u32) -> bool {
        !self.txns.failed(txn)
    }
}

impl Lists<'_, '_> {
    /// Where a transaction accessed that version of the key of a micro-operation; without a
    /// version, where it appended to the key what nobody read.
    fn access(&self, like: usize, txn: u32, version: Option<(u32, bool)>) -> Option<usize> {
        self.txns.mops(txn).find(|&mop| {
            self.txns.keys[mop] == self.txns.keys[like]
                && self.versions.accesses[mop].known() == version
                && (version.is_some() || matches!(self.txns.acts[mop], Act::Write(_)))
        })
    }

    /// What a micro-operation appended, or how what it read ends.
    fn shown(&self, mop: usize) -> String {
        const MOST: usize = 5;
        let list = match self.txns.acts[mop] {
            Act::Write(atom) => return self.txns.names.show(atom).to_string(),
            Act::Read("null") => "[]",
            Act::Read(list) => list,
        };
        let all: Vec<&str> = items(list).collect();
        let end = all[all.len().saturating_sub(MOST)..].join(" ");
        if all.len() > MOST { format!("[… {end}]") } else { format!("[{end}]") }
    }
}
