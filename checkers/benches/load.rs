//! How fast a history is read: rows a second.

use bytes::Bytes;
use checkers::{
    History,
    format::{self, Keys, edn},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[path = "grid.rs"]
#[expect(dead_code, reason = "each bench uses some of it")]
mod grid;

use grid::Grid;

fn load(criterion: &mut Criterion) {
    let text = Bytes::from(Grid { calls: 250_000, ..Grid::default() }.text());
    let rows = History::read(text.clone()).map_or(0, |history| history.len());
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Elements(rows as u64)).sample_size(10);
    group.bench_function("json lines", |b| b.iter(|| History::read(text.clone())));
    let spaced = text.iter().flat_map(|&byte| match byte {
        b':' | b',' => vec![byte, b' '],
        _ => vec![byte],
    });
    let spaced = Bytes::from(spaced.collect::<Vec<u8>>());
    group.bench_function("with blanks", |b| b.iter(|| History::read(spaced.clone())));
    let history = History::read(text.clone());
    let edn = Bytes::from(history.map(|history| edn::write(&history)).unwrap_or_default());
    group.bench_function("edn", |b| b.iter(|| format::read(edn.clone(), Keys::Auto)));
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
