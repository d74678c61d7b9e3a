//! The clock of one process: made wrong, made right, looked at.
use std::{ops::Range, time::Duration};

use anyhow::{Result, ensure};

use super::{
    skew::Skew,
    threads,
    vdso::{JUMP, Vdso},
};

/// Until whoever was reading the clock, and was interrupted, has read it.
const GRACE: Duration = Duration::from_millis(20);

/// What a process's vDSO has to be.
pub(super) struct Wanted {
    original: Vdso,
    parts: Vec<(usize, Vec<u8>)>,
    skewed: Vec<u8>,
}

/// What a process's clock is, as far as its vDSO tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Right,
    /// By exactly what was wanted.
    Wrong,
    Other,
}

impl Wanted {
    /// With this skew.
    pub(super) fn new(skew: &Skew) -> Result<Wanted> {
        let original = Vdso::original()?;
        let parts = original.parts(skew)?;
        let skewed = original.with(&parts);
        Ok(Wanted { original, parts, skewed })
    }

    /// What the clock of a process is.
    pub(super) fn look(&self, pid: i32) -> Result<Clock> {
        let vdso = Vdso::of(pid)?;
        Ok(match () {
            () if vdso.bytes == self.skewed => Clock::Wrong,
            () if vdso.bytes == self.original.bytes => Clock::Right,
            () => Clock::Other,
        })
    }

    /// Makes the clock of a running process wrong. Idempotent.
    ///
    /// # Errors
    /// When the kernel refuses, or its clock is wrong in another way.
    pub(super) fn skew(&self, pid: i32) -> Result<()> {
        let vdso = Vdso::of(pid)?;
        if vdso.bytes == self.skewed {
            return Ok(());
        }
        self.ensure_right(pid, &vdso)?;
        threads::write(pid, &self.jumps(vdso.base), &at(vdso.base, &self.parts))
    }

    /// Makes the clock of a running process right, whatever made it wrong. Idempotent.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn restore(&self, pid: i32) -> Result<()> {
        let vdso = Vdso::of(pid)?;
        if vdso.bytes == self.original.bytes {
            return Ok(());
        }
        let length = self.original.bytes.len();
        ensure!(vdso.bytes.len() == length, "the vDSO of process {pid} is of another kind");
        let original = |(at, part): &(usize, Vec<u8>)| {
            (*at, self.original.bytes[*at..at + part.len()].to_vec())
        };
        let parts: Vec<_> = self.parts.iter().map(original).collect();
        // First nobody may come into our code any more, then it is taken away.
        let (code, jumps) = parts.split_at(1);
        threads::write(pid, &self.jumps(vdso.base), &at(vdso.base, jumps))?;
        std::thread::sleep(GRACE);
        let code = at(vdso.base, code);
        threads::write(pid, &code.iter().map(range).collect::<Vec<_>>(), &code)
    }

    fn ensure_right(&self, pid: i32, vdso: &Vdso) -> Result<()> {
        let is_right = vdso.bytes == self.original.bytes;
        ensure!(is_right, "the clock of process {pid} is wrong already, in another way");
        Ok(())
    }

    /// Where nobody may be while the jumps are written: behind the first byte of each.
    fn jumps(&self, base: u64) -> Vec<Range<u64>> {
        let inside = |(at, _): &(usize, Vec<u8>)| {
            let at = base + *at as u64;
            at + 1..at + JUMP as u64
        };
        self.parts[1..].iter().map(inside).collect()
    }
}

/// Makes the clock of a process wrong that is stopped, and has run nothing yet.
pub(super) fn skew_stopped(pid: i32, skew: &Skew) -> Result<()> {
    let (wanted, vdso) = (Wanted::new(skew)?, Vdso::of(pid)?);
    wanted.ensure_right(pid, &vdso)?;
    threads::put(pid, &at(vdso.base, &wanted.parts))
}

/// Parts by their addresses.
fn at(base: u64, parts: &[(usize, Vec<u8>)]) -> Vec<(u64, Vec<u8>)> {
    parts.iter().map(|(at, part)| (base + *at as u64, part.clone())).collect()
}

fn range((at, part): &(u64, Vec<u8>)) -> Range<u64> {
    *at..at + part.len() as u64
}
