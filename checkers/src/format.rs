//! Histories in other tools' words.
//!
//! [`read`] takes what others write and finds out by its content what it is; the ops become rows
//! of ours, so that a checker never knows where a history came from. [`edn::write`] goes the other
//! way, so that others can check what we say.
//!
//! | format | from | looks like |
//! |---|---|---|
//! | JSON Lines | netsplit | `{"process":0,"type":"invoke","f":"read"}` |
//! | EDN | Jepsen, Knossos, Elle; Porcupine's key-value logs | `{:process 0, :type :invoke, :f :read}` |
//! | Jepsen's log | `history.txt`, Porcupine's etcd logs | `INFO  jepsen.util - 0  :invoke  :read  nil` |
//!
//! Keywords, characters and ratios become texts, sets sorted lists; a number stays the number it is,
//! of whatever size. [`Keys`] has the rule by which keys are found.
pub mod edn;
mod foreign;
mod jepsen_log;
mod keys;
mod rows;

use std::borrow::Cow;

use bytes::Bytes;

pub use keys::Keys;

use crate::{History, Malformed};

/// What a history is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own: an op a line, as JSON.
    JsonLines,
    /// Jepsen's and Knossos's.
    Edn,
    /// What Jepsen logs.
    JepsenLog,
}

/// The formats that are known, for messages.
pub const KNOWN: &str = "JSON Lines (netsplit), EDN (Jepsen, Knossos, Porcupine's kv logs), \
                         Jepsen's log (history.txt, Porcupine's etcd logs)";

/// How many bytes tell what a text is.
const LOOK: usize = 256;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a history in any format that is known.
///
/// # Errors
/// [`Malformed`] with the line of the text that is no op, or that cannot have happened.
pub fn read(text: impl Into<Bytes>, keys: Keys) -> Result<History, Malformed> {
    let text = without_mark(text.into());
    match detect(&text)? {
        Format::JsonLines => History::read(text),
        Format::Edn => {
            let text = unicode(&text)?;
            rows::history(|| edn::Ops::new(text), keys)
        }
        Format::JepsenLog => {
            let text = unicode(&text)?;
            rows::history(|| jepsen_log::ops(text), keys)
        }
    }
}

/// As [`read`], but forgives a last line cut short, as a killed controller leaves it. Returns the
/// number of that line beside the ops before it.
///
/// # Errors
/// [`Malformed`] as [`read`], for every other line.
pub fn read_torn(
    text: impl Into<Bytes>,
    keys: Keys,
) -> Result<(History, Option<usize>), Malformed> {
    let text = without_mark(text.into());
    if matches!(detect(&text), Ok(Format::JsonLines)) {
        return History::read_torn(text);
    }
    // Not every tool ends its last line, so that alone does not say that it is torn.
    read(text.clone(), keys).map(|history| (history, None)).or_else(|error| {
        let end = text.iter().rposition(|&b| b == b'\n').ok_or(error)?;
        let torn = text[..=end].iter().filter(|&&b| b == b'\n').count() + 1;
        Ok((read(text.slice(..=end), keys)?, Some(torn)))
    })
}

/// Finds out what a text is written in, by its first op.
///
/// # Errors
/// [`Malformed`] where it is nothing that is known, with what is.
pub fn detect(text: &[u8]) -> Result<Format, Malformed> {
    let Some(start) = text.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return Ok(Format::JsonLines);
    };
    let number = text[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let bad = |message: String| Malformed { line: number, message };
    let line = text[start..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = unicode(line).map_err(|e| bad(e.message))?;
    // An op's first bracket may stand on a line of its own.
    let start = String::from_utf8_lossy(&text[start..text.len().min(start + LOOK)]);
    let after = |bracket: char| start.strip_prefix(bracket).map(str::trim_start);
    match (after('{'), after('[')) {
        _ if jepsen_log::is_op(line) => Ok(Format::JepsenLog),
        (Some(rest), _) if rest.is_empty() || rest.starts_with(['"', '}']) => Ok(Format::JsonLines),
        (_, Some(rest)) if is_json_array(rest) => {
            Err(bad("a JSON array: write one op a line (`jq -c '.[]'` does)".into()))
        }
        _ if start.starts_with(['{', '[', '(', '#', ';', ',']) => Ok(Format::Edn),
        _ => {
            // It may be anything, so what would move a terminal's cursor is escaped.
            let line = shorten(line).escape_debug().to_string();
            Err(bad(format!("not an op: {line}; known are {KNOWN}")))
        }
    }
}

/// Whether the first op of a list is one of JSON's.
fn is_json_array(rest: &str) -> bool {
    rest.strip_prefix('{').is_some_and(|op| op.trim_start().starts_with('"'))
}

/// The text without the mark that some editors put before it.
fn without_mark(text: Bytes) -> Bytes {
    if text.starts_with(BYTE_ORDER_MARK) { text.slice(BYTE_ORDER_MARK.len()..) } else { text }
}

fn unicode(text: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(text).map_err(|e| {
        let line = text[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        Malformed { line, message: format!("not text; known are {KNOWN}") }
    })
}

fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
