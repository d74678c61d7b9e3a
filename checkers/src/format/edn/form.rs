//! EDN forms, as the JSON that means the same.
//!
//! Keywords, symbols and characters become texts; vectors and lists become arrays; sets become
//! sorted arrays, so that equal sets are equal; a map's keys become texts; a tag is left out.
use serde_json::{Map, Value};

use super::{
    super::foreign::Part,
    atom,
    token::{Bracket, Lexer, Token},
};
use crate::{Datum, Malformed};

/// How deep forms may lie in each other: JSON's readers stop at 128.
const DEPTH_MAX: usize = 100;

/// A form that waits for its parts.
enum Open<'t> {
    Parts { bracket: Bracket, parts: Vec<Value> },
    Tag(Option<&'t str>),
    Discard,
}

/// Reads the next whole form, a word no further than it is one.
pub(in crate::format) fn part<'t>(lexer: &mut Lexer<'t>) -> Result<Option<Part<'t>>, Malformed> {
    let mut ahead = lexer.clone();
    if let Some(Token::Word(word)) = ahead.next()? {
        *lexer = ahead;
        return Ok(Some(if word == "nil" { Part::Nil } else { Part::Word(word) }));
    }
    Ok(form(lexer)?.map(|value| if value.is_null() { Part::Nil } else { Part::Form(value) }))
}

/// Reads the next whole form; `None` where the text ends, or a bracket closes that was opened
/// before (which is left unread).
pub(in crate::format) fn form(lexer: &mut Lexer<'_>) -> Result<Option<Value>, Malformed> {
    let mut open: Vec<Open<'_>> = Vec::new();
    loop {
        let before = lexer.clone();
        let value = match lexer.next()? {
            None if open.is_empty() => return Ok(None),
            None => return Err(lexer.bad("the text ends in the middle of a form")),
            Some(Token::Close(_)) if open.is_empty() => {
                *lexer = before;
                return Ok(None);
            }
            Some(Token::Close(end)) => close(&mut open, end).map_err(|m| lexer.bad(m))?,
            Some(Token::Word(word)) => atom::read(word).map_err(|m| lexer.bad(m))?,
            Some(Token::Text(text)) => text.into(),
            Some(_) if open.len() == DEPTH_MAX => {
                return Err(lexer.bad(format!("more than {DEPTH_MAX} forms lie in each other")));
            }
            Some(Token::Open(bracket)) => {
                open.push(Open::Parts { bracket, parts: Vec::new() });
                continue;
            }
            Some(Token::Tag(namespace)) => {
                open.push(Open::Tag(namespace));
                continue;
            }
            Some(Token::Discard) => {
                open.push(Open::Discard);
                continue;
            }
        };
        if let Some(whole) = hand_over(&mut open, value) {
            return Ok(Some(whole));
        }
    }
}

/// Gives a whole form to what waits for it. What nothing waits for is returned.
fn hand_over(open: &mut Vec<Open<'_>>, mut value: Value) -> Option<Value> {
    loop {
        match open.last_mut() {
            None => return Some(value),
            Some(Open::Parts { parts, .. }) => {
                parts.push(value);
                return None;
            }
            Some(Open::Discard) => {
                open.pop();
                return None;
            }
            Some(Open::Tag(namespace)) => {
                if let Some(namespace) = namespace {
                    value = qualify(namespace, value);
                }
                open.pop();
            }
        }
    }
}

/// The form that ends here.
fn close(open: &mut Vec<Open<'_>>, end: char) -> Result<Value, String> {
    match open.pop() {
        Some(Open::Parts { bracket, .. }) if bracket.end() != end => {
            Err(format!("`{end}` where `{}` should close", bracket.end()))
        }
        Some(Open::Parts { bracket: Bracket::Map, parts }) => map(parts),
        Some(Open::Parts { bracket: Bracket::Set, mut parts }) => {
            parts.sort_by_cached_key(|part| Datum::from(part.clone()));
            Ok(parts.into())
        }
        Some(Open::Parts { parts, .. }) => Ok(parts.into()),
        Some(Open::Tag(_) | Open::Discard) | None => Err(format!("`{end}` where a form should be")),
    }
}

fn map(parts: Vec<Value>) -> Result<Value, String> {
    let mut map = Map::with_capacity(parts.len() / 2);
    let mut parts = parts.into_iter();
    while let Some(key) = parts.next() {
        let key = match key {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let Some(value) = parts.next() else {
            return Err(format!("a map has the key `{key}` without a value"));
        };
        if let Some(twice) = map.insert(key, value) {
            return Err(format!("a map has a key twice; one of its values is {twice}"));
        }
    }
    Ok(Value::Object(map))
}

/// A map whose keys have this name before them, as `#:name{..}` means.
fn qualify(namespace: &str, value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let qualified = map.into_iter().map(|(key, value)| (format!("{namespace}/{key}"), value));
    Value::Object(qualified.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Option<Value>, Malformed> {
        form(&mut Lexer::new(text, 1))
    }

    #[test]
    fn forms_become_the_json_that_means_the_same() {
        for (text, value) in [
            ("[1 2, :x \"y\" nil]", json!([1, 2, "x", "y", null])),
            ("(1 (2))", json!([1, [2]])),
            ("#{3 :a 1 2}", json!([1, 2, 3, "a"])),
            ("{:a 1, \"b\" [2], 3 4, nil 5}", json!({"a": 1, "b": [2], "3": 4, "null": 5})),
            ("#jepsen.history.Op{:index 1}", json!({"index": 1})),
            ("#inst \"2026-01-01T00:00:00Z\"", json!("2026-01-01T00:00:00Z")),
            ("#my/tag #other [1]", json!([1])),
            ("#:n{:a 1}", json!({"n/a": 1})),
            ("[1 #_ 2 #_ #_ 3 4 #_ [5 #_ 6] 7] ; the end", json!([1, 7])),
            ("; first\n #_{:a 1} 5", json!(5)),
            ("[\\a \\newline \\( \\)]", json!(["a", "\n", "(", ")"])),
            ("#\"a.*\"", json!("a.*")),
            ("##Inf", json!("Inf")),
            ("\"a\\\"b\\\\\"", json!("a\"b\\")),
        ] {
            assert_eq!(read(text), Ok(Some(value)), "{text}");
        }
        assert_eq!(read(" ; nothing"), Ok(None));
        assert_eq!(read("#_ 1"), Ok(None));
    }

    #[test]
    fn what_is_no_form_is_refused_with_its_line() {
        for (text, line, part) in [
            ("[1\n2", 2, "ends in the middle"),
            ("\n(1]", 2, "`]` where `)` should close"),
            ("{:a}", 1, "without a value"),
            ("{:a 1\n :a 2}", 2, "twice"),
            ("[#_]", 1, "`]` where a form"),
            ("\"abc", 1, "no end"),
            ("\"a\nb\" [\\ubad]", 1, ""),
            ("# 1", 1, "followed by a tag"),
            ("#", 1, "followed by a tag"),
            ("\\", 1, "missing after"),
        ] {
            match read(text) {
                Err(error) => {
                    assert_eq!(error.line, line, "{text}: {error}");
                    assert!(error.message.contains(part), "{text}: {error}");
                }
                Ok(value) => assert!(part.is_empty(), "{text}: {value:?}"),
            }
        }
    }

    #[test]
    fn depth_is_bounded_whatever_lies_in_what() {
        for nest in ["[", "{:a ", "#_", "#t ", "#{", "("] {
            let error = read(&nest.repeat(100_000)).unwrap_err();
            assert!(error.message.contains("lie in each other"), "{nest} {error}");
        }
    }
}
