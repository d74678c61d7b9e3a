//! Numbers that are equal exactly where their values are, however they are spelt and however large.
//!
//! JSON bounds no number, but its readers do: `12345678901234567890` followed by a few digits is
//! read as the nearest `f64`, as are its neighbours, and a register that mixes them up would go
//! free. And `1`, `1.0` and `10e-1` are one number: who answers one for the other is right. So a
//! number is respelt before it is read: as an integer where it is one of 64 bits, as an `f64` where
//! it is read and written as the same, and any other as `{"$netsplit.number": "digits"}`, which no
//! reader rounds.
use std::{borrow::Cow, ops::Range};

use serde_json::{Number, Value};

/// The only key of the object that stands for a number which JSON's readers would round.
const KEY: &str = "$netsplit.number";
const BEFORE: &str = r#"{"$netsplit.number":""#;
const AFTER: &str = r#""}"#;

/// So many digits fit any integer of 64 bits.
const DIGITS_SAFE: usize = 18;

/// Beyond this nothing is counted; such a number is refused.
const EXPONENT_MAX: i64 = 1 << 40;
/// What every reader refuses.
const REFUSED: &str = "1e999999";

/// The JSON with its numbers respelt so that no two that differ are read as the same. What is not
/// JSON is left to the reader to refuse.
pub(crate) fn exact(json: &[u8]) -> Cow<'_, [u8]> {
    if matches!(json.first(), Some(b'"' | b'n' | b't' | b'f')) || is_plain(json) {
        return Cow::Borrowed(json);
    }
    let (mut text, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(literal) = next_literal(json, at) {
        at = literal.end;
        if let Some(respelt) = respell(&json[literal.clone()]) {
            text.extend_from_slice(&json[copied..literal.start]);
            text.extend_from_slice(respelt.as_bytes());
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    text.extend_from_slice(&json[copied..]);
    Cow::Owned(text)
}

/// The value that a number has; `None` where that is no number of JSON's.
pub(crate) fn value(literal: &str) -> Option<Value> {
    Decimal::read(literal.as_bytes())?;
    serde_json::from_slice(&exact(literal.as_bytes())).ok()
}

/// The number that this object stands for.
pub(crate) fn stands_for(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let literal = map.get(KEY)?.as_str()?;
    Decimal::read(literal.as_bytes()).map(|_| literal)
}

/// JSON text without the objects that stand for numbers: the numbers themselves. The reverse of
/// [`exact`]; `text` is as serde writes it.
pub(crate) fn spell(mut text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    // Within a string its quotes would have backslashes before them.
    while let Some((before, rest)) = text.split_once(BEFORE) {
        spelt += before;
        let (literal, after) = rest.split_once(AFTER).unwrap_or((rest, ""));
        match Decimal::read(literal.as_bytes()) {
            Some(_) => spelt += literal,
            None => spelt.extend([BEFORE, literal, AFTER]),
        }
        text = after;
    }
    spelt + text
}

/// Whether this is an integer that every reader holds, as people write it.
fn is_plain(literal: &[u8]) -> bool {
    let digits = literal.strip_prefix(b"-").unwrap_or(literal);
    let is_minus_zero = digits == b"0" && digits.len() < literal.len();
    !is_minus_zero && digits.len() <= DIGITS_SAFE && digits.iter().all(u8::is_ascii_digit)
}

/// Where the next number stands that is not part of a string.
fn next_literal(json: &[u8], mut at: usize) -> Option<Range<usize>> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    loop {
        match json.get(at)? {
            b'"' => at = after_string(json, at + 1)?,
            b'-' | b'0'..=b'9' => {
                let length = json[at..].iter().position(|byte| !is_part(byte));
                return Some(at..length.map_or(json.len(), |length| at + length));
            }
            _ => at += 1,
        }
    }
}

fn after_string(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match json.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// How the number is to be spelt, if that is different.
fn respell(literal: &[u8]) -> Option<String> {
    if is_plain(literal) {
        return None;
    }
    let Some(decimal) = Decimal::read(literal) else {
        // A reader would take a power too small to hold for zero.
        let is_number = serde_json::from_slice::<f64>(literal).is_ok();
        return is_number.then(|| REFUSED.to_owned());
    };
    if let Some(integer) = decimal.integer() {
        return Some(integer);
    }
    // Serde's reading of a float can be off by a little: only what it reads as it is stays one. By
    // how much depends on the spelling, so it is asked about one spelling of each number.
    let read = |text: &str| serde_json::from_str::<Number>(text).ok().map(|n| n.to_string());
    let is_same = |float: &String| Decimal::read(float.as_bytes()).as_ref() == Some(&decimal);
    let float = read(&decimal.to_string())
        .filter(is_same)
        .filter(|float| read(float).as_ref() == Some(float));
    Some(float.unwrap_or_else(|| format!("{BEFORE}{decimal}{AFTER}")))
}

/// A number as what it is: `digits · 10^exponent`, with neither leading nor trailing zeros.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads JSON's grammar of numbers.
    fn read(literal: &[u8]) -> Option<Decimal> {
        let text = std::str::from_utf8(literal).ok()?;
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent),
            None => (unsigned, "0"),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if has_leading_zero || ![whole, fraction, power].into_iter().all(is_number) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let kept = digits.trim_end_matches('0');
        let shift = (digits.len() - kept.len()) as i64 - fraction.len() as i64;
        let kept = kept.trim_start_matches('0').to_owned();
        if kept.is_empty() {
            return Some(Decimal { is_negative: false, digits: "0".into(), exponent: 0 });
        }
        let sum = exponent
            .trim_start_matches('+')
            .parse::<i64>()
            .ok()
            .and_then(|power| power.checked_add(shift));
        let exponent = sum.filter(|exponent| exponent.abs() <= EXPONENT_MAX)?;
        Some(Decimal { is_negative: unsigned.len() < text.len(), digits: kept, exponent })
    }

    /// Its spelling where it is an integer of 64 bits.
    fn integer(&self) -> Option<String> {
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| *zeros < 20)?;
        let sign = if self.is_negative { "-" } else { "" };
        let text = format!("{sign}{}{}", self.digits, "0".repeat(zeros));
        (text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()).then_some(text)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        match self.exponent {
            0 => write!(f, "{sign}{}", self.digits),
            exponent => write!(f, "{sign}{}e{exponent}", self.digits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelt(json: &str) -> String {
        String::from_utf8(exact(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn a_number_is_its_value_however_it_is_spelt() {
        for (spellings, number) in [
            (&["0", "-0", "0.0", "-0e7", "0E-400"][..], "0"),
            (&["1", "1.0", "10e-1", "0.01E+2", "1e0"], "1"),
            (&["-1200", "-1.2e3", "-120000e-2"], "-1200"),
            (&["1.5", "1.50", "15e-1", "0.15e1"], "1.5"),
            (&["18446744073709551615", "18446744073709551615.0"], "18446744073709551615"),
            (&["1e300", "10e299"], "1e300"),
            (&["-125e72", "-1.25e+74", "-0.125e75"], "-1.25e74"),
        ] {
            for spelling in spellings {
                assert_eq!(spell(&respelt(spelling)).replace("e+", "e"), number, "{spelling}");
            }
        }
    }

    #[test]
    fn no_two_numbers_are_read_as_the_same() {
        let numbers = [
            "18446744073709551616",
            "18446744073709551617",
            "-9223372036854775809",
            "0.1",
            "0.10000000000000000001",
            "9007199254740993.5",
            "1e400",
            "1e401",
            "1e-400",
            "-1e-400",
            "0",
            "\"1e400\"",
        ];
        for (i, a) in numbers.iter().enumerate() {
            for b in &numbers[..i] {
                assert_ne!(respelt(a), respelt(b));
                let read = |json| serde_json::from_str::<Value>(&respelt(json)).unwrap();
                assert_ne!(read(a), read(b), "{a} {b}");
            }
        }
    }

    #[test]
    fn only_numbers_are_respelt_and_only_where_they_must_be() {
        for json in ["[1,\"1.0\",{\"2.0\":-7}]", "\"1.0\"", "true", "[\"\\\"1.0\",3]", "01", "1-2"]
        {
            assert!(matches!(exact(json.as_bytes()), Cow::Borrowed(_)), "{json}");
        }
        assert_eq!(respelt("[1.0, {\"a\": -0}]"), "[1, {\"a\": 0}]");
        assert_eq!(spell(&respelt("[1e400,{\"a\":1}]")), "[1e400,{\"a\":1}]");
    }

    #[test]
    fn what_nobody_can_count_is_refused() {
        for json in ["1e99999999999999999999", "1e-99999999999999999999"] {
            assert!(serde_json::from_str::<Value>(&respelt(json)).is_err(), "{json}");
        }
    }
}
