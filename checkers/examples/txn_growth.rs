//! How long transactions take, step by step: `cargo run --release -p checkers --example
//! txn_growth [transactions]`. With `write`, prints a history instead: something for
//! `netsplit check - --workload append`. With `registers`, of registers; `wfr`, `seq` and `lin` say
//! what is to be taken for granted of their keys, `search` that an order of versions is to be
//! searched for, `model=` what is to hold.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints")]

use std::time::Instant;

use checkers::{
    Budget, History,
    txn::{
        self, Assume, Options, append,
        decode::{Txns, Words},
        rw_register,
    },
};

#[path = "../benches/appends.rs"]
mod appends;

use appends::{Appends, Store};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let txns = words.iter().find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let stores = [Store::Strict, Store::Stale(20), Store::Interleaved, Store::Swapped(500_000)];
    let wanted: Vec<Store> = match words.iter().find_map(|word| word.strip_prefix("store=")) {
        Some("strict") => vec![stores[0]],
        Some("stale") => vec![stores[1]],
        Some("interleaved") => vec![stores[2]],
        Some("swapped") => vec![stores[3]],
        _ => stores.to_vec(),
    };
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let assume =
        Assume { wfr_keys: has("wfr"), sequential_keys: has("seq"), linearizable_keys: has("lin") };
    let are_registers = has("registers");
    let clients = words.iter().find_map(|word| word.strip_prefix("clients=")?.parse().ok());
    let shape =
        Appends { txns, are_registers, clients: clients.unwrap_or(20), ..Appends::default() };
    if has("write") {
        print!("{}", Appends { store: wanted[0], ..shape }.text());
        return;
    }
    println!(
        "{:<12} {:>9} {:>7} {:>7} {:>8} {:>8} {:>7}",
        "store", "txns", "MB", "load", "decode", "analyze", "check"
    );
    for store in wanted {
        let text = Appends { store, ..shape }.text();
        let megabytes = text.len() >> 20;
        let (history, load) = timed(|| History::read(text));
        let Ok(history) = history else { continue };
        let (decoded, decode) = timed(|| {
            Txns::decode(&history, if are_registers { Words::REGISTERS } else { Words::LISTS })
        });
        let Ok(decoded) = decoded else { continue };
        let ((), analyze) = timed(|| {
            if are_registers {
                drop(rw_register::analyze(decoded, assume));
            } else {
                drop(append::analyze(&decoded));
            }
        });
        let name = if are_registers { "rw-register" } else { "append" };
        let Some(entry) = txn::find(name) else { continue };
        let model = words.iter().find_map(|word| word.strip_prefix("model="));
        let Ok(options) = Options::new([model.unwrap_or("strong-serializable")]) else { continue };
        let checker = (entry.build)(Options { assume, search_orders: has("search"), ..options });
        let (verdict, check) = timed(|| checker.check(&history, &Budget::unlimited()));
        let name = format!("{store:?}");
        println!(
            "{name:<12} {txns:>9} {megabytes:>7} {load:>7.0} {decode:>8.0} {analyze:>8.0} {check:>7.0} {:?} {}",
            verdict.valid,
            verdict.anomalies.first().map_or("", |anomaly| &anomaly.name)
        );
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1e3)
}
