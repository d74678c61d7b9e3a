//! How values are typed on the command line.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use workloads::{generator::Arrivals, transactions::Dist};

use crate::route::Policy;

/// A duration: `90` (seconds), `90s`, `500ms`, `5m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration> {
    let is_bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let text = if is_bare { format!("{text}s") } else { text.to_owned() };
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| anyhow::anyhow!("write it like 90s, 500ms or 5m"))?;
    parsed.try_into().context("it must not be negative")
}

/// A number of bytes: `512M`, `2G`.
pub(super) fn bytes(text: &str) -> Result<u64> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let shift = match unit.to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => bail!("write it like 512M or 2G"),
    };
    let number: u64 = digits.parse().context("write it like 512M or 2G")?;
    number.checked_mul(1 << shift).context("that is more than there is")
}

/// A number of threads: `10`, or `2n` for two a node.
pub(super) fn concurrency(text: &str, nodes: u32) -> Result<u32> {
    let wrong = || format!("--concurrency {text}: write a number, or `2n` for two a node");
    let threads = match text.strip_suffix('n') {
        Some("") => nodes,
        Some(times) => times.parse::<u32>().with_context(wrong)?.saturating_mul(nodes),
        None => text.parse().with_context(wrong)?,
    };
    if threads == 0 || threads > 10_000 {
        bail!("--concurrency {text}: between 1 and 10,000 threads");
    }
    Ok(threads)
}

/// Ops a second; none where it is to be as fast as possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(pub(super) Option<f64>);

/// The gaps between ops: `poisson` or `fixed`.
pub(super) fn arrivals(text: &str) -> Result<Arrivals> {
    serde_json::from_value(Value::String(text.to_owned())).context("write poisson or fixed")
}

/// How keys share the work, by name.
pub(super) fn dist(text: &str) -> Result<Dist> {
    serde_json::from_value(Value::String(text.to_owned()))
        .context("write exponential, uniform or zipf")
}

/// A routing policy, by name.
pub(super) fn route(text: &str) -> Result<Policy> {
    serde_json::from_value(Value::String(text.to_owned()))
        .context("write pinned, round-robin, random, sticky, leader or roles")
}

/// A rate: `200`, `0.5`, or `max`.
pub(super) fn rate(text: &str) -> Result<Rate> {
    if text == "max" {
        return Ok(Rate(None));
    }
    let rate: f64 = text.parse().context("write a number of ops a second, or `max`")?;
    if !rate.is_finite() || rate < 0.0 {
        bail!("write a number of ops a second, or `max`");
    }
    Ok(Rate((rate > 0.0).then_some(rate)))
}

/// `NAME=VALUE`, where a value that is JSON is taken as such.
pub(super) fn option(text: &str) -> Result<(String, Value)> {
    let (name, value) = text.split_once('=').context("write it as NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_typed_as_people_write_them() {
        let ms = |text| duration(text).map(|d| d.as_millis()).ok();
        assert_eq!(ms("90"), Some(90_000));
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("5m"), Some(300_000));
        assert_eq!(ms("1h30m"), Some(5_400_000));
        assert_eq!(ms(""), None);
        assert_eq!(ms("-5s"), None);
        assert_eq!(ms("soon"), None);
    }

    proptest! {
        #[test]
        fn no_word_panics(word in "[0-9a-zA-Z.=+ -]{0,12}|[0-9]{1,25}[KMGTn]?|.{0,6}") {
            let _ = (duration(&word), option(&word), concurrency(&word, u32::MAX));
            if let Ok(size) = bytes(&word) {
                let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
                prop_assert!(size >= digits.parse().unwrap(), "{word} is not {size}");
            }
        }
    }

    #[test]
    fn sizes_and_threads() {
        assert_eq!(bytes("2G").unwrap(), 2 << 30);
        assert_eq!(bytes("10").unwrap(), 10);
        assert!(bytes("2X").is_err());
        assert!(bytes("18446744073709551615G").is_err());
        assert_eq!(concurrency("2n", 5).unwrap(), 10);
        assert_eq!(concurrency("7", 5).unwrap(), 7);
        assert!(concurrency("0", 5).is_err());
        assert!(concurrency("many", 5).is_err());
    }
}
