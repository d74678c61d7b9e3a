//! How the time of a check grows, cell by cell of the grid: `cargo run --release -p checkers
//! --example growth [all]`. Medians of a few runs, in milliseconds of processor time, all threads
//! together (what else the machine does matters less to it). `check` is all of it, `judge` without
//! decoding values, `search` the general search on the same history, given up after two seconds.
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
#[path = "../benches/slow.rs"]
mod slow;

use grid::{Grid, Lie, Mix, Values};
use slow::Slow;

const RUNS: usize = 3;
const LIMIT: Duration = Duration::from_secs(10);
const SEARCH_LIMIT: Duration = Duration::from_secs(2);

fn main() {
    let is_all = std::env::args().nth(1).is_some_and(|word| word == "all");
    println!(
        "{:<43} {:>7} {:>7} {:>8} {:>8} {:>9} {:>7} verdict, path",
        "cell", "calls", "load", "check", "judge", "search", "ratio"
    );
    for (name, grid) in targets().into_iter().chain(if is_all { cells() } else { Vec::new() }) {
        row(&name, grid, is_all);
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
    let mut targets = vec![
        ("1M distinct, 50 clients, rw".into(), read_write),
        ("1M distinct, 50 clients, rwc".into(), cas),
        ("1M distinct, 50 clients, rwc, 5 % crashed".into(), crashed),
        ("1M, 1000 keys, values 0..5, rwc".into(), keys),
        ("1M queue, 10 clients".into(), queue),
        ("100k cas-register, values 0..4, rwc".into(), small),
    ];
    for calls in [1_000, 10_000, 100_000] {
        targets.push((format!("growth: distinct, {calls}"), Grid { calls, ..cas }));
        targets.push((format!("growth: values 0..4, {calls}"), Grid { calls, ..small }));
    }
    targets
}

/// The grid on which others give up (`reference/checkers.md`, 1.4).
fn cells() -> Vec<(String, Grid)> {
    let mut cells = Vec::new();
    for clients in [10, 20, 50] {
        for (calls, crashed) in [(300, 0.0), (1000, 0.0), (3000, 0.0), (500, 0.2), (2000, 0.05)] {
            for mix in [Mix::ReadWrite, Mix::ReadWriteCas] {
                for (values, lie) in [
                    (Values::Below(5), Lie::None),
                    (Values::Below(5), Lie::Stale),
                    (Values::Distinct, Lie::None),
                    (Values::Distinct, Lie::Stale),
                ] {
                    let name = format!("{clients} cl {values:?} {mix:?} {crashed} {lie:?}");
                    let grid =
                        Grid { clients, calls, values, mix, crashed, lie, ..Grid::default() };
                    cells.push((name, grid));
                }
            }
        }
    }
    cells
}

fn row(name: &str, grid: Grid, with_search: bool) {
    let text = bytes::Bytes::from(grid.text());
    let (load, history) = median(|| History::read(text.clone()).expect("the grid is a history"));
    let with_search = with_search && history.len() <= 20_000;
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
    let (check, _) = median(|| independent.check(history, &budget(LIMIT)));
    let parts: Vec<History> = history.by_key().into_values().collect();
    let prepare = |part| fast.prepare(part).expect("the grid fits the model");
    let prepared: Vec<_> = parts.iter().map(prepare).collect();
    let check_all = || prepared.iter().map(|part| part.check(&budget(LIMIT))).collect();
    let (judge, verdicts): (f64, Vec<Verdict>) = median(check_all);
    let mut paths = BTreeMap::new();
    for verdict in verdicts {
        let path = verdict.details.get("path").and_then(|path| path.as_str()).unwrap_or("");
        *paths.entry(format!("{:?} {path}", verdict.valid)).or_default() += 1;
    }
    let search = with_search.then(|| {
        let slow = Independent(Linearizable(Slow(model.clone())));
        let (time, verdict) = once(|| slow.check(history, &budget(SEARCH_LIMIT)));
        (time, if verdict.valid == Valid::Unknown { ">" } else { "" })
    });
    Times { check, judge, search, paths }
}

fn budget(limit: Duration) -> Budget {
    let start = Instant::now();
    Budget::new(2 << 30, move || start.elapsed() > limit)
}

fn once<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let start = processor_ms();
    let done = work();
    (processor_ms() - start, done)
}

/// Milliseconds of processor time that all threads of this process took.
fn processor_ms() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |task: std::fs::DirEntry| -> Option<f64> {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(of).sum::<f64>() / 1e6
}

fn median<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut runs: Vec<(f64, T)> = (0..RUNS).map(|_| once(&mut work)).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs.swap_remove(RUNS / 2)
}
