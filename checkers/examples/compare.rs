//! A checker of linearizability beside another one, on a grid of histories: clients, values that
//! repeat or not, what is asked, crashed calls, one lie or none, more and more calls.
//!
//! ```sh
//! cargo run --release -p checkers --example compare list           # the cells' names
//! cargo run --release -p checkers --example compare export CELL    # its history, as JSON Lines
//! cargo run --release -p checkers --example compare large          # ten million calls, as JSON Lines
//! cargo run --release -p checkers --example compare grid [TIMES]   # judges them all
//! cargo run --release -p checkers --example compare cell CELL...   # judges some
//! ```
//!
//! `TIMES` has what another checker took: a line a cell, `CELL VERDICT MILLISECONDS`, where the
//! verdict is `valid`, `invalid`, or why there is none. Times are of the processor, all threads
//! together, without reading the history; medians of a few runs.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints")]

use std::{
    collections::HashMap,
    io::Write as _,
    time::{Duration, Instant},
};

use checkers::{
    Budget, History, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Model, Register},
};

#[path = "../benches/grid.rs"]
mod grid;
#[path = "processor.rs"]
mod processor;

use grid::{Grid, Lie, Mix, Values};

/// Milliseconds of processor time after which a cell is given up.
const LIMIT: f64 = 10_000.0;
const BYTES_MAX: u64 = 4 << 30;

/// For `netsplit check` as a whole process, from file to verdict.
const LARGE: Grid = Grid {
    clients: 50,
    calls: 10_000_000,
    keys: 10_000,
    values: Values::Distinct,
    mix: Mix::ReadWrite,
    crashed: 0.0,
    lie: Lie::None,
    seed: 1,
};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => cells().iter().for_each(|(name, _)| println!("{name}")),
        ["export", name] => match cells().into_iter().find(|(cell, _)| cell == name) {
            Some((_, grid)) => drop(std::io::stdout().write_all(grid.text().as_bytes())),
            None => println!("no cell {name}: see `compare list`"),
        },
        ["large"] => drop(std::io::stdout().write_all(LARGE.text().as_bytes())),
        ["grid"] => table(&HashMap::new(), |_| true),
        ["cell", ref names @ ..] => table(&HashMap::new(), |name| names.contains(&name)),
        ["grid", times] => match std::fs::read_to_string(times) {
            Ok(text) => table(&text.lines().filter_map(Other::read).collect(), |_| true),
            Err(error) => println!("{times}: {error}"),
        },
        _ => println!("usage: compare list | export CELL | large | grid [TIMES] | cell CELL..."),
    }
}

/// Every cell, by name, those of one family together and the shortest of them first.
fn cells() -> Vec<(String, Grid)> {
    let mut cells = Vec::new();
    for (clients, values, mix) in objects() {
        for crashed in [0, 1, 5, 20] {
            for lie in [Lie::None, Lie::Stale, Lie::Lost] {
                for calls in [300, 1_000, 3_000, 10_000, 30_000, 100_000] {
                    let lies = if lie == Lie::None { "valid".into() } else { format!("{lie:?}") };
                    let name = format!(
                        "{}-{}-{clients}cl-{crashed}crash-{}-{calls}",
                        if mix == Mix::ReadWrite { "rw" } else { "rwc" },
                        if values == Values::Distinct { "distinct" } else { "0..4" },
                        lies.to_lowercase(),
                    );
                    let crashed = f64::from(crashed) / 100.0;
                    let grid =
                        Grid { clients, calls, values, mix, crashed, lie, ..Grid::default() };
                    cells.push((name, grid));
                }
            }
        }
    }
    for clients in [5, 10] {
        for calls in [100, 300, 1_000] {
            let grid = Grid { clients, calls, mix: Mix::Queue, ..Grid::default() };
            cells.push((format!("queue-distinct-{clients}cl-0crash-valid-{calls}"), grid));
        }
    }
    cells
}

fn objects() -> impl Iterator<Item = (u32, Values, Mix)> {
    let clients = [5, 10, 20, 50, 100, 200].into_iter();
    clients.flat_map(|clients| {
        [Values::Below(5), Values::Distinct].into_iter().flat_map(move |values| {
            [Mix::ReadWrite, Mix::ReadWriteCas].into_iter().map(move |mix| (clients, values, mix))
        })
    })
}

