//! Who comes before whom, by what was found and what was not.
use rustc_hash::FxHashMap;

use super::{
    Finding, Findings, Life, Mop, Name, Reasons, World,
    index::Index,
    life::{Source, Version},
};
use crate::{Budget, Datum, Kind, txn::graph::Kinds};

/// The dependencies, each with a reason.
#[derive(Default)]
pub(super) struct Edges {
    pub(super) reasons: Reasons,
}

impl Edges {
    fn add(&mut self, from: u32, to: u32, kinds: Kinds, key: usize, version: usize) {
        if from != to {
            self.reasons.entry((from, to, kinds)).or_insert((key, version));
        }
    }
}

/// All dependencies, and what single transactions show; `None` when the budget is over.
pub(super) fn find(world: &World, lives: &[Life], budget: &Budget) -> Option<(Edges, Findings)> {
    let mut edges = Edges::default();
    for (key, life) in lives.iter().enumerate().filter(|(_, life)| life.is_ordered) {
        let happened = |(_, version): &(usize, &Version)| version.happened;
        let real: Vec<_> = life.versions.iter().enumerate().filter(happened).collect();
        for pair in real.windows(2) {
            if let (Some(one), Some(other)) = (pair[0].1.writer, pair[1].1.writer) {
                edges.add(one, other, Kinds::WW, key, pair[1].0);
            }
        }
    }
    let mut findings = Findings::default();
    let index = Index::of(world, lives);
    for txn in (0..world.mops.len()).filter(|txn| world.kinds[*txn] == Kind::Ok) {
        if budget.is_over() {
            return None;
        }
        let txn = txn as u32;
        let own = FxHashMap::default();
        Reader { world, lives, index: &index, txn, own }.read(&mut edges, &mut findings);
    }
    Some((edges, findings))
}

/// A transaction, and what it has made of objects so far.
struct Reader<'w> {
    world: &'w World,
    lives: &'w [Life],
    index: &'w Index,
    txn: u32,
    own: FxHashMap<usize, Option<Datum>>,
}

