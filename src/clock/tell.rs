//! What a process's clock shows, beside what the kernel says that the time is.
use std::{
    io,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use nix::libc;
use serde::{Deserialize, Serialize};

use super::skew::Skew;

/// A look at the clock, between two at the kernel's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Sample {
    before: i64,
    shown: i64,
    after: i64,
}

/// Rounding; what jumps does so at once.
const ROUNDING_NS: i64 = 1_000;
/// How far from each other two looks at the kernel's clock may be, and how often to try.
const NEAR_NS: i64 = 100_000;
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_micros(300);

impl Sample {
    /// By how much the clock is ahead.
    pub(super) fn offset_ns(&self) -> i64 {
        self.shown - self.before.midpoint(self.after)
    }

    /// Whether it shows what it would with this skew.
    pub(super) fn fits(&self, skew: &Skew) -> bool {
        // Who looked when it jumped may have been told either.
        let halves = match self.half(skew) {
            Some(_) => vec![*skew],
            None => [0, skew.delta_ns]
                .map(|ns| Skew { offset_ns: skew.offset_ns + ns, period_ns: 0, ..*skew })
                .to_vec(),
        };
        halves.iter().any(|half| {
            let (from, to) = (half.at(self.before), half.at(self.after));
            (from - ROUNDING_NS..=to + ROUNDING_NS).contains(&self.shown)
        })
    }

    /// Whether it was ahead, for all of the look; none if it jumped meanwhile.
    pub(super) fn half(&self, skew: &Skew) -> Option<bool> {
        (skew.half(self.before) == skew.half(self.after)).then(|| skew.is_ahead(self.before))
    }
}

/// Looks again and again for so long; once at least.
pub(super) fn tell(span: Duration) -> Result<Vec<Sample>> {
    let end = Instant::now() + span;
    let mut samples = vec![sample()?];
    while Instant::now() < end {
        std::thread::sleep(BETWEEN);
        samples.push(sample()?);
    }
    Ok(samples)
}

/// The best of some looks: whoever looks may be interrupted.
fn sample() -> Result<Sample> {
    let mut best: Option<Sample> = None;
    for _ in 0..TRIES {
        let (before, shown, after) = (kernel_time()?, shown_time()?, kernel_time()?);
        let is_better = best.is_none_or(|best| after - before < best.after - best.before);
        if is_better {
            best = Some(Sample { before, shown, after });
        }
        if after - before <= NEAR_NS {
            break;
        }
    }
    best.context("no look at the clock")
}

/// What any program of this process is told, in nanoseconds since 1970.
pub(super) fn shown_time() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos())?)
}

/// What the kernel says when it is asked itself.
fn kernel_time() -> Result<i64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "the kernel fills in exactly this struct")]
    let done =
        unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_REALTIME, &raw mut time) };
    if done == -1 {
        return Err(io::Error::last_os_error()).context("the kernel does not tell the time");
    }
    Ok(time.tv_sec * 1_000_000_000 + time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_look_at_a_clock_that_jumps_meanwhile_may_see_either_and_nothing_else() {
        let skew = Skew { base_ns: MS, ..("+700ms/10ms".parse().expect("a skew")) };
        let fits = |before, shown, after| {
            Sample { before: before * MS, shown: shown * MS, after: after * MS }.fits(&skew)
        };
        assert!(fits(2, 702, 3) && !fits(2, 3, 3), "ahead");
        assert!(fits(12, 13, 13) && !fits(12, 713, 13), "and back");
        assert!(fits(10, 11, 12) && fits(10, 711, 12) && !fits(10, 300, 12));
        assert!(!Sample { before: MS, shown: 3 * MS, after: 2 * MS }.fits(&Skew::default()));
    }
}
