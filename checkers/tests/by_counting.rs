//! The checkers that count, against linearizability: what has an order they never convict, and what
//! they can tell exactly they tell alike. How many histories of each can be set by `HISTORIES`.
use checkers::{
    Budget, Checker, Valid, counter, linearizable::Linearizable, model, queue::Queue, set,
    unique_ids,
};
use rayon::prelude::*;

#[path = "familiar_objects/histories.rs"]
mod histories;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "familiar_objects/world.rs"]
mod world;

use world::Kind;

const CALLS: u32 = 30;

/// Histories without an order, and of them those that counting convicts. Fails where it convicts
/// one that has an order.
fn convicted(kind: Kind, strong: &dyn Checker, counts: &dyn Checker) -> (u64, u64) {
    let histories = std::env::var("HISTORIES").map_or(1_000, |n| n.parse().expect("a number"));
    let judge = |seed| {
        let history = histories::history(kind, CALLS, seed);
        let judged = |checker: &dyn Checker| checker.check(&history, &Budget::unlimited()).valid;
        let [order, count] = [judged(strong), judged(counts)];
        let is_wrong = order == Valid::Valid && count == Valid::Invalid;
        assert!(!is_wrong, "{kind:?} {seed}: convicted, and yet it has an order\n{history:?}");
        (u64::from(order == Valid::Invalid), u64::from(count == Valid::Invalid))
    };
    let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
    let (without, convicted) = (0..histories).into_par_iter().map(judge).reduce(|| (0, 0), add);
    eprintln!("{kind:?}: {convicted} convicted of {without} without an order");
    assert!(convicted > histories / 100, "{kind:?}: only {convicted} convicted");
    (without, convicted)
}

#[test]
fn bounds_convict_no_counter_that_has_an_order() {
    let strong = Linearizable(model::Counter::default());
    convicted(Kind::Counter, &strong, &counter::Counter::default());
}

#[test]
fn ids_are_unique_exactly_where_they_have_an_order() {
    let strong = Linearizable(model::UniqueIds::default());
    let (without, convicted) = convicted(Kind::Ids, &strong, &unique_ids::UniqueIds);
    assert_eq!(without, convicted);
}

#[test]
fn element_by_element_no_set_is_convicted_that_has_an_order() {
    let strong = Linearizable(model::Set::default());
    convicted(Kind::Set, &strong, &set::Set::default());
}

#[test]
fn as_multisets_no_stack_or_heap_is_convicted_that_has_an_order() {
    let stack = Linearizable(model::Stack::default());
    convicted(Kind::Stack, &stack, &Queue::EXACTLY_ONCE);
    let heap = Linearizable(model::PriorityQueue::default());
    convicted(Kind::Heap, &heap, &Queue::EXACTLY_ONCE);
}
