//! How many ops a second the journal writes, and how many bytes each takes.
//!
//! `batch` is how many ops are handed to the kernel at a time: one, as where calls come one by one,
//! up to as many as a run takes that is as fast as it can be.
use std::{fs, path::Path};

use checkers::{Kind, Op};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use netsplit::run::Journal;
use workloads::{
    Params,
    generator::{Context, GeneratorExt, Timing, simulate},
    sim,
};

const CALLS: u64 = 50_000;

/// The history of a right store, under a workload.
fn history(workload: &str) -> Vec<Op> {
    let mut sims = sim::ALL.iter();
    let right = sims.find(|sim| sim.workload == workload && sim.bug.is_none());
    let right = right.expect("a right store");
    let functions = right.functions.iter().map(ToString::to_string).collect();
    let params = Params { functions, ..Params::default() };
    let workload = (workloads::find(workload).expect("a workload").build)(&params);
    let nodes = (1..=5).map(|i| format!("n{i}").into()).collect();
    let mut store = (right.build)(None, 1, &params);
    let ctx = Context::new(params.concurrency, nodes, 1);
    let calls = workload.generator.limit(CALLS);
    simulate(calls, ctx, Timing::default(), |now, op| store.effect(now, op))
}

/// Writes all of them into a file, so many at a time.
fn write(path: &Path, ops: &[Op], batch: usize) {
    let mut journal = Journal::create(path).expect("a file");
    for some in ops.chunks(batch) {
        some.iter().for_each(|op| journal.add(op));
        journal.flush().expect("it is written");
    }
}

fn journal(criterion: &mut Criterion) {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("history.jsonl");
    for workload in ["register", "append", "log"] {
        let ops = history(workload);
        write(&path, &ops, ops.len());
        let bytes = fs::metadata(&path).expect("a file").len();
        let calls = ops.iter().filter(|op| op.kind == Kind::Invoke).count();
        let each = bytes as f64 / ops.len() as f64;
        eprintln!("{workload}: {} ops of {calls} calls, {each:.1} bytes an op", ops.len());
        let mut group = criterion.benchmark_group(workload);
        group.throughput(Throughput::Elements(ops.len() as u64)).sample_size(10);
        for batch in [1, 16, 256] {
            let id = BenchmarkId::new("batch", batch);
            group.bench_with_input(id, &batch, |b, &n| b.iter(|| write(&path, &ops, n)));
        }
        group.finish();
    }
}

criterion_group!(benches, journal);
criterion_main!(benches);
