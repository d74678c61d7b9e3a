//! Transactions that ask for objects by predicate, as SQL does with `where`: do they see all that
//! matches, and nothing that is gone?
//!
//! A few groups of objects are in use at a time. A value says which group it is of, by its
//! remainder, so that the objects of a group, or half of them, can be asked for by predicate. Each
//! object is inserted, written and deleted once at most, in this order, so that its versions are in
//! order whoever does it; then it takes a fresh group to go on. After healing, everything is read,
//! again until it is answered. See [`checkers::txn::closed_predicate`].
use checkers::txn::closed_predicate::ClosedPredicate;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{
    Entry, Invocation, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
    transactions::READS,
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "closed-predicate",
    about: "transactions that insert, write, delete, and ask by predicate: phantoms, write skew",
    is_pinned: false,
    build,
};

/// Groups in use at a time.
const GROUPS: usize = 3;
/// Objects of a group.
const OBJECTS: u64 = 6;
/// A value leaves the number of its group as the remainder by this.
const GROUPS_MAX: u64 = 1 << 20;

fn build(params: &Params) -> Workload {
    let mut world = World { length_max: params.transactions.length_max, ..World::default() };
    let txns = move |ctx: &mut Context| Some(world.next(&mut ctx.rng));
    let read = |_: &mut Context| Some(invoke("read", json!([["rp", "true", null]])));
    Workload {
        generator: txns.clients().boxed(),
        final_generator: finally::each_thread_until_ok(read),
        checker: Box::new(ClosedPredicate(params.held_to())),
        reads: READS,
    }
}

/// What was asked for so far.
#[derive(Default)]
struct World {
    length_max: u32,
    groups: Vec<Group>,
    next_group: u64,
    written: u64,
}

/// A group in use: what was done to each of its objects.
struct Group {
    number: u64,
    deeds: [u8; OBJECTS as usize],
}

/// What is done to an object, one after the other.
const DEEDS: [&str; 3] = ["insert", "w", "delete"];

impl World {
    fn next(&mut self, chance: &mut ChaCha8Rng) -> Invocation {
        self.groups.retain(|group| group.deeds.iter().any(|done| usize::from(*done) < DEEDS.len()));
        while self.groups.len() < GROUPS {
            self.groups.push(Group { number: self.next_group, deeds: [0; OBJECTS as usize] });
            self.next_group += 1;
        }
        let place = chance.random_range(0..GROUPS);
        let mut touched = Vec::new();
        let length = chance.random_range(1..=self.length_max.max(1));
        let mops: Vec<Value> = (0..length).map(|_| self.mop(chance, place, &mut touched)).collect();
        invoke(if touched.is_empty() { "read" } else { "txn" }, mops)
    }

    /// Something to do with a group; `touched` are the objects that the transaction made
    /// something of.
    fn mop(&mut self, chance: &mut ChaCha8Rng, place: usize, touched: &mut Vec<usize>) -> Value {
        let number = self.groups[place].number % GROUPS_MAX;
        let at = chance.random_range(0..OBJECTS as usize);
        let object = self.groups[place].number * OBJECTS + at as u64;
        let done = self.groups[place].deeds[at];
        match chance.random_range(0..8) {
            0..=2 if usize::from(done) < DEEDS.len() && !touched.contains(&at) => {
                touched.push(at);
                self.groups[place].deeds[at] += 1;
                self.written += 1;
                let value = self.written * GROUPS_MAX + number;
                match DEEDS[usize::from(done)] {
                    "delete" => json!(["delete", object]),
                    deed => json!([deed, object, value]),
                }
            }
            3 => json!(["r", object, null]),
            4 => {
                let half = chance.random_range(0..2) * GROUPS_MAX;
                json!(["rp", ["mod", 2 * GROUPS_MAX, half + number], null])
            }
            _ => json!(["rp", ["mod", GROUPS_MAX, number], null]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::generator::stream;

    #[test]
    fn every_object_is_inserted_written_and_deleted_in_this_order() {
        let (mut world, mut chance) =
            (World { length_max: 4, ..World::default() }, stream(1, "test"));
        let mut lives: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for _ in 0..1_000 {
            for mop in world.next(&mut chance).value.as_array().unwrap() {
                let f = mop[0].as_str().unwrap();
                if DEEDS.contains(&f) {
                    lives.entry(mop[1].as_u64().unwrap()).or_default().push(f.to_owned());
                }
            }
        }
        assert!(lives.values().all(|life| *life == DEEDS[..life.len()]), "{lives:?}");
        let whole = lives.values().filter(|life| life.len() == DEEDS.len()).count();
        assert!(whole > 100 && lives.len() - whole <= GROUPS * OBJECTS as usize, "{whole}");
    }
}
