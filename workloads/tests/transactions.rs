//! Every imagined store of transactions is accepted at the model that it provides, and convicted
//! above.
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use checkers::{
    Budget, History, Valid,
    txn::{self, Options},
};
use workloads::sim::transactions::{ALL, Objects, Sim, Size};

const SEEDS: u64 = 1_000;
const SIZE: Size = Size { txns: 40, clients: 4, keys: 3 };

fn judge(sim: &Sim, objects: Objects, model: &str, seed: u64) -> Valid {
    let history = History::read(sim.history(objects, SIZE, seed)).expect("a history");
    let name = if objects == Objects::Lists { "append" } else { "rw-register" };
    let options = Options::new([model]).expect("a model");
    let checker =
        (txn::find(name).expect("a checker").build)(Options { search_orders: true, ..options });
    checker.check(&history, &Budget::unlimited()).valid
}

/// How many seeds of each store are convicted at each model; panics where that is not to be.
fn convicted() -> BTreeMap<(&'static str, &'static str, bool), u64> {
    let counts = Mutex::new(BTreeMap::new());
    let next = AtomicU64::new(0);
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= SEEDS {
            return;
        }
        for sim in ALL {
            for objects in [Objects::Lists, Objects::Registers] {
                let valid = judge(sim, objects, sim.provides, seed);
                assert_eq!(valid, Valid::Valid, "seed {seed}: {} of {objects:?}", sim.name);
                for model in sim.breaks {
                    let is_convicted = judge(sim, objects, model, seed) == Valid::Invalid;
                    let key = (sim.name, *model, objects == Objects::Lists);
                    let mut counts = counts.lock().expect("nobody panicked");
                    *counts.entry(key).or_insert(0) += u64::from(is_convicted);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    counts.into_inner().expect("nobody panicked")
}

#[test]
fn every_store_is_accepted_at_what_it_provides_and_convicted_above() {
    let convicted = convicted();
    let rare: Vec<_> = convicted.iter().filter(|(_, count)| **count * 4 < SEEDS).collect();
    assert!(rare.is_empty(), "{rare:?} of {convicted:?}");
}
