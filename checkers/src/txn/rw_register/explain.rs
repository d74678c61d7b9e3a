//! Why one transaction comes before another: what was written, what was read, and what is assumed.
use rustc_hash::FxHashMap;

use super::{
    super::{
        Assume,
        anomalies::{Decision, Question},
        decode::Txns,
        graph::{Kinds, NONE},
        judge::{Decided, Evidence},
        order::Order,
        versions::Versions,
    },
    decide,
    key::{KeyView, NOTHING, Touch},
    supplied, weak,
};
use crate::Budget;

/// Dependencies with the transactions that they follow from.
pub struct Registers<'h> {
    pub(super) txns: Txns<'h>,
    pub(super) versions: Versions,
    pub(super) views: Vec<KeyView>,
    pub(super) happened: Vec<bool>,
    pub(super) assume: Assume,
    pub(super) search_orders: bool,
}

impl Evidence for Registers<'_> {
    fn versions(&self) -> &Versions {
        &self.versions
    }

    fn txns(&self) -> &Txns<'_> {
        &self.txns
    }

    fn because(&self, mop: usize, from: u32, to: u32, kinds: Kinds) -> Option<String> {
        let (version, is_write) = self.versions.accesses[mop].known()?;
        if is_write == (kinds == Kinds::RW) {
            return None;
        }
        let view = &self.views[self.txns.keys[mop] as usize];
        let (mine, theirs) = (view.touch(from)?, view.touch(to)?);
        let (one, other, key) = (self.txns.op(from), self.txns.op(to), self.txns.key(view.number));
        let why = Why { txns: &self.txns, view, assume: self.assume, happened: &self.happened };
        if kinds == Kinds::WR {
            let value = why.shown(mine.write);
            return (mine.write == theirs.read)
                .then(|| format!("op {one} wrote {value} to {key}, and op {other} read it"));
        }
        if !self.versions.is_overwritten_by(version, to) {
            return None;
        }
        let here = if is_write { mine.write } else { mine.read };
        let (before, after) = (why.shown(here), why.shown(theirs.write));
        let did = if is_write { "wrote" } else { "read" };
        let text = format!("op {one} {did} {before} in {key}, before op {other} wrote {after}");
        let (since, _) = why.order(here, theirs.write);
        Some(format!("{text}, since {since}"))
    }

    /// As Elle has it, who only may have written a value is nothing to judge registers by.
    fn is_evidence(&self, txn: u32) -> bool {
        self.txns.is_ok(txn)
    }

    fn decide(&self, decision: Decision, order: &Order, budget: &Budget) -> Decided {
        if !self.search_orders {
            return Decided::NotAsked;
        }
        match decision.question {
            Question::Serial => decide::decide(self, false, order, budget),
            Question::Snapshot => decide::decide(self, true, order, budget),
            weaker => weak::decide(self, weaker, budget),
        }
    }
}

impl KeyView {
    /// What a transaction had to do with the key.
    fn touch(&self, txn: u32) -> Option<&Touch> {
        let place = self.touches.binary_search_by_key(&txn, |touch| touch.txn).ok()?;
        Some(&self.touches[place])
    }
}

/// Why versions of a key are in the order they are.
pub(super) struct Why<'a, 'h> {
    pub(super) txns: &'a Txns<'h>,
    pub(super) view: &'a KeyView,
    pub(super) assume: Assume,
    pub(super) happened: &'a [bool],
}

impl Why<'_, '_> {
    /// A version for people to read.
    pub(super) fn shown(&self, version: u32) -> String {
        match version {
            NOTHING => "nothing".into(),
            _ => self.txns.names.show(self.view.values[version as usize]).to_string(),
        }
    }

    fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.view.touches.iter().filter(|touch| self.happened[touch.txn as usize])
    }

    /// Why one version came before another, in a clause, and who shows it.
    pub(super) fn order(&self, one: u32, other: u32) -> (String, Vec<u32>) {
        let assume = self.assume;
        let known = (one == NOTHING).then(|| ("nothing was there at the start".into(), Vec::new()));
        known
            .or_else(|| self.supplied(one, other))
            .or_else(|| assume.wfr_keys.then(|| self.wfr(one, other)).flatten())
            .or_else(|| assume.sequential_keys.then(|| self.sequential(one, other)).flatten())
            .or_else(|| assume.linearizable_keys.then(|| self.linearizable(one, other)).flatten())
            .unwrap_or_default()
    }

    fn supplied(&self, one: u32, other: u32) -> Option<(String, Vec<u32>)> {
        let numbered = supplied::numbered(self.view);
        let claim = |version| numbered.iter().find(|claim| claim.version == version);
        let (one, other) = (claim(one)?, claim(other)?);
        let (by, other_by) = (self.txns.op(one.txn), self.txns.op(other.txn));
        let text = format!(
            "the database numbered them {} (op {by}) and {} (op {other_by})",
            one.stamp, other.stamp
        );
        (one.stamp < other.stamp).then(|| (text, vec![one.txn, other.txn]))
    }

    fn wfr(&self, one: u32, other: u32) -> Option<(String, Vec<u32>)> {
        let touch = self.touches().find(|touch| touch.read == one && touch.write == other)?;
        let text = format!("op {} read the one and then wrote the other", self.txns.op(touch.txn));
        Some((text, vec![touch.txn]))
    }

    fn sequential(&self, one: u32, other: u32) -> Option<(String, Vec<u32>)> {
        let mut latest: FxHashMap<u32, &Touch> = FxHashMap::default();
        let (process, before, after) = self.touches().find_map(|touch| {
            let process = self.txns.outlines[touch.txn as usize].process;
            let before = latest.insert(process, touch)?;
            let is_it = before.last() == one && touch.later().any(|version| version == other);
            is_it.then_some((process, before.txn, touch.txn))
        })?;
        let (first, second) = (self.txns.op(before), self.txns.op(after));
        let text =
            format!("process {process} had the one in op {first}, then the other in op {second}");
        Some((text, vec![before, after]))
    }

    fn linearizable(&self, one: u32, other: u32) -> Option<(String, Vec<u32>)> {
        let outline = |touch: &&Touch| self.txns.outlines[touch.txn as usize];
        let ends = self.touches().filter(|touch| touch.last() == one && self.txns.is_ok(touch.txn));
        let before = ends.min_by_key(|touch| outline(touch).completed)?;
        let begins = self.touches().filter(|t| t.later().any(|v| v == other));
        let after = begins.max_by_key(|touch| outline(touch).invoked)?;
        (outline(&before).completed != NONE && outline(&before).completed < outline(&after).invoked)
            .then(|| {
                let (first, second) = (self.txns.op(before.txn), self.txns.op(after.txn));
                let text = format!(
                    "op {first}, which had the one, was over before op {second}, which had the \
                     other, began"
                );
                (text, vec![before.txn, after.txn])
            })
    }
}