/// What the other checker said.
struct Other {
    verdict: String,
    ms: f64,
}

impl Other {
    fn read(line: &str) -> Option<(String, Other)> {
        let mut words = line.split_whitespace();
        let (cell, verdict, ms) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        Some((cell.into(), Other { verdict: verdict.into(), ms }))
    }

    fn is_verdict(&self) -> bool {
        matches!(&*self.verdict, "valid" | "invalid")
    }
}

/// What a run over the grid adds up to.
#[derive(Default)]
struct Summary {
    undecided: Vec<String>,
    differ: Vec<String>,
    /// Cells the other left undecided, and those of them that took more than a second.
    left: usize,
    left_slow: Vec<String>,
    /// By how much this is faster where the other needs a millisecond.
    ratios: Vec<(f64, String)>,
}

fn table(others: &HashMap<String, Other>, is_wanted: impl Fn(&str) -> bool) {
    println!("{:<38} {:>12} {:>9} {:>8} verdict, path", "cell", "other ms", "ms", "ratio");
    let mut summary = Summary::default();
    for (name, grid) in cells().into_iter().filter(|(name, _)| is_wanted(name)) {
        let (ms, verdict) = match grid.mix {
            Mix::Queue => judge(FifoQueue::default(), &grid.history()),
            Mix::ReadWrite | Mix::ReadWriteCas => judge(Register::default(), &grid.history()),
        };
        summary.add(&name, others.get(&name), ms, &verdict);
    }
    summary.print();
}

/// The median time of judging, and the verdict.
fn judge<M: Model>(model: M, history: &History) -> (f64, Verdict) {
    let linearizable = Linearizable(model);
    let prepared = linearizable.prepare(history).expect("the grid fits the model");
    processor::median(5, || {
        let (start, spent) = (Instant::now(), processor::spent());
        // To ask for the time spent takes a while; before so much has passed it cannot be over.
        let soon = Duration::from_millis(LIMIT as u64 / 4);
        let is_over = move || start.elapsed() > soon && processor::spent() - spent > LIMIT;
        prepared.check(&Budget::new(BYTES_MAX, is_over))
    })
}

impl Summary {
    fn add(&mut self, name: &str, other: Option<&Other>, ms: f64, verdict: &Verdict) {
        let path = verdict.details.get("path").and_then(|path| path.as_str()).unwrap_or("");
        let valid = format!("{:?}", verdict.valid).to_lowercase();
        let (mut theirs, mut ratio) = (String::new(), String::new());
        if let Some(other) = other {
            theirs =
                if other.is_verdict() { format!("{:.2}", other.ms) } else { other.verdict.clone() };
            if other.is_verdict() && verdict.valid != Valid::Unknown && other.verdict != valid {
                self.differ.push(name.into());
            }
            if !other.is_verdict() {
                self.left += 1;
                if ms > 1000.0 {
                    self.left_slow.push(format!("{name} {ms:.0} ms"));
                }
            } else {
                let times = other.ms / ms.max(0.001);
                ratio = format!("{times:.0}");
                if other.ms >= 1.0 {
                    self.ratios.push((times, name.into()));
                }
            }
        }
        if verdict.valid == Valid::Unknown {
            self.undecided.push(name.into());
        }
        let why = verdict.why().unwrap_or_default();
        println!("{name:<38} {theirs:>12} {ms:>9.3} {ratio:>8} {valid} {path} {why}");
    }

    fn print(mut self) {
        println!("\nundecided: {} {:?}", self.undecided.len(), self.undecided);
        println!("verdicts that differ: {} {:?}", self.differ.len(), self.differ);
        println!(
            "left undecided by the other: {}; of these, over a second: {:?}",
            self.left, self.left_slow
        );
        self.ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((median, _)) = self.ratios.get(self.ratios.len() / 2) {
            let slow = self.ratios.iter().filter(|(times, _)| *times < 20.0).count();
            println!(
                "where the other needs a millisecond ({} cells): median {median:.0} times faster; \
                 less than 20 times in {slow}: {:.1?}",
                self.ratios.len(),
                &self.ratios[..slow]
            );
        }
    }
}
