//! Which objects a predicate may tell anything about: those that match it in some version.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Life, Mop, World, predicate::Predicate};
use crate::Datum;

/// Objects by what they have been.
#[derive(Default)]
pub(super) struct Index {
    /// Those that have been anything.
    all: Vec<usize>,
    by_value: FxHashMap<Datum, Vec<usize>>,
    /// Of each modulus that is asked by, those that have left each remainder.
    by_remainder: FxHashMap<(i64, i64), Vec<usize>>,
}

impl Index {
    pub(super) fn of(world: &World, lives: &[Life]) -> Index {
        let mut index = Index::default();
        let asked = world.mops.iter().flatten().filter_map(|mop| match mop {
            Mop::Find(Predicate::Mod { modulus, .. }, _) => Some(*modulus),
            _ => None,
        });
        let mut moduli: Vec<i64> = asked.collect::<FxHashSet<i64>>().into_iter().collect();
        moduli.sort_unstable();
        for (key, life) in lives.iter().enumerate() {
            for value in life.versions.iter().filter_map(|version| version.value.as_ref()) {
                add(&mut index.all, key);
                add(index.by_value.entry(value.clone()).or_default(), key);
                let Datum::Int(number) = value else { continue };
                for modulus in &moduli {
                    let place = (*modulus, number.rem_euclid(*modulus));
                    add(index.by_remainder.entry(place).or_default(), key);
                }
            }
        }
        index
    }

    /// The objects that some version of matches, in order.
    pub(super) fn matching(&self, predicate: &Predicate) -> &[usize] {
        let found = match predicate {
            Predicate::True => Some(&self.all),
            Predicate::Is(value) => self.by_value.get(value),
            Predicate::Mod { modulus, remainder } => self.by_remainder.get(&(*modulus, *remainder)),
        };
        found.map_or(&[], Vec::as_slice)
    }
}

/// Adds the latest object, once.
fn add(objects: &mut Vec<usize>, key: usize) {
    if objects.last() != Some(&key) {
        objects.push(key);
    }
}
