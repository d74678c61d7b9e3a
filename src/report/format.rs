//! Numbers and values as a person reads them.
use checkers::Nanos;
use serde_json::Value;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// `1234567` as `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `count` with its noun, which takes an `s` unless there is exactly one.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A moment, in seconds since the start.
pub(super) fn moment(at: Nanos) -> String {
    format!("{:.3}", at as f64 / SECOND as f64)
}

/// A length of time, in the unit that suits it.
pub(super) fn duration(length: Nanos) -> String {
    let of = |unit: u64, name: &str| {
        let number = length as f64 / unit as f64;
        let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
        let text = format!("{number:.digits$}");
        let text =
            if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        format!("{text} {name}")
    };
    match length {
        0..MICRO => format!("{length} ns"),
        MICRO..MILLI => of(MICRO, "µs"),
        MILLI..SECOND => of(MILLI, "ms"),
        _ if length < 120 * SECOND => of(SECOND, "s"),
        _ => format!("{} min {:02} s", length / SECOND / 60, length / SECOND % 60),
    }
}

/// A size in bytes.
pub(super) fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}

/// A share of a whole, as per cent; `–` of nothing.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    // 99.97 must not read as 100, nor 0.03 as 0.
    let digits = if part != 0 && part != whole && !(1.0..=99.0).contains(&percent) { 2 } else { 1 };
    format!("{percent:.digits$} %")
}

/// A JSON value without the quotes and braces a person does not need.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match value {
                Value::Object(inner) if !inner.is_empty() => format!("{name} ({})", plain(value)),
                _ => format!("{name} {}", plain(value)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// At most `most` characters, the last one an ellipsis where some were cut.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(duration(950), "950 ns");
        assert_eq!(duration(1_500_000), "1.5 ms");
        assert_eq!(duration(30_000_000_000), "30 s");
        assert_eq!(duration(185_000_000_000), "3 min 05 s");
        assert_eq!(share(9_999, 10_000), "99.99 %");
        assert_eq!(share(1, 2), "50.0 %");
    }

    #[test]
    fn values_read_well() {
        assert_eq!(plain(&json!({"ping": {"n1": true}, "pid": 7})), "ping (n1 true), pid 7");
        assert_eq!(plain(&json!(["n1", "n2"])), "n1, n2");
        assert_eq!(shorten("größer", 4), "grö…");
        assert_eq!(shorten("groß", 4), "groß");
    }
}
