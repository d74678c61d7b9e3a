//! EDN's forms without parts, as JSON says them.
use std::borrow::Cow;

use serde_json::Value;

use crate::datum::number as exact;

/// A word that is neither string nor character: `nil`, `true`, `:keyword`, `symbol`, `17`.
/// Keywords and symbols become texts, the keyword without its colon.
pub(in crate::format) fn read(word: &str) -> Result<Value, String> {
    if let Some(odd) = word.chars().find(|c| c.is_control()) {
        return Err(format!("the character {odd:?} is out of place"));
    }
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    match word {
        "nil" => Ok(Value::Null),
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        ":" => Err("a keyword has no name".into()),
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit()) => {
            number(word).ok_or_else(|| format!("`{word}` is not a number"))
        }
        _ => Ok(word.strip_prefix(':').unwrap_or(word).into()),
    }
}

/// A number, of any size and precision. A ratio stays the text it is: JSON has none.
fn number(word: &str) -> Option<Value> {
    let plain = word.strip_suffix(['N', 'M']).unwrap_or(word);
    let plain = plain.strip_prefix('+').unwrap_or(plain);
    if let Ok(number) = plain.parse::<i64>() {
        return Some(number.into());
    }
    let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = plain.strip_prefix('-').unwrap_or(plain);
    if unsigned.split_once('/').is_some_and(|(a, b)| is_whole(a) && is_whole(b)) {
        return Some(plain.into());
    }
    // `1.` and `1.e5` are numbers here, and none of JSON's.
    let literal = match plain.split_once('.') {
        Some((whole, rest)) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Cow::Owned(format!("{whole}.0{rest}"))
        }
        _ => Cow::Borrowed(plain),
    };
    exact::value(&literal)
}

/// The character that follows a backslash outside of strings.
pub(super) fn character(name: &str) -> Result<char, String> {
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Ok(only);
    }
    let code = name.strip_prefix('u').filter(|hex| hex.len() == 4);
    match name {
        "newline" => Ok('\n'),
        "return" => Ok('\r'),
        "space" => Ok(' '),
        "tab" => Ok('\t'),
        "formfeed" => Ok('\u{c}'),
        "backspace" => Ok('\u{8}'),
        _ => code
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32)
            .ok_or_else(|| format!("`\\{name}` is not a character")),
    }
}

/// A string's text without its backslashes.
pub(super) fn unescape(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (c, length) = escape(&rest[at + 1..])?;
        text.push(c);
        rest = &rest[at + 1 + length..];
    }
    text.push_str(rest);
    Ok(text)
}

/// What an escape stands for, and how long it is without its backslash.
fn escape(rest: &str) -> Result<(char, usize), String> {
    let c = match rest.bytes().next() {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(c @ (b'"' | b'\\' | b'/')) => c.into(),
        Some(b'u') => return unicode(rest).ok_or_else(|| unknown(rest)),
        Some(b'0'..=b'7') => return octal(rest).ok_or_else(|| unknown(rest)),
        _ => return Err(unknown(rest)),
    };
    Ok((c, 1))
}

fn unknown(rest: &str) -> String {
    format!("`\\{}` is not an escape", rest.chars().take(5).collect::<String>())
}

/// `u00e9`, or two such that make one character beyond the first 65,536.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u16::from_str_radix(rest.get(at..at + 4)?, 16).ok();
    let first = unit(1)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 5));
    }
    let second = rest.get(5..7).filter(|next| *next == "\\u").and_then(|_| unit(7))?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((c, 11))
}

/// Up to three octal digits.
fn octal(rest: &str) -> Option<(char, usize)> {
    let digits = rest.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    let code = u32::from_str_radix(&rest[..digits], 8).ok()?;
    Some((char::from_u32(code)?, digits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Datum;

    #[test]
    fn words_become_the_json_that_means_the_same() {
        for (word, value) in [
            ("nil", json!(null)),
            ("false", json!(false)),
            ("-17", json!(-17)),
            ("+5", json!(5)),
            ("3N", json!(3)),
            ("18446744073709551615N", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            ("1.5M", json!(1.5)),
            ("2.5E3", json!(2500)),
            (":read", json!("read")),
            (":some.name/space", json!("some.name/space")),
            ("-", json!("-")),
            ("symbol", json!("symbol")),
        ] {
            assert_eq!(read(word), Ok(value), "{word}");
        }
    }

    #[test]
    fn no_number_is_rounded() {
        for word in ["1/3", "-2/7"] {
            assert_eq!(read(word), Ok(json!(word)), "{word}");
        }
        for (word, number) in [
            ("12345678901234567890123", "12345678901234567890123"),
            ("-12345678901234567890123N", "-12345678901234567890123"),
            ("0.1000000000000000055511M", "0.1000000000000000055511"),
            ("1e999", "1e999"),
            ("+1.e0", "1"),
            ("2.", "2"),
        ] {
            let read = read(word).map(Datum::from);
            assert_eq!(read, Ok(Datum::from_word(number)), "{word}");
        }
        for word in ["12ab", "1/", "1/x", "0x1F", ":", "\u{1}a", "1e-99999999999999999999"] {
            assert!(read(word).is_err(), "{word}");
        }
    }

    #[test]
    fn characters_and_escapes() {
        for (name, c) in [("a", 'a'), ("newline", '\n'), ("u00e9", 'é'), ("u", 'u'), ("é", 'é')]
        {
            assert_eq!(character(name), Ok(c), "{name}");
        }
        assert!(character("nonsense").is_err() && character("ud800").is_err());
        assert_eq!(unescape(r#"a\"b\\\n\té\101\/"#).unwrap(), "a\"b\\\n\téA/");
        assert_eq!(unescape(r"\ud83d\ude00").unwrap(), "😀");
        for raw in [r"\x", r"\u12", r"\ud800", r"\ud800\u0041", "\\", "\\u12é4"] {
            assert!(unescape(raw).is_err(), "{raw}");
        }
    }
}
