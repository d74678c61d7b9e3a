//! The versions of an object, from before its birth to after its death.
use rustc_hash::FxHashMap;

use super::{Mop, World, decode::Deed};
use crate::{Datum, Kind};

/// A state that an object may have been in.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Its value; none where it is not there.
    pub(super) value: Option<Datum>,
    /// Who made it so; nobody, before it was born.
    pub(super) writer: Option<u32>,
    /// Whether it certainly was so.
    pub(super) happened: bool,
}

impl Version {
    const UNBORN: Version = Version { value: None, writer: None, happened: true };

    /// For people, behind the name of the object.
    pub(super) fn shown(&self) -> String {
        self.value.as_ref().map_or_else(|| "gone".to_owned(), ToString::to_string)
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// This version.
    Version(usize),
    /// Nobody can tell: more than one wrote it.
    Several,
    /// A transaction that overwrote it itself.
    Intermediate(u32),
    /// A transaction that failed.
    Failed(u32),
}

/// Everything that an object has been.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// Its versions; in order if `is_ordered`.
    pub(super) versions: Vec<Version>,
    /// Whether one follows the other.
    pub(super) is_ordered: bool,
    /// Whether a value was written more than once.
    has_repeated: bool,
    /// By whom it was deleted without being gone for anybody else.
    pub(super) deletions: Vec<Source>,
    /// Who wrote each value.
    pub(super) sources: FxHashMap<Datum, Source>,
}

/// What a transaction finally made of an object.
struct Made {
    txn: u32,
    deed: Deed,
    /// Whether it did more than one thing to it.
    is_mixed: bool,
    value: Option<Datum>,
    /// What it had read of it before.
    read: Option<Datum>,
}

impl Life {
    /// Of every object.
    pub(super) fn all(world: &World) -> Vec<Life> {
        let mut made: Vec<Vec<Made>> = world.keys.iter().map(|_| Vec::new()).collect();
        let mut lives: Vec<Life> = world.keys.iter().map(|_| Life::default()).collect();
        for (txn, mops) in world.mops.iter().enumerate() {
            let failed = world.kinds[txn] == Kind::Fail;
            collect(txn as u32, failed, mops, &mut made, &mut lives);
        }
        let mut seen = vec![false; world.mops.len()];
        for mop in world.mops.iter().flatten() {
            note_seen(mop, &lives, &mut seen);
        }
        for (life, made) in lives.iter_mut().zip(made) {
            life.is_ordered = life
                .order(&made, |txn| world.kinds[txn as usize] == Kind::Ok || seen[txn as usize]);
        }
        lives
    }

    fn note_source(&mut self, txn: u32, failed: bool, value: Option<&Datum>) {
        let source = if failed { Source::Failed(txn) } else { Source::Intermediate(txn) };
        let Some(value) = value else {
            self.deletions.extend(failed.then_some(source));
            return;
        };
        if self.sources.insert(value.clone(), source).is_some() {
            self.sources.insert(value.clone(), Source::Several);
            self.has_repeated = true;
        }
    }

    /// Puts what was made of it in order, and says whether that worked.
    fn order(&mut self, made: &[Made], happened: impl Fn(u32) -> bool) -> bool {
        let of = |deed| made.iter().filter(move |made| made.deed == deed);
        let counts = [Deed::Init, Deed::Insert, Deed::Delete].map(|deed| of(deed).count());
        let is_plain = made.iter().all(|made| !made.is_mixed)
            && counts[0] + counts[1] <= 1
            && counts[2] <= 1
            && !self.has_repeated;
        let birth = of(Deed::Init).chain(of(Deed::Insert)).next();
        let writes: Vec<&Made> = of(Deed::Write).collect();
        let chain = chain(birth.and_then(|made| made.value.as_ref()), &writes);
        let is_ordered = is_plain && chain.is_some();
        let ordered: Vec<&Made> = match chain {
            Some(chain) if is_plain => {
                birth.into_iter().chain(chain).chain(of(Deed::Delete)).collect()
            }
            _ => made.iter().collect(),
        };
        if counts[0] == 0 {
            self.versions.push(Version::UNBORN);
        }
        for made in ordered {
            if let Some(source) = made.value.as_ref().and_then(|v| self.sources.get_mut(v))
                && *source != Source::Several
            {
                *source = Source::Version(self.versions.len());
            }
            let (value, writer) = (made.value.clone(), Some(made.txn));
            self.versions.push(Version { value, writer, happened: happened(made.txn) });
        }
        is_ordered
    }
}

/// Writes, each by somebody who had read what the one before wrote.
fn chain<'m>(birth: Option<&Datum>, writes: &[&'m Made]) -> Option<Vec<&'m Made>> {
    if let [_] | [] = writes {
        return Some(writes.to_vec());
    }
    let mut after: FxHashMap<Option<&Datum>, &'m Made> = FxHashMap::default();
    for made in writes {
        if after.insert(made.read.as_ref(), made).is_some() {
            return None;
        }
    }
    let (mut chain, mut at) = (Vec::new(), birth);
    while let Some(next) = after.remove(&at) {
        at = next.value.as_ref();
        chain.push(next);
    }
    (chain.len() == writes.len()).then_some(chain)
}

/// What a transaction made of each object, once it was done with it.
fn collect(txn: u32, failed: bool, mops: &[Mop], made: &mut [Vec<Made>], lives: &mut [Life]) {
    let mut reads: FxHashMap<usize, Option<Datum>> = FxHashMap::default();
    for mop in mops {
        match mop {
            Mop::Read(key, value) => drop(reads.entry(*key).or_insert_with(|| value.clone())),
            Mop::Find(_, found) => {
                for (key, value) in found {
                    reads.entry(*key).or_insert_with(|| Some(value.clone()));
                }
            }
            Mop::Make(key, deed, value) => {
                let (deed, value) = (*deed, value.clone());
                lives[*key].note_source(txn, failed, value.as_ref());
                if failed {
                    continue;
                }
                match made[*key].last_mut().filter(|made| made.txn == txn) {
                    None => {
                        let read = reads.get(key).cloned().flatten();
                        made[*key].push(Made { txn, deed, is_mixed: false, value, read });
                    }
                    Some(before) => {
                        if before.value.is_none() {
                            lives[*key].deletions.push(Source::Intermediate(txn));
                        }
                        before.value = value;
                        before.is_mixed |= deed == Deed::Delete || before.deed == Deed::Delete;
                    }
                }
            }
        }
    }
}

/// Whose writes a micro-operation saw; none is known to be a version as yet.
fn note_seen(mop: &Mop, lives: &[Life], seen: &mut [bool]) {
    let mut note = |key: usize, value: &Datum| {
        if let Some(Source::Intermediate(txn)) = lives[key].sources.get(value) {
            seen[*txn as usize] = true;
        }
    };
    match mop {
        Mop::Read(key, Some(value)) => note(*key, value),
        Mop::Find(_, found) => found.iter().for_each(|(key, value)| note(*key, value)),
        _ => (),
    }
}
