//! How long a check takes, once the history is read. Values are decoded as part of it.
use checkers::{
    Budget, Checker, Independent,
    linearizable::Linearizable,
    model::{FifoQueue, Register},
};
use criterion::{Criterion, criterion_group, criterion_main};

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
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    for (name, grid) in cells() {
        let history = grid.history();
        let checker: Box<dyn Checker> = match grid.mix {
            Mix::Queue => Box::new(Independent(Linearizable(FifoQueue::default()))),
            Mix::ReadWrite | Mix::ReadWriteCas => {
                Box::new(Independent(Linearizable(Register::default())))
            }
        };
        group.bench_function(name, |b| b.iter(|| checker.check(&history, &Budget::unlimited())));
    }
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
