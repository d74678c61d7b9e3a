//! `netsplit spoil`: what damages the files of a node, on the node.
//!
//! It is told everything, chance included, and says exactly which bytes are no longer what they
//! were, read back from the file. Files are hurt where there is something in them: systems make
//! large files of zeros in advance, and a flipped bit there proves little.
mod chunks;
mod rewind;

use std::{
    fs::File,
    io::{Read, Write},
    os::unix::fs::FileExt,
    path::PathBuf,
};

use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use serde::{Deserialize, Serialize};

use chunks::{CHUNK, Chunk, Found};
pub(super) use rewind::Kept;

/// What `netsplit spoil` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct SpoilArgs {
    /// What to do
    #[arg(value_enum)]
    pub how: How,
    /// The node's data
    pub data: PathBuf,
    /// Only files whose path in it matches
    #[arg(long, default_value = "")]
    pub files: Regex,
    /// Chance follows from it
    #[arg(long)]
    pub seed: u64,
    /// Which part of all chunks may be hurt
    #[arg(long, default_value_t = 0)]
    pub part: u64,
    /// How many parts there are
    #[arg(long, default_value_t = 1)]
    pub parts: u64,
}

/// A way to damage files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum How {
    /// Bits are flipped.
    Flip,
    /// A file loses its end.
    Truncate,
    /// Chunks are overwritten with others of the same file.
    Copy,
    /// Nothing yet: what files hold is printed.
    Keep,
    /// Half of the chunks that have changed since, as standard input tells, are what they were.
    Rewind,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Damage {
    /// Its path in the node's data.
    pub(super) file: String,
    /// Where the damage begins.
    pub(super) at: u64,
    /// Bytes that are not what they were, read back; those cut off count too.
    pub(super) bytes: u64,
}

/// At most so many chunks are hurt at a time.
const CHUNKS_MAX: usize = 8;
/// At most so many bits of a chunk are flipped.
const BITS_MAX: u64 = 8;

/// Damages the files, and prints what it did.
///
/// # Errors
/// When a file cannot be read or written; others may be damaged then.
pub fn main(args: &SpoilArgs) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let found = Found::in_directory(&args.data, &args.files)?;
    let printed = match args.how {
        How::Keep => serde_json::to_string(&Kept::of(&found)?)?,
        How::Rewind => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            let kept: Kept = serde_json::from_str(&text).context("what was kept")?;
            serde_json::to_string(&kept.rewind(&found, args, &mut rng)?)?
        }
        How::Flip => serde_json::to_string(&flip(&found, args, &mut rng)?)?,
        How::Copy => serde_json::to_string(&copy(&found, args, &mut rng)?)?,
        How::Truncate => serde_json::to_string(&truncate(&found, &mut rng)?)?,
    };
    Ok(std::io::stdout().write_all(printed.as_bytes())?)
}

/// Chunks to hurt, at random.
fn draw(found: &Found, args: &SpoilArgs, rng: &mut ChaCha8Rng) -> Vec<Chunk> {
    let full: Vec<Chunk> = found.full(args.part, args.parts).collect();
    full.sample(rng, CHUNKS_MAX).cloned().collect()
}

fn flip(found: &Found, args: &SpoilArgs, rng: &mut ChaCha8Rng) -> Result<Vec<Damage>> {
    let hurt = draw(found, args, rng).into_iter().map(|chunk| {
        let mut bytes = found.read(&chunk)?;
        for _ in 0..rng.random_range(1..=BITS_MAX) {
            let bit = rng.random_range(0..bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        overwrite(found, &chunk, &bytes)
    });
    hurt.collect()
}

/// Each is overwritten with another that is not hurt itself, as by a write that went astray.
fn copy(found: &Found, args: &SpoilArgs, rng: &mut ChaCha8Rng) -> Result<Vec<Damage>> {
    let hurt = draw(found, args, rng);
    let mut damage = Vec::new();
    for chunk in &hurt {
        let is_whole = |other: &Chunk| {
            other.file == chunk.file && other.length == CHUNK && !hurt.contains(other)
        };
        let others: Vec<Chunk> = found.full(0, 1).filter(is_whole).collect();
        let Some(other) = others.choose(rng) else { continue };
        let bytes = found.read(other)?;
        damage.push(overwrite(found, chunk, &bytes[..chunk.length as usize])?);
    }
    Ok(damage)
}

/// Cuts one file somewhere in what it holds.
fn truncate(found: &Found, rng: &mut ChaCha8Rng) -> Result<Vec<Damage>> {
    let full: Vec<Chunk> = found.full(0, 1).collect();
    let Some(chunk) = full.choose(rng) else { return Ok(Vec::new()) };
    let path = found.path(chunk);
    let file = File::options().write(true).open(&path);
    let file = file.with_context(|| format!("failed to open {}", path.display()))?;
    let before = file.metadata()?.len();
    let at = chunk.start + rng.random_range(0..chunk.length);
    file.set_len(at)?;
    let after = path.metadata()?.len();
    Ok(vec![Damage { file: chunk.file.clone(), at, bytes: before.saturating_sub(after) }])
}

/// Overwrites a chunk, and reads it back.
fn overwrite(found: &Found, chunk: &Chunk, bytes: &[u8]) -> Result<Damage> {
    let path = found.path(chunk);
    let name = || format!("failed to overwrite {}", path.display());
    let before = found.read(chunk)?;
    let file = File::options().write(true).open(&path).with_context(name)?;
    file.write_all_at(bytes, chunk.start).with_context(name)?;
    let after = found.read(chunk)?;
    let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    Ok(Damage { file: chunk.file.clone(), at: chunk.start, bytes: differ as u64 })
}

#[cfg(test)]
mod tests;
