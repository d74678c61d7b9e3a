//! The vDSO: the kernel's code in every process that tells the time without asking the kernel.
//!
//! All processes of a machine start with the same bytes, each with a copy of its own once it is
//! written to. So a process that was just started knows what any other's must be when its clock is
//! right, and what they must be when it has a certain skew.
use std::{
    fs::{self, File},
    ops::Range,
    os::unix::fs::FileExt,
};

use anyhow::{Context, Result, bail, ensure};

use super::{code::code, skew::Skew};

/// Where the vDSO of a process is, and what it says.
#[derive(Debug)]
pub(super) struct Vdso {
    pub(super) base: u64,
    pub(super) bytes: Vec<u8>,
}

/// A jump with its distance.
pub(super) const JUMP: usize = 5;
/// The sizes of an ELF file's header, of one of its program headers, of a symbol.
const HEADER: usize = 64;
const PROGRAM: usize = 56;
const SYMBOL: usize = 24;

impl Vdso {
    /// That of a process.
    pub(super) fn of(pid: i32) -> Result<Vdso> {
        let Range { start: base, end } = range(pid)?;
        let mut bytes = vec![0; (end - base) as usize];
        let memory = File::open(format!("/proc/{pid}/mem"));
        let read = memory.and_then(|memory| memory.read_exact_at(&mut bytes, base));
        read.with_context(|| format!("failed to read the memory of process {pid}"))?;
        Ok(Vdso { base, bytes })
    }

    /// That of this process, as the kernel made it.
    pub(super) fn original() -> Result<Vdso> {
        let vdso = Vdso::of(std::process::id() as i32)?;
        let end = vdso.end()?;
        ensure!(vdso.bytes[end..].iter().all(|&byte| byte == 0), "this process's clock is wrong");
        Ok(vdso)
    }

    /// The same with this skew in it: the changed parts, by their place, the code first.
    pub(super) fn parts(&self, skew: &Skew) -> Result<Vec<(usize, Vec<u8>)>> {
        let code = code(skew).context("clocks can be skewed on x86-64 alone")?;
        let at = self.end()?.next_multiple_of(64);
        let room = self.bytes.len().saturating_sub(at);
        ensure!(code.bytes.len() <= room, "this kernel's vDSO has but {room} bytes to spare");
        let jumps = code.entries.iter().map(|(name, entry)| {
            let from = self.symbol(name)?;
            let distance = (at + entry) as i64 - (from + JUMP) as i64;
            let jump = [&[0xe9], &(distance as i32).to_le_bytes()[..]].concat();
            anyhow::Ok((from, jump))
        });
        let jumps: Vec<_> = jumps.collect::<Result<_>>()?;
        Ok(std::iter::once((at, code.bytes)).chain(jumps).collect())
    }

    /// The same bytes with these parts in them.
    pub(super) fn with(&self, parts: &[(usize, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for (at, part) in parts {
            bytes[*at..at + part.len()].copy_from_slice(part);
        }
        bytes
    }

    /// Where everything that the kernel has in it ends.
    fn end(&self) -> Result<usize> {
        let sections = self.word(40, 8)? + self.word(60, 2)? * self.word(58, 2)?;
        let mut end = sections.max(HEADER);
        for i in 0..self.word(56, 2)? {
            let program = self.word(32, 8)? + i * PROGRAM;
            let is_loaded = self.word(program, 4)? == 1;
            if is_loaded {
                end = end.max(self.word(program + 16, 8)? + self.word(program + 40, 8)?);
            }
        }
        ensure!(end <= self.bytes.len(), "the vDSO goes beyond its end");
        Ok(end)
    }

    /// Where a function begins.
    fn symbol(&self, name: &str) -> Result<usize> {
        const DYNAMIC_SYMBOLS: usize = 11;
        let (sections, count, size) = (self.word(40, 8)?, self.word(60, 2)?, self.word(58, 2)?);
        for section in (0..count).map(|i| sections + i * size) {
            if self.word(section + 4, 4)? != DYNAMIC_SYMBOLS {
                continue;
            }
            let (at, length) = (self.word(section + 24, 8)?, self.word(section + 32, 8)?);
            let names = self.word(sections + self.word(section + 40, 4)? * size + 24, 8)?;
            for symbol in (at..at + length).step_by(SYMBOL) {
                let start = names + self.word(symbol, 4)?;
                let text = self.bytes.get(start..).context("a name beyond the end")?;
                if text.split(|&byte| byte == 0).next() == Some(name.as_bytes()) {
                    return self.word(symbol + 8, 8);
                }
            }
        }
        bail!("this kernel's vDSO has no {name}")
    }

    /// A little-endian number of so many bytes.
    fn word(&self, at: usize, size: usize) -> Result<usize> {
        const ELF_64: &[u8] = b"\x7fELF\x02\x01";
        ensure!(self.bytes.starts_with(ELF_64), "it is no 64-bit process");
        let bytes = self.bytes.get(at..at + size).context("the vDSO is cut short")?;
        Ok(bytes.iter().rev().fold(0, |word, &byte| word << 8 | usize::from(byte)))
    }
}

/// Where a process has its vDSO.
fn range(pid: i32) -> Result<Range<u64>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"));
    let maps = maps.with_context(|| format!("failed to read the map of process {pid}"))?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"));
    let range = line.and_then(|line| line.split(' ').next()?.split_once('-'));
    let (start, end) = range.with_context(|| format!("process {pid} has no vDSO"))?;
    Ok(u64::from_str_radix(start, 16)?..u64::from_str_radix(end, 16)?)
}
