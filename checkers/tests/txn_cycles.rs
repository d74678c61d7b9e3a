//! The shortest cycle is the shortest: small random graphs against every simple cycle there is.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget,
    txn::{
        anomalies::{ALL, Name},
        graph::{Csr, Graph, Kinds},
        pattern::{Pattern, Rw},
        search::{self, Cycles},
    },
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Steps = Vec<(u32, Kinds)>;

/// A random graph: transactions, and one hub that anybody may enter for the order's sake.
fn random(chance: &mut ChaCha8Rng, order: Kinds) -> Csr {
    let txns = chance.random_range(2..=5);
    let kinds = [Kinds::WW, Kinds::WR, Kinds::RW, Kinds::WRP, Kinds::RWP, order];
    let mut edges = Vec::new();
    for _ in 0..chance.random_range(2..=9) {
        let (from, to) = (chance.random_range(0..txns), chance.random_range(0..txns));
        if from != to {
            edges.push((from, to, kinds[chance.random_range(0..kinds.len())]));
        }
    }
    // The first half enters the hub, the second half is where it leads: nobody reaches itself.
    for txn in 0..txns {
        match chance.random_range(0..4) {
            0 if txn < txns / 2 => edges.push((txn, txns, order)),
            1 if txn >= txns / 2 => edges.push((txns, txn, Kinds::GOES_ON)),
            _ => (),
        }
    }
    Csr::of(txns + 1, txns, &edges)
}

/// Edges between transactions, stations left out.
fn direct(graph: &Csr) -> Vec<(u32, u32, Kinds)> {
    let hub = graph.txns();
    let mut edges = Vec::new();
    for from in 0..hub {
        for (to, kinds) in graph.successors(from) {
            if to == hub {
                edges.extend(graph.successors(hub).map(|(to, _)| (from, to, kinds)));
            } else {
                edges.push((from, to, kinds));
            }
        }
    }
    edges
}

/// Every simple cycle, each once from every transaction in it.
fn all_cycles(graph: &Csr) -> Vec<Steps> {
    let edges = direct(graph);
    let mut cycles = Vec::new();
    let mut open: Vec<(u32, Steps)> =
        edges.iter().map(|&(from, to, kinds)| (to, vec![(from, kinds)])).collect();
    while let Some((node, steps)) = open.pop() {
        if node == steps[0].0 {
            cycles.push(steps);
            continue;
        }
        if steps.iter().any(|step| step.0 == node) {
            continue;
        }
        for &(_, to, kinds) in edges.iter().filter(|edge| edge.0 == node) {
            let mut longer = steps.clone();
            longer.push((node, kinds));
            open.push((to, longer));
        }
    }
    cycles
}

/// Whether a cycle is of a pattern, by its definition.
fn is_of(cycle: &Steps, pattern: &Pattern) -> bool {
    let rw = |at: usize| cycle[at % cycle.len()].1.meets(Kinds::ANTI);
    let count = (0..cycle.len()).filter(|&at| rw(at)).count();
    let meet = (0..cycle.len()).any(|at| rw(at) && rw(at + 1) && count > 1);
    let has = |kinds: Kinds| cycle.iter().any(|step| step.1.meets(kinds));
    let needs = |kinds: Kinds| !pattern.needed.meets(kinds) || has(kinds);
    cycle.iter().all(|step| step.1.is_within(pattern.allowed))
        && [Kinds::READS, Kinds::RWP, Kinds::PROCESS, Kinds::REALTIME].into_iter().all(needs)
        && match pattern.rw {
            Rw::None => count == 0,
            Rw::One => count == 1,
            Rw::Apart => count >= 2 && !meet,
            Rw::Together => meet,
        }
}

fn search(graph: &Csr) -> Cycles {
    let names: Vec<Name> = ALL.iter().map(|entry| entry.name).collect();
    search::cycles(graph, &names, &Budget::unlimited()).unwrap()
}

#[test]
fn what_is_found_is_a_cycle_and_none_is_shorter() {
    let (mut exact, mut missed) = (0, 0);
    for seed in 0..30_000 {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let order = if chance.random_bool(0.5) { Kinds::PROCESS } else { Kinds::REALTIME };
        let graph = random(&mut chance, order);
        let (edges, cycles, found) = (direct(&graph), all_cycles(&graph), search(&graph));
        assert!(found.undecided.is_empty());
        assert_eq!(found.found.is_empty(), cycles.is_empty(), "seed {seed}");
        for entry in ALL.iter() {
            let Some(pattern) = entry.cycle else { continue };
            let least = cycles.iter().filter(|c| is_of(c, &pattern)).map(Vec::len).min();
            let here = found.found.iter().find(|(name, _)| *name == entry.name);
            let Some((_, cycle)) = here else {
                // It may hide behind one that says more: the walk through it is not simple.
                missed += usize::from(least.is_some());
                continue;
            };
            let next = |at: usize| cycle.0[(at + 1) % cycle.0.len()].0;
            for (at, &(from, kinds)) in cycle.0.iter().enumerate() {
                assert!(edges.contains(&(from, next(at), kinds)), "seed {seed}: {cycle:?}");
            }
            assert!(is_of(&cycle.0, &pattern), "seed {seed}: {} is {cycle:?}", entry.text);
            assert_eq!(Some(cycle.0.len()), least, "seed {seed}: {} is {cycle:?}", entry.text);
            exact += 1;
        }
    }
    assert!(exact > 10_000 && missed * 200 < exact, "{exact} found, {missed} not");
}

#[test]
fn patience_lasts_until_a_long_way_around_is_closed() {
    const AROUND: u32 = 20_000;
    let mut edges: Vec<_> = (0..AROUND).map(|txn| (txn, (txn + 1) % AROUND, Kinds::WW)).collect();
    for shortcut in [AROUND - 1, AROUND / 2] {
        edges.push((shortcut, 0, Kinds::WW));
        let found = search(&Csr::of(AROUND, AROUND, &edges));
        let lengths: Vec<_> = found.found.iter().map(|(name, c)| (*name, c.0.len())).collect();
        assert_eq!(lengths, [(Name::G0, shortcut as usize + 1)]);
        assert!(found.undecided.is_empty());
    }
}
