//! What there is to damage: the files of a directory, in chunks.
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use regex::Regex;

/// Bytes of a chunk: a sector of most disks.
pub(super) const CHUNK: u64 = 512;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The file's path in the directory.
    pub(super) file: String,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// A directory's files, and where there is something in them.
pub(super) struct Found {
    directory: PathBuf,
    /// Files by name, with the chunks that are not all zeros.
    pub(super) files: Vec<(String, Vec<Chunk>)>,
}

impl Found {
    /// Reads every plain file whose path matches. One that vanishes meanwhile is none.
    ///
    /// # Errors
    /// When something cannot be read.
    pub(super) fn in_directory(directory: &Path, pattern: &Regex) -> Result<Found> {
        let mut files = Vec::new();
        walk(directory, "", pattern, &mut files)?;
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Found { directory: directory.to_owned(), files })
    }

    /// The chunks that hold something, of one part of all: each chunk is in the same part on every
    /// node.
    pub(super) fn full(&self, part: u64, parts: u64) -> impl Iterator<Item = Chunk> {
        let all = self.files.iter().flat_map(|(_, chunks)| chunks);
        all.filter(move |chunk| chunk.start / CHUNK % parts.max(1) == part).cloned()
    }

    pub(super) fn path(&self, chunk: &Chunk) -> PathBuf {
        self.directory.join(&chunk.file)
    }

    pub(super) fn read(&self, chunk: &Chunk) -> Result<Vec<u8>> {
        let path = self.path(chunk);
        let name = || format!("failed to read {}", path.display());
        let mut bytes = vec![0; chunk.length as usize];
        let file = File::open(&path).with_context(name)?;
        file.read_exact_at(&mut bytes, chunk.start).with_context(name)?;
        Ok(bytes)
    }
}

fn walk(
    directory: &Path,
    below: &str,
    pattern: &Regex,
    files: &mut Vec<(String, Vec<Chunk>)>,
) -> Result<()> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("failed to list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = match entry.file_type() {
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            kind => kind?,
        };
        match () {
            () if kind.is_dir() => walk(&entry.path(), &format!("{name}/"), pattern, files)?,
            () if kind.is_file() && pattern.is_match(&name) => match scan(&entry.path(), &name) {
                Err(e) if e.kind() == ErrorKind::NotFound => (),
                chunks => {
                    let chunks = chunks.with_context(|| format!("failed to read {name}"))?;
                    files.push((name, chunks));
                }
            },
            () => (),
        }
    }
    Ok(())
}

fn scan(path: &Path, name: &str) -> std::io::Result<Vec<Chunk>> {
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 20];
    let (mut at, mut chunks) = (0, Vec::new());
    loop {
        let length = fill(&mut file, &mut block)?;
        for bytes in block[..length].chunks(CHUNK as usize) {
            if bytes.iter().any(|&byte| byte != 0) {
                let length = bytes.len() as u64;
                chunks.push(Chunk { file: name.to_owned(), start: at, length });
            }
            at += bytes.len() as u64;
        }
        if length < block.len() {
            return Ok(chunks);
        }
    }
}

/// Reads until the block is full or the file ends.
fn fill(file: &mut File, block: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < block.len() {
        match file.read(&mut block[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
