//! The fuzz targets, as far as a few seconds go: bounded, and the same every time.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read its seeds, and panic"
)]

use std::{fs, path::Path};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a crate of its own, elsewhere")]
mod targets;

/// What mutations put in: all that means something to a reader.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "#",
    "#_",
    "#{",
    "\"",
    "\\",
    ";",
    "\n",
    ":",
    ",",
    "nil",
    "null",
    "1e400",
    "-0",
    "1.0",
    "18446744073709551616",
    "-",
    "#:a",
    "\\u12",
    "\\ud800",
    "é",
    "|",
    "->",
    "-x",
    "~",
    " ",
    "7",
    "\"a\":",
    "\0",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A seed with some bytes replaced.
fn mutated(seeds: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
    for _ in 0..random.random_range(0..6) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..4)).min(bytes.len());
        let piece = PIECES[random.random_range(0..PIECES.len())];
        drop(bytes.splice(at..end, piece.bytes()));
    }
    bytes
}

/// `NETSPLIT_FUZZ` says how many inputs each target gets.
#[test]
fn no_input_breaks_a_promise() {
    let count = std::env::var("NETSPLIT_FUZZ").ok().and_then(|count| count.parse().ok());
    for (name, target) in targets::ALL {
        let seeds = seeds(name);
        assert!(seeds.len() >= 2, "{name}: {} seeds", seeds.len());
        seeds.iter().for_each(|seed| target(seed));
        (0..count.unwrap_or(5_000_u64)).into_par_iter().for_each(|number| {
            target(&mutated(&seeds, &mut ChaCha8Rng::seed_from_u64(number)));
        });
    }
}
