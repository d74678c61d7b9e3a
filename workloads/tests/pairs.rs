//! Every workload accepts a right store and convicts each wrong one, with its odds.
use std::sync::atomic::{AtomicUsize, Ordering};

use checkers::{Budget, Checker, History, Valid};
use workloads::{
    Params,
    generator::{Context, GeneratorExt, Timing, phases, simulate},
    sim::{ALL, Sim},
};

const SEEDS: u64 = 20;

/// What a store made of its workload, with the checker of that run.
fn run(sim: &Sim, seed: u64) -> (History, Box<dyn Checker>) {
    let functions = sim.functions.iter().map(ToString::to_string).collect();
    let params = Params { ops_per_key: 100, functions, ..Params::default() };
    let entry = workloads::find(sim.workload).expect("a known workload");
    let workload = (entry.build)(&params);
    let generator = phases(vec![workload.generator.limit(2_000).boxed(), workload.final_generator]);
    let nodes = (1..=5).map(|i| format!("n{i}").into()).collect();
    let mut store = (sim.build)(sim.bug, seed, &params);
    let timing = Timing { seed, ..Timing::default() };
    let ctx = Context::new(params.concurrency, nodes, seed);
    let ops = simulate(generator, ctx, timing, |now, op| store.effect(now, op));
    (History::from_ops(&ops).expect("a history"), workload.checker)
}

fn judge(sim: &Sim, seed: u64) -> Valid {
    let (history, checker) = run(sim, seed);
    checker.check(&history, &Budget::unlimited()).valid
}

fn judge_all_seeds(sim: &Sim) {
    let verdicts: Vec<Valid> = (0..SEEDS).map(|seed| judge(sim, seed)).collect();
    let count = |valid| verdicts.iter().filter(|v| **v == valid).count() as u64;
    let (valid, invalid) = (count(Valid::Valid), count(Valid::Invalid));
    match sim.bug {
        None => assert_eq!(valid, SEEDS, "{}: a right store was not accepted", sim.workload),
        Some(bug) => assert!(
            invalid >= u64::from(sim.convicted_min),
            "{} with {bug}: only {invalid} of {SEEDS} seeds convicted",
            sim.workload
        ),
    }
}

#[test]
fn every_workload_accepts_a_right_store_and_convicts_each_wrong_one() {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(sim) = ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            judge_all_seeds(sim);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

#[test]
fn a_history_without_its_run_is_judged_the_same() {
    for entry in workloads::ALL {
        let mut bugs = ALL.iter().filter(|sim| sim.workload == entry.name && sim.bug.is_some());
        let Some(sim) = bugs.next_back() else { continue };
        let (history, _) = run(sim, 0);
        let bare = (entry.build)(&Params::default()).checker;
        let verdict = bare.check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, Valid::Invalid, "{} with {:?}", sim.workload, sim.bug);
        assert!(!verdict.all_anomalies().is_empty(), "{}: no evidence", sim.workload);
    }
}

#[test]
fn every_workload_has_a_right_store_and_a_wrong_one() {
    for entry in workloads::ALL {
        let sims = || ALL.iter().filter(|sim| sim.workload == entry.name);
        assert!(sims().any(|sim| sim.bug.is_none()), "{}: no right store", entry.name);
        assert!(sims().any(|sim| sim.bug.is_some()), "{}: no wrong store", entry.name);
    }
}
