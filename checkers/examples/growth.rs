//! How the time of a check grows, with calls and with clients: `cargo run --release -p checkers
//! --example growth`. Medians of a few runs, in milliseconds of processor time, all threads
//! together. `check` is all of it, `judge` without decoding values, `search` the general search on
//! the same history where that is short, given up after two seconds.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use checkers::{
    Budget, Checker, History, Independent, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Model, Register},
};

#[path = "../benches/grid.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod grid;
#[path = "processor.rs"]
mod processor;
#[path = "../benches/slow.rs"]
mod slow;

use grid::{Grid, Mix, Values};
use slow::Slow;

const RUNS: usize = 3;
const LIMIT: Duration = Duration::from_secs(10);
const SEARCH_LIMIT: Duration = Duration::from_secs(2);

fn main() {
    println!(
        "{:<43} {:>7} {:>7} {:>8} {:>8} {:>9} {:>7} verdict, path",
        "cell", "calls", "load", "check", "judge", "search", "ratio"
    );
    for (name, grid) in targets().into_iter().chain(growth()) {
        row(&name, grid);
    }
}

/// The cells that have a target.
fn targets() -> Vec<(String, Grid)> {
    let million = Grid { calls: 1_000_000, ..Grid::default() };
    let read_write = Grid { clients: 50, mix: Mix::ReadWrite, ..million };
    let cas = Grid { clients: 50, ..million };
    let crashed = Grid { crashed: 0.05, ..cas };
    let keys = Grid { keys: 1000, values: Values::Below(6), ..million };
    let queue = Grid { mix: Mix::Queue, ..million };
    let small = Grid { calls: 100_000, values: Values::Below(5), ..Grid::default() };
    vec![
        ("1M distinct, 50 clients, rw".into(), read_write),
        ("1M distinct, 50 clients, rwc".into(), cas),
        ("1M distinct, 50 clients, rwc, 5 % crashed".into(), crashed),
        ("1M, 1000 keys, values 0..5, rwc".into(), keys),
        ("1M queue, 10 clients".into(), queue),
        ("100k cas-register, values 0..4, rwc".into(), small),
    ]
}

/// More and more calls, and more and more clients.
fn growth() -> Vec<(String, Grid)> {
    let mut cells = Vec::new();
    for values in [Values::Distinct, Values::Below(5)] {
        for calls in [1_000, 10_000, 100_000, 1_000_000] {
            cells.push(Grid { calls, values, ..Grid::default() });
        }
        for clients in [5, 10, 20, 50, 100, 200] {
            cells.push(Grid { clients, calls: 10_000, values, ..Grid::default() });
        }
    }
    let name = |grid: &Grid| format!("growth: {:?}, {} clients", grid.values, grid.clients);
    cells.into_iter().map(|grid| (name(&grid), grid)).collect()
}

fn row(name: &str, grid: Grid) {
    let text = bytes::Bytes::from(grid.text());
    let (load, history) =
        processor::median(RUNS, || History::read(text.clone()).expect("the grid is a history"));
    let with_search = history.len() <= 20_000;
    let times = if grid.mix == Mix::Queue {
        measure(&FifoQueue::default(), &history, with_search)
    } else {
        measure(&Register::default(), &history, with_search)
    };
    let Times { check, judge, search, paths } = times;
    let (search, ratio) = search.map_or_else(Default::default, |(time, mark)| {
        (format!("{mark}{time:.1}"), format!("{mark}{:.0}", time / check.max(0.01)))
    });
    println!(
        "{name:<43} {:>7} {load:>7.1} {check:>8.2} {judge:>8.2} {search:>9} {ratio:>7} {paths:?}",
        grid.calls,
    );
}

struct Times {
    check: f64,
    judge: f64,
    /// With a mark where it was given up.
    search: Option<(f64, &'static str)>,
    /// How many keys were judged how, and by which path.
    paths: BTreeMap<String, u32>,
}

fn measure<M: Model + Clone>(model: &M, history: &History, with_search: bool) -> Times {
    let fast = Linearizable(model.clone());
    let independent = Independent(fast.clone());
    let (check, _) = processor::median(RUNS, || independent.check(history, &budget(LIMIT)));
    let parts: Vec<History> = history.by_key().into_values().collect();
    let prepare = |part| fast.prepare(part).expect("the grid fits the model");
    let prepared: Vec<_> = parts.iter().map(prepare).collect();
    let check_all = || prepared.iter().map(|part| part.check(&budget(LIMIT))).collect();
    let (judge, verdicts): (f64, Vec<Verdict>) = processor::median(RUNS, check_all);
    let mut paths = BTreeMap::new();
    for verdict in verdicts {
        let path = verdict.details.get("path").and_then(|path| path.as_str()).unwrap_or("");
        *paths.entry(format!("{:?} {path}", verdict.valid)).or_default() += 1;
    }
    let search = with_search.then(|| {
        let slow = Independent(Linearizable(Slow(model.clone())));
        let (time, verdict) = processor::median(1, || slow.check(history, &budget(SEARCH_LIMIT)));
        (time, if verdict.valid == Valid::Unknown { ">" } else { "" })
    });
    Times { check, judge, search, paths }
}

fn budget(limit: Duration) -> Budget {
    let start = Instant::now();
    Budget::new(2 << 30, move || start.elapsed() > limit)
}
