//! How long a check takes, once the history is read: all of it, and without decoding values.
use checkers::{
    Budget, Checker, History, Independent,
    linearizable::Linearizable,
    model::{
        Counter, FencedMutex, FifoQueue, Log, Model, Mutex, PriorityQueue, ReentrantMutex,
        Register, Semaphore, Set, Stack, UniqueIds,
    },
};
use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;

mod grid;
mod objects;

use grid::{Grid, Lie, Mix, Values};
use objects::Object;

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

/// A million calls on each of the other objects.
fn familiar(criterion: &mut Criterion) {
    let mut million = |object, model: &dyn Fn(&mut Criterion, &str, &History)| {
        let name = format!("1M calls, {object:?}");
        model(criterion, &name, &objects::history(object, 1_000_000));
    };
    let semaphore = Semaphore::from_word(Some("5")).expect("a number");
    million(Object::Mutex, &|c, name, history| cell(c, name, history, Mutex::default()));
    million(Object::Semaphore, &|c, name, history| cell(c, name, history, semaphore.clone()));
    million(Object::ReentrantMutex, &|c, name, history| {
        cell(c, name, history, ReentrantMutex::default());
    });
    million(Object::FencedMutex, &|c, name, history| {
        cell(c, name, history, FencedMutex::default());
    });
    million(Object::Counter, &|c, name, history| cell(c, name, history, Counter::default()));
    million(Object::Set, &|c, name, history| cell(c, name, history, Set::default()));
    million(Object::Log, &|c, name, history| cell(c, name, history, Log::default()));
    million(Object::Ids, &|c, name, history| cell(c, name, history, UniqueIds::default()));
    million(Object::Stack, &|c, name, history| cell(c, name, history, Stack::default()));
    million(Object::Heap, &|c, name, history| cell(c, name, history, PriorityQueue::default()));
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

criterion_group!(benches, check, familiar);
criterion_main!(benches);
