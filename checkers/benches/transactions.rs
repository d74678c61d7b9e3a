//! How fast transactions are judged, from decoded text to verdict: transactions a second.

use checkers::{
    Budget, Checker, History,
    txn::{self, Assume, Options},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[path = "appends.rs"]
mod appends;

use appends::{Appends, Store};

const TXNS: usize = 20_000;

fn checker(name: &str) -> Box<dyn Checker> {
    let linearizable_keys = name == "rw-register";
    let assume = Assume { linearizable_keys, ..Assume::default() };
    let entry = txn::find(name).expect("a kind of transactions");
    (entry.build)(Options { assume, ..Options::default() })
}

fn transactions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transactions");
    group.throughput(Throughput::Elements(TXNS as u64)).sample_size(10);
    for (name, are_registers) in [("append", false), ("rw-register", true)] {
        for (what, store) in [
            ("strict", Store::Strict),
            ("1% stale reads", Store::Stale(10_000)),
            ("interleaved", Store::Interleaved),
            ("half of the reads swapped", Store::Swapped(500_000)),
        ] {
            let text = Appends { txns: TXNS, are_registers, store, ..Appends::default() }.text();
            let history = History::read(text).expect("a history");
            let checker = checker(name);
            group.bench_function(format!("{name}, {what}"), |b| {
                b.iter(|| checker.check(&history, &Budget::unlimited()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, transactions);
criterion_main!(benches);
