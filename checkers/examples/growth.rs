//! How the time of a check grows, cell by cell of the grid: `cargo run --release -p checkers
//! --example growth [all]`. Medians of a few runs, in milliseconds; `search` is the general search
//! on the same history, given up after ten seconds.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints")]

use std::time::{Duration, Instant};

use checkers::{
    Budget, Checker, History, Independent, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Register},
};

#[path = "../benches/grid.rs"]
mod grid;
#[path = "../benches/slow.rs"]
mod slow;

use grid::{Grid, Lie, Mix, Values};
use slow::Slow;

const RUNS: usize = 3;
const LIMIT: Duration = Duration::from_secs(10);

fn main() {
    let is_all = std::env::args().nth(1).is_some_and(|word| word == "all");
    println!(
        "{:<42} {:>8} {:>9} {:>9} {:>10} {:>8} verdict, path",
        "cell", "calls", "load", "check", "search", "ratio"
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
    for clients in [5, 10, 20, 50] {
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
    let fast: Box<dyn Checker>;
    let slow: Box<dyn Checker>;
    if grid.mix == Mix::Queue {
        fast = Box::new(Independent(Linearizable(FifoQueue::default())));
        slow = Box::new(Independent(Linearizable(Slow(FifoQueue::default()))));
    } else {
        fast = Box::new(Independent(Linearizable(Register::default())));
        slow = Box::new(Independent(Linearizable(Slow(Register::default()))));
    }
    let (check, verdict) = median(|| judge(fast.as_ref(), &history));
    let (search, ratio) = if with_search {
        let (time, verdict) = once(|| judge(slow.as_ref(), &history));
        let mark = if verdict.valid == Valid::Unknown { ">" } else { "" };
        (format!("{mark}{time:.1}"), format!("{mark}{:.0}", time / check))
    } else {
        Default::default()
    };
    let path = verdict.parts.values().next().unwrap_or(&verdict).details.get("path").cloned();
    println!(
        "{name:<42} {:>8} {load:>9.1} {check:>9.2} {search:>10} {ratio:>8} {:?} {}",
        grid.calls,
        verdict.valid,
        path.map_or_else(String::new, |path| path.to_string()),
    );
}

fn judge(checker: &dyn Checker, history: &History) -> Verdict {
    let start = Instant::now();
    checker.check(history, &Budget::new(2 << 30, move || start.elapsed() > LIMIT))
}

fn once<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64() * 1e3, done)
}

fn median<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut runs: Vec<(f64, T)> = (0..RUNS).map(|_| once(&mut work)).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs.swap_remove(RUNS / 2)
}
