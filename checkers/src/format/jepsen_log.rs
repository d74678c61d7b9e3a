//! Ops as Jepsen logs them, a line each; Porcupine's etcd test data are such logs.
//!
//! `INFO  jepsen.util - 3  :invoke  :cas  [1 2]`: process, type, function, value and perhaps an
//! error. In `history.txt` the part up to the dash is missing, and tabs
//! stand between the parts. A value of `:timed-out` stands
//! where the answer is unknown; the type says whether the op may have happened (`:info`).
use serde_json::Value;

use super::{
    edn::{self, Lexer},
    foreign::{self, Foreign},
    shorten,
};
use crate::{Kind, Malformed};

/// What ends the part of a line that its logger wrote.
const MARKS: [&str; 2] = ["jepsen.util - ", "jepsen.util: "];

/// Whether a line looks like an op in a log.
pub(super) fn is_op(line: &str) -> bool {
    let mut words = op(line).split_ascii_whitespace();
    let process = words.next().unwrap_or_default();
    let is_process = process.starts_with(':') || process.parse::<u32>().is_ok();
    let kind = words.next().unwrap_or_default();
    is_process && [":invoke", ":ok", ":fail", ":info"].contains(&kind)
}

/// The ops of a log, in order. Blank lines are skipped, and no other: a line that cannot be read
/// may have been an op.
pub(super) fn ops(text: &str) -> impl Iterator<Item = Result<Foreign<'_>, Malformed>> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    lines.filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| read(number, line))
}

/// A line without what its logger wrote.
fn op(line: &str) -> &str {
    let ends = MARKS.iter().filter_map(|mark| Some(line.find(mark)? + mark.len()));
    &line[ends.min().unwrap_or(0)..]
}

fn read(number: usize, line: &str) -> Result<Foreign<'_>, Malformed> {
    let bad = |message: String| Malformed {
        line: number,
        message: format!("not an op in a log ({message}): {}", shorten(line)),
    };
    let mut lexer = Lexer::new(op(line), number);
    let mut part = |name: &str| match edn::part(&mut lexer) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(bad(format!("it has no {name}"))),
        Err(e) => Err(bad(e.message)),
    };
    let process = foreign::who(part("process")?).map_err(bad)?;
    let kind = foreign::kind(part("type")?).map_err(bad)?;
    let f = foreign::function(part("function")?).map_err(bad)?;
    let value = part("value")?.value().map_err(bad)?;
    let rest = lexer.rest().trim();
    let error = (!rest.is_empty()).then(|| Value::from(rest));
    if error.is_some() && matches!(kind, Kind::Invoke | Kind::Ok) {
        return Err(bad(format!("`{rest}` follows its value")));
    }
    let (key, time, index, node) = (None, 0, None, None);
    Ok(Foreign { line: number, process, kind, f, key, value, time, index, node, error })
}
