//! The same seed gives the same schedule, and another seed another.
use checkers::{Kind, Op};
use workloads::{
    Params,
    generator::{Context, GeneratorExt, Timing, phases, simulate},
    sim::{self, Sim},
};

/// Workloads that leave nothing to chance: what is next follows from what was answered.
const DRAW_NOTHING: &[&str] = &["adya-g2", "causal", "election", "unique-ids"];

/// What is invoked of a right store, which is the same whatever the run's seed.
fn schedule(sim: &Sim, seed: u64) -> Vec<Op> {
    let functions = sim.functions.iter().map(ToString::to_string).collect();
    let params = Params { ops_per_key: 100, functions, ..Params::default() };
    let workload = (workloads::find(sim.workload).expect("a known workload").build)(&params);
    let generator = phases(vec![workload.generator.limit(500).boxed(), workload.final_generator]);
    let nodes = (1..=5).map(|i| format!("n{i}").into()).collect();
    let mut store = (sim.build)(None, 1, &params);
    let ctx = Context::new(params.concurrency, nodes, seed);
    let mut ops = simulate(generator, ctx, Timing::default(), |now, op| store.effect(now, op));
    ops.retain(|op| op.kind == Kind::Invoke);
    ops
}

fn right_store(workload: &str) -> &'static Sim {
    let mut sims = sim::ALL.iter();
    sims.find(|sim| sim.workload == workload && sim.bug.is_none()).expect("a right store")
}

#[test]
fn the_same_seed_gives_the_same_schedule_in_every_workload() {
    for entry in workloads::ALL {
        let sim = right_store(entry.name);
        let once = schedule(sim, 7);
        assert!(once.len() > 500, "{}: {} ops", entry.name, once.len());
        assert_eq!(once, schedule(sim, 7), "{}", entry.name);
    }
}

#[test]
fn another_seed_gives_another_schedule_in_every_workload_that_draws() {
    let is_fixed = |name: &&str| {
        let sim = right_store(name);
        schedule(sim, 7) == schedule(sim, 8)
    };
    let names = workloads::ALL.iter().map(|entry| entry.name);
    assert_eq!(names.filter(is_fixed).collect::<Vec<_>>(), DRAW_NOTHING);
}
