//! What the links between nodes are like all the time, by name.
use anyhow::{Result, bail};

use super::link::Quality;

/// A weather.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    /// As `--weather` takes it.
    pub name: &'static str,
    /// One line for `netsplit list`.
    pub about: &'static str,
    /// What every link between nodes is like.
    pub quality: Quality,
}

/// The weathers there are.
pub const ALL: &[Weather] = &[
    Weather {
        name: "lan",
        about: "0.2 ms, and up to 0.2 ms more",
        quality: Quality { delay_us: 200, jitter_us: 200, ..Quality::PERFECT },
    },
    Weather {
        name: "wan",
        about: "40 ms, and up to 10 ms more; one packet of 1,000 is lost",
        quality: Quality { delay_us: 40_000, jitter_us: 10_000, loss: 0.001, ..Quality::PERFECT },
    },
    Weather {
        name: "awful",
        about: "60 ms, and up to 90 ms more; 3% lost, 1% twice, 2% overtaken",
        quality: Quality {
            delay_us: 60_000,
            jitter_us: 90_000,
            loss: 0.03,
            duplicate: 0.01,
            reorder: 0.02,
            ..Quality::PERFECT
        },
    },
];

/// The weather of that name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find(name: &str) -> Result<&'static Weather> {
    if let Some(weather) = ALL.iter().find(|weather| weather.name == name) {
        return Ok(weather);
    }
    let names: Vec<&str> = ALL.iter().map(|weather| weather.name).collect();
    bail!("no weather is called {name}; there are {}", names.join(", "))
}