impl Reader<'_> {
    fn read(&mut self, edges: &mut Edges, findings: &mut Findings) {
        for mop in &self.world.mops[self.txn as usize] {
            match mop {
                Mop::Make(key, _, value) => drop(self.own.insert(*key, value.clone())),
                Mop::Read(key, value) => match self.own.get(key) {
                    Some(own) if own == value => (),
                    Some(_) => self.contradicts_itself(*key, findings),
                    None => match value {
                        Some(value) => self.saw(*key, value, edges, findings),
                        None if self.missed(*key, |_| true, [Kinds::WR, Kinds::RW], edges) => (),
                        None => self.found_gone(*key, findings),
                    },
                },
                Mop::Find(predicate, found) => {
                    // Of what never matches, that it was not found tells nothing.
                    let mut keys = self.index.matching(predicate).to_vec();
                    keys.extend(found.keys().chain(self.own.keys()));
                    keys.sort_unstable();
                    keys.dedup();
                    for key in keys {
                        let matches = |value: &Datum| predicate.matches(value);
                        self.found(key, found.get(&key), matches, edges, findings);
                    }
                }
            }
        }
    }

    /// What a read by predicate tells of one object.
    fn found(
        &self,
        key: usize,
        value: Option<&Datum>,
        matches: impl Fn(&Datum) -> bool,
        edges: &mut Edges,
        findings: &mut Findings,
    ) {
        let name = &self.world.keys[key];
        if let Some(own) = self.own.get(&key) {
            if own.as_ref().filter(|own| matches(own)) != value {
                self.contradicts_itself(key, findings);
            }
            return;
        }
        match value {
            Some(value) if !matches(value) => self.note(Name::GarbageRead, None, findings, |op| {
                format!("op {op} found {name} to be {value}, which does not match")
            }),
            Some(value) => self.saw(key, value, edges, findings),
            None if self.missed(key, matches, [Kinds::WRP, Kinds::RWP], edges) => (),
            None => self.note(Name::PredicateReadMiss, None, findings, |op| {
                format!("op {op} did not find {name}, which matches in each of its versions")
            }),
        }
    }

    /// It saw this value of an object.
    fn saw(&self, key: usize, value: &Datum, edges: &mut Edges, findings: &mut Findings) {
        let (life, name) = (&self.lives[key], &self.world.keys[key]);
        let whose = |txn: u32| self.world.ops[txn as usize];
        match life.sources.get(value) {
            None => self.note(Name::GarbageRead, None, findings, |op| {
                format!("op {op} read {name} as {value}, which nobody wrote")
            }),
            Some(Source::Several) => findings.doubt(|| {
                format!("{value} was written to {name} more than once, so nobody knows whose it is")
            }),
            Some(&Source::Failed(writer)) => self.note(Name::G1a, Some(writer), findings, |op| {
                format!("op {op} read {name} as {value}, by op {}, which failed", whose(writer))
            }),
            Some(&Source::Intermediate(writer)) => {
                let anomaly = if writer == self.txn { Name::FutureRead } else { Name::G1b };
                self.note(anomaly, Some(writer), findings, |op| {
                    format!("op {op} read {name} as {value}, which op {} overwrote", whose(writer))
                });
            }
            Some(&Source::Version(at)) => {
                if life.versions[at].writer == Some(self.txn) {
                    self.note(Name::FutureRead, None, findings, |op| {
                        format!("op {op} read {name} as {value} before it wrote that")
                    });
                }
                if let Some(writer) = life.versions[at].writer {
                    edges.add(writer, self.txn, Kinds::WR, key, at);
                }
                self.before_next(key, at, Kinds::RW, edges);
            }
        }
    }

    /// It found an object gone that, for all who committed before it asked, was always there.
    fn found_gone(&self, key: usize, findings: &mut Findings) {
        let (life, name) = (&self.lives[key], &self.world.keys[key]);
        let whose = |txn: u32| self.world.ops[txn as usize];
        let own = Source::Intermediate(self.txn);
        let others = || life.deletions.iter().copied().filter(|source| *source != own);
        let failed = others().find(|source| matches!(source, Source::Failed(_)));
        let makes_gone = |v: &Version| v.writer == Some(self.txn) && v.value.is_none();
        let will_delete = life.versions.iter().any(makes_gone) || life.deletions.contains(&own);
        match failed.or_else(|| others().next()) {
            Some(Source::Failed(writer)) => self.note(Name::G1a, Some(writer), findings, |op| {
                format!(
                    "op {op} did not find {name}, deleted by op {}, which failed",
                    whose(writer)
                )
            }),
            Some(Source::Intermediate(writer)) => {
                self.note(Name::G1b, Some(writer), findings, |op| {
                    let writer = whose(writer);
                    format!("op {op} did not find {name}, which op {writer} deleted and made again")
                });
            }
            _ if will_delete => self.note(Name::FutureRead, None, findings, |op| {
                format!("op {op} did not find {name} before it deleted that")
            }),
            _ => self.note(Name::GarbageRead, None, findings, |op| {
                format!("op {op} did not find {name}, which was there all the time")
            }),
        }
    }

    /// It saw some version of an object that does not match, and that it did not make itself: not
    /// before the first such, and not after the last. Whether there is any.
    fn missed(
        &self,
        key: usize,
        matches: impl Fn(&Datum) -> bool,
        [read, anti]: [Kinds; 2],
        edges: &mut Edges,
    ) -> bool {
        let life = &self.lives[key];
        let fits = |version: &Version| {
            version.writer != Some(self.txn) && !version.value.as_ref().is_some_and(&matches)
        };
        let first = life.versions.iter().position(fits);
        let (Some(first), Some(last)) = (first, life.versions.iter().rposition(fits)) else {
            return false;
        };
        if life.is_ordered {
            let version = &life.versions[first];
            if let Some(writer) = version.writer.filter(|_| first > 0 && version.happened) {
                edges.add(writer, self.txn, read, key, first);
            }
            self.before_next(key, last, anti, edges);
        }
        true
    }

    /// It comes before whoever made the next version that certainly was.
    fn before_next(&self, key: usize, at: usize, anti: Kinds, edges: &mut Edges) {
        let life = &self.lives[key];
        let mut later = life.versions.iter().enumerate().skip(at + 1);
        if let Some((next, version)) = later.find(|(_, version)| version.happened)
            && let (Some(writer), true) = (version.writer, life.is_ordered)
        {
            edges.add(self.txn, writer, anti, key, next);
        }
    }

    fn contradicts_itself(&self, key: usize, findings: &mut Findings) {
        self.note(Name::Internal, None, findings, |op| {
            format!("op {op} does not see {} as it made it itself", self.world.keys[key])
        });
    }

    fn note(
        &self,
        name: Name,
        writer: Option<u32>,
        findings: &mut Findings,
        why: impl FnOnce(u32) -> String,
    ) {
        findings.add(name, || Finding {
            txns: writer.into_iter().chain([self.txn]).collect(),
            why: why(self.world.ops[self.txn as usize]),
        });
    }
}
