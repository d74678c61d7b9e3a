//! How long transactions take, step by step: `cargo run --release -p checkers --example
//! txn_growth [transactions]`. With `write`, prints a history instead: something for
//! `netsplit check - --workload append`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints")]

use std::time::Instant;

use checkers::{
    Budget, Checker, History,
    txn::{self, Options, append, decode::Txns},
};

#[path = "../benches/appends.rs"]
mod appends;

use appends::{Appends, Store};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let txns = words.iter().find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let stores = [Store::Strict, Store::Stale(20), Store::Interleaved];
    let wanted: Vec<Store> = match words.iter().find_map(|word| word.strip_prefix("store=")) {
        Some("strict") => vec![stores[0]],
        Some("stale") => vec![stores[1]],
        Some("interleaved") => vec![stores[2]],
        _ => stores.to_vec(),
    };
    if words.iter().any(|word| word == "write") {
        print!("{}", Appends { txns, store: wanted[0], ..Appends::default() }.text());
        return;
    }
    println!(
        "{:<12} {:>9} {:>7} {:>7} {:>8} {:>8} {:>7}",
        "store", "txns", "MB", "load", "decode", "analyze", "check"
    );
    for store in wanted {
        let text = Appends { txns, store, ..Appends::default() }.text();
        let megabytes = text.len() >> 20;
        let (history, load) = timed(|| History::read(text));
        let Ok(history) = history else { continue };
        let (decoded, decode) = timed(|| Txns::decode(&history, "append"));
        let Ok(decoded) = decoded else { continue };
        let (analyzed, analyze) = timed(|| append::analyze(&decoded));
        drop((analyzed, decoded));
        let checker = txn::append::Append(Options::default());
        let (verdict, check) = timed(|| checker.check(&history, &Budget::unlimited()));
        let name = format!("{store:?}");
        println!(
            "{name:<12} {txns:>9} {megabytes:>7} {load:>7.0} {decode:>8.0} {analyze:>8.0} {check:>7.0} {:?} {}",
            verdict.valid,
            verdict.anomalies.len()
        );
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1e3)
}
