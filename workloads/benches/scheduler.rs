//! How many ops a second the scheduler hands out and takes back, against the number of threads.
//!
//! `busy` has all threads in the middle of an op and completes the oldest each time, as a system at
//! its limit does; `idle` has a rate so low that all threads but one are free, as a run at a fixed
//! rate does.
use std::collections::VecDeque;

use checkers::{Kind, Op};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;
use workloads::{
    Generator,
    generator::{Completion, Context, GeneratorExt, Scheduler, Step, any, invoke},
};

const OPS: u64 = 100_000;
const NEVER: u64 = 1_000_000_000_000;

/// A run's usual tree: a nemesis that rests, and calls of all clients.
fn plan(gap: u64) -> impl Generator + 'static {
    let mut n = 0u64;
    let calls = move |_: &mut Context| {
        n += 1;
        Some(invoke("write", n))
    };
    let strikes = (|_: &mut Context| Some(invoke("kill", ()))).stagger(NEVER).nemesis().boxed();
    let calls = if gap == 0 { calls.boxed() } else { calls.stagger(gap).boxed() };
    any(vec![strikes, calls.clients().boxed()]).limit(OPS).time_limit(NEVER)
}

/// Runs it to its end; each op completes when nothing more can be invoked.
fn drive(threads: u32, gap: u64) -> u32 {
    let nodes = (1..=5).map(|i| format!("n{i}").into()).collect();
    let mut scheduler = Scheduler::new(plan(gap), Context::new(threads, nodes, 1));
    let mut in_flight: VecDeque<Op> = VecDeque::new();
    let mut now = 0;
    loop {
        match scheduler.step(now) {
            Step::Invoke { op, .. } => in_flight.push_back(op),
            Step::Log { .. } => (),
            Step::Wait { until } => match (in_flight.pop_front(), until) {
                (Some(op), _) => {
                    now += 1;
                    let done = Completion { kind: Kind::Ok, value: Value::Null, error: None };
                    scheduler.complete(now, &op, done);
                }
                (None, Some(until)) => now = until,
                (None, None) => panic!("the generator waits, and nothing is in flight"),
            },
            Step::Done => return threads,
        }
    }
}

fn scheduler(criterion: &mut Criterion) {
    for (name, gap) in [("busy", 0), ("idle", 100)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(OPS)).sample_size(10);
        for threads in [1, 10, 100, 1_000, 10_000] {
            let id = BenchmarkId::from_parameter(threads);
            group.bench_with_input(id, &threads, |b, &n| b.iter(|| drive(n, gap)));
        }
        group.finish();
    }
}

criterion_group!(benches, scheduler);
criterion_main!(benches);
