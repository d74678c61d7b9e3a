//! How long a check takes, once the history is read: all of it, and without decoding values.
use checkers::{
    Budget, Checker, History, Independent,
    linearizable::Linearizable,
    model::{FifoQueue, Model, Register},
};
use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;

mod grid;

use grid::{Grid, Lie, Mix, Values};

fn cells() -> Vec<(&'static str, Grid)> {
    let million = Grid { calls: 1_000_000, ..Grid::default() };
    let keys = Grid { keys: 1000, values: Values::Below(6), ..million };
    let small = Grid { calls: 100_000, values: Values::Below(5), ..Grid::default() };
    let hard = Grid { clients: 20, crashed: 0.05, calls: 5_000, ..small };
    let stale = Grid { calls: 100_000, lie: Lie::Stale, ..million };
    vec![
        ("1M distinct values, 50 clients, one key", Grid { clients: 50, ..million }),
        ("1M distinct values, reads and writes", Grid { mix: Mix::ReadWrite, ..million }),
        ("1M calls on 1,000 keys, values 0..5", keys),
        ("1M calls on a queue", Grid { mix: Mix::Queue, ..million }),
        ("100k cas-register, 10 clients, one key", small),
        ("5k, 20 clients, 5 % crashed", hard),
        ("100k distinct values, one stale read", stale),
    ]
}

fn check(criterion: &mut Criterion) {
    for (name, grid) in cells() {
        match grid.mix {
            Mix::Queue => cell(criterion, name, &grid.history(), FifoQueue::default()),
            Mix::ReadWrite | Mix::ReadWriteCas => {
                cell(criterion, name, &grid.history(), Register::default());
            }
        }
    }
}

/// The whole check, and what of it remains when the values are decoded.
fn cell<M: Model>(criterion: &mut Criterion, name: &str, history: &History, model: M) {
    let budget = Budget::unlimited();
    let checker = Independent(Linearizable(model));
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.bench_function("check", |b| b.iter(|| checker.check(history, &budget)));
    let parts: Vec<History> = history.by_key().into_values().collect();
    let prepare = |part| checker.0.prepare(part).expect("the grid fits the model");
    let prepared: Vec<_> = parts.iter().map(prepare).collect();
    group.bench_function("judge", |b| {
        b.iter(|| prepared.par_iter().map(|part| part.check(&budget).valid).max());
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
