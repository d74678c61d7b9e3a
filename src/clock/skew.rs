//! What a clock is wrong by, as a function of the true time: nothing has to be changed while it
//! drifts or jumps to and fro, and two processes with one skew always agree.
use std::{fmt, str::FromStr};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// How wrong a clock is. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// The true time since which it is wrong; 0 for the time at which it is first put into effect.
    pub base_ns: i64,
    /// Always ahead by so much.
    pub offset_ns: i64,
    /// Gains so much more, in millionths of the time since.
    pub rate_ppm: i64,
    /// Ahead by so much more half of the time.
    pub delta_ns: i64,
    /// How long each such half is; 0 for none.
    pub period_ns: i64,
}

const MS: i64 = 1_000_000;

impl Skew {
    /// Gained per nanosecond, in units of 2^-32, as the patched code has it.
    pub(super) fn rate_q32(&self) -> i64 {
        ((i128::from(self.rate_ppm) << 32) / 1_000_000) as i64
    }

    /// What the clock shows at a true time.
    pub fn at(&self, now: i64) -> i64 {
        let since = now - self.base_ns;
        let gained = (i128::from(since) * i128::from(self.rate_q32())) >> 32;
        let jumped = if self.is_ahead(now) { self.delta_ns } else { 0 };
        (now + self.offset_ns + jumped + gained as i64).max(0)
    }

    /// Whether the clock, at this true time, is in a half in which it is ahead.
    pub fn is_ahead(&self, now: i64) -> bool {
        self.period_ns > 0 && self.half(now) % 2 == 0
    }

    /// How often it has jumped until this true time.
    pub(super) fn half(&self, now: i64) -> i64 {
        (now - self.base_ns).checked_div(self.period_ns).unwrap_or(0)
    }
}

/// `+60000ms` ahead, `-2500ppm` gained, `+4000ms/20ms` ahead every second 20 ms.
impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skew { period_ns: 1.., delta_ns, .. } => {
                write!(f, "{:+}ms/{}ms", delta_ns / MS, self.period_ns / MS)
            }
            Skew { rate_ppm: 0, offset_ns, .. } => write!(f, "{:+}ms", offset_ns / MS),
            Skew { rate_ppm, .. } => write!(f, "{rate_ppm:+}ppm"),
        }
    }
}

impl FromStr for Skew {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Skew> {
        let number = |text: &str, unit| -> Result<i64> {
            let number = text.strip_suffix(unit).and_then(|number| number.parse().ok());
            // A day, and a clock that stands still or runs twice as fast, are more than enough.
            let is_fit = |n: &i64| n.abs() <= if unit == "ppm" { 1_000_000 } else { 86_400_000 };
            number.filter(is_fit).with_context(|| format!("{text} is no number of {unit}"))
        };
        if let Some((delta, period)) = text.split_once('/') {
            let (delta_ns, period_ns) = (number(delta, "ms")? * MS, number(period, "ms")? * MS);
            ensure!(period_ns > 0, "{text}: a clock cannot jump every {period}");
            return Ok(Skew { delta_ns, period_ns, ..Skew::default() });
        }
        match text {
            _ if text.ends_with("ppm") => {
                Ok(Skew { rate_ppm: number(text, "ppm")?, ..Skew::default() })
            }
            _ if text.ends_with("ms") => {
                Ok(Skew { offset_ns: number(text, "ms")? * MS, ..Skew::default() })
            }
            _ => bail!("{text} does not say how a clock is wrong (+60000ms, -2500ppm, +40ms/5ms)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_is_what_its_text_says() {
        for text in ["+60000ms", "-250ms", "+2500ppm", "-500000ppm", "+4000ms/20ms", "-16ms/1ms"] {
            assert_eq!(text.parse::<Skew>().expect(text).to_string(), text);
        }
        for text in ["", "60", "ms", "+1ms/0ms", "+1ms/-5ms", "1000001ppm", "99999999999ms"] {
            assert!(text.parse::<Skew>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_clock_that_drifts_gains_and_one_that_jumps_comes_back() {
        const NOW: i64 = 1_700_000_000_000_000_000;
        let drifts = Skew { base_ns: NOW, ..("-500000ppm".parse().expect("a skew")) };
        assert_eq!(drifts.at(NOW + 10_000 * MS), NOW + 5_000 * MS);
        let jumps = Skew { base_ns: NOW, ..("+70ms/20ms".parse().expect("a skew")) };
        let ahead = |after: i64| jumps.at(NOW + after * MS) - NOW - after * MS;
        assert_eq!([0, 19, 20, 39, 40].map(ahead), [70 * MS, 70 * MS, 0, 0, 70 * MS]);
    }
}
