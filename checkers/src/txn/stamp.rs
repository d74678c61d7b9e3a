//! The number that a database itself gives a version: a revision, a commit timestamp.
use std::fmt;

/// A whole number or a decimal one, compared as such: `17`, `1700000000000000000.0000000042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp {
    whole: u128,
    /// So many of the smallest fractions there are.
    fraction: u64,
}

/// Digits behind the point that count; there may not be more.
const FRACTION_DIGITS: usize = 18;

impl Stamp {
    /// Reads a JSON number without sign and exponent, or a text of one, as clients send it that
    /// cannot hold large numbers.
    pub fn read(json: &str) -> Option<Stamp> {
        let text = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(json);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || fraction.len() > FRACTION_DIGITS {
            return None;
        }
        let scale = 10_u64.pow((FRACTION_DIGITS - fraction.len()) as u32);
        let fraction = fraction.parse::<u64>().ok()? * scale;
        Some(Stamp { whole: whole.parse().ok()?, fraction })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:0FRACTION_DIGITS$}", self.fraction);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.whole),
            digits => write!(f, "{}.{digits}", self.whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_in_the_order_of_numbers() {
        let ordered =
            ["0", "0.000000000000000001", "9", "9.09", "9.1", "10", "123456789012345678901"];
        let stamps: Vec<Stamp> = ordered.iter().map(|text| Stamp::read(text).unwrap()).collect();
        assert!(stamps.is_sorted_by(|one, other| one < other), "{stamps:?}");
        for (text, stamp) in ordered.iter().zip(stamps) {
            assert_eq!(stamp.to_string(), *text);
        }
        assert_eq!(Stamp::read("\"7.50\""), Stamp::read("7.5"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["-1", "1e3", "\"\"", "null", ".5", "5.", "1.0000000000000000001", "[1]"] {
            assert_eq!(Stamp::read(text), None, "{text}");
        }
    }
}
