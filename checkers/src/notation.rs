//! Histories drawn as pictures, for tests, docs and terminals: a row a process, a column an instant.
//!
//! ```text
//! 0: |---- write 1 ----|               `|` ok
//! 1:    |-- read -> 0 --|              what came back follows the arrow
//! 2:       |-- write 2 --x             `x` fail: it never happened
//! 3:         |-- [7] write 3 --~       `~` info, and a key: it may have happened, on key 7
//! 4:           |-- write 4 --?         `?` the history ends before the answer
//! ```
//!
//! Intervals are closed: in one column, invocations come before completions. A column is a
//! millisecond. Arguments and answers are JSON, `null` where there is none; a text may hold
//! anything but a `|`.
//!
//! ```
//! use checkers::{Budget, Checker, Valid, linearizable::Linearizable, model::Register, notation};
//!
//! let history = notation::history("
//!     0: |-------- write 200 --------|
//!     1:   |-- read -> 200 --|
//!     2:                        |-- read -> null --|
//! ");
//! let verdict = Linearizable(Register::default()).check(&history, &Budget::unlimited());
//! assert_eq!(verdict.valid, Valid::Invalid);
//! ```
use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use crate::{History, Kind, Malformed, Op, OpRef, Process};

/// Nanoseconds that a column stands for.
const COLUMN: u64 = 1_000_000;

/// The history a picture shows.
///
/// # Panics
/// Where [`read`] has an error: it is a tool for tests.
pub fn history(picture: &str) -> History {
    read(picture).unwrap_or_else(|e| panic!("{e} in the picture\n{picture}"))
}

/// The history a picture shows.
///
/// # Errors
/// [`Malformed`] with the line of the picture that cannot be read; or, where it shows what cannot
/// have happened, with the number of the op in the order of columns.
pub fn read(picture: &str) -> Result<History, Malformed> {
    let mut ends = Vec::new();
    for (i, line) in picture.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        row(line, &mut ends).map_err(|message| Malformed { line: i + 1, message })?;
    }
    ends.sort_by_key(|(column, op)| (*column, op.kind != Kind::Invoke));
    let ops = ends.into_iter().enumerate();
    let ops: Vec<Op> = ops.map(|(i, (_, op))| Op { index: i as u32, ..op }).collect();
    History::from_ops(&ops)
}

/// Reads the bars of one row into ops, each with its column.
fn row(line: &str, ends: &mut Vec<(usize, Op)>) -> Result<(), String> {
    let (process, row) =
        line.split_once(':').ok_or_else(|| format!("no `process:` in {line:?}"))?;
    let process = process.trim().parse();
    let process = process.map_err(|e| format!("{e}: the process in {line:?}"))?;
    let row: Vec<char> = row.chars().collect();
    let mut at = 0;
    while let Some(start) = row[at..].iter().position(|&c| c == '|').map(|i| at + i) {
        let end = (start + 1..row.len()).find(|&i| is_end(&row, i)).ok_or_else(|| {
            let bar: String = row[start..].iter().collect();
            format!("no `|`, `-x`, `-~` or `-?` ends {bar:?}")
        })?;
        let label: String = row[start + 1..end].iter().collect();
        let label = label.trim_matches(['-', ' ']);
        let (invocation, answer) = call(label, Process::Client(process))?;
        let at_column = |column: usize, op: Op| (column, Op { time: column as u64 * COLUMN, ..op });
        ends.push(at_column(start, invocation.clone()));
        let kind = match row[end] {
            '|' => Some(Kind::Ok),
            'x' => Some(Kind::Fail),
            '~' => Some(Kind::Info),
            _ => None,
        };
        ends.extend(kind.map(|kind| at_column(end, Op { kind, value: answer, ..invocation })));
        at = end + 1;
    }
    Ok(())
}

fn is_end(row: &[char], i: usize) -> bool {
    row[i] == '|' || (matches!(row[i], 'x' | '~' | '?') && row[i - 1] == '-')
}

/// The invocation that a label such as `[7] cas [1,2] -> true` shows, and its answer.
fn call(label: &str, process: Process) -> Result<(Op, Value), String> {
    let key = label.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (key, words) = match key {
        Some((key, words)) => {
            let key = key.parse().map_err(|e| format!("{e}: the key in {label:?}"))?;
            (Some(key), words)
        }
        None => (None, label),
    };
    let (asked, answer) = words.split_once("->").unwrap_or((words, "null"));
    let (f, argument) = asked.trim().split_once(' ').unwrap_or((asked.trim(), "null"));
    if !is_name(f) {
        return Err(format!("{f:?} in {label:?} is no function: letters, digits, `_`, inner `-`"));
    }
    let json = |text: &str| -> Result<Value, String> {
        serde_json::from_str(text.trim()).map_err(|e| format!("{e}: {text:?} in {label:?}"))
    };
    let op = Op {
        index: 0,
        time: 0,
        due: None,
        process,
        kind: Kind::Invoke,
        f: f.into(),
        key,
        value: json(argument)?,
        error: None,
        node: None,
    };
    Ok((op, json(answer)?))
}

/// Whether the marks of a bar cannot be mistaken for parts of this word.
fn is_name(f: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    f.split('-').all(|part| part.starts_with(is_letter) && part.chars().all(is_letter))
        && !f.contains("-x")
}

/// The picture of a history's client calls, just wide enough for their labels: what [`history`]
/// reads. An answer is left out where it is `null` or repeats the argument; a function that is no
/// word is drawn, but not read. For small histories: the width grows with every op.
pub fn draw(history: &History) -> String {
    let mut rows: BTreeMap<Process, String> = BTreeMap::new();
    let mut column = 0;
    let mut columns: BTreeMap<u32, usize> = BTreeMap::new();
    let ops = || history.ops().filter(|op| op.process != Process::Nemesis);
    for op in ops() {
        let opened = (op.kind != Kind::Invoke).then(|| history.pair(op.row)).flatten();
        if let Some(opened) = opened {
            let bar = label(history, &opened).chars().count() + 3;
            column = column.max(columns[&opened.row] + bar);
        }
        columns.insert(op.row, column);
        column += 1;
    }
    for op in ops().filter(|op| op.kind == Kind::Invoke) {
        let label = label(history, &op);
        let completion = history.pair(op.row);
        let (end, mark) = match completion {
            None => (column.max(columns[&op.row] + label.chars().count() + 4), "-?"),
            Some(done) => (columns[&done.row], mark(done.kind)),
        };
        let row = rows.entry(op.process).or_default();
        let gap = columns[&op.row] - row.chars().count();
        // The mark may be two characters, the last of which stands in the completion's column.
        let width = end - columns[&op.row] - mark.len();
        let _ = write!(row, "{:gap$}|{label:-^width$}{mark}", "");
    }
    let mut picture = String::new();
    for (process, row) in rows {
        let Process::Client(number) = process else { continue };
        let _ = writeln!(picture, "{number:>3}: {row}");
    }
    picture
}

fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::Ok | Kind::Invoke => "|",
        Kind::Fail => "-x",
        Kind::Info => "-~",
    }
}

fn label(history: &History, invocation: &OpRef<'_>) -> String {
    let mut label = String::from(" ");
    if let Some(key) = invocation.key {
        let _ = write!(label, "[{key}] ");
    }
    label += invocation.f;
    if invocation.value != "null" {
        let _ = write!(label, " {}", without_marks(&invocation.value));
    }
    let answer = history.pair(invocation.row).map_or("null", |done| done.value.as_str());
    if answer != "null" && invocation.value != answer {
        let _ = write!(label, " -> {}", without_marks(answer));
    }
    label + " "
}

/// JSON whose texts escape what would end a bar, or look like an arrow.
fn without_marks(json: &str) -> String {
    let mut text = json.replace('|', "\\u007c");
    for mark in ["x", "~", "?", ">"] {
        text = text.replace(&format!("-{mark}"), &format!("\\u002d{mark}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &str = r#"
        0: |-- write 1 --|   |-- txn [["read","x",null]] -> [["read","x",-1]] --|
        1:    |-- read -> 0 --|    |-- cas [1,2] --x
        2:         |-- [7] write 3 --~
        3:    |-- [7] read -> "a b" --|
        4:          |-- write 4 --?
    "#;

    fn shape(history: &History) -> Vec<String> {
        history.ops().map(|op| OpRef { time: 0, ..op }).map(|op| format!("{op:?}")).collect()
    }

    #[test]
    fn a_picture_reads_column_by_column() {
        let history = history("0: |- write 1 -|\n1:             |- [7] read -> 1 -|");
        let kinds: Vec<_> = history.ops().map(|op| (op.process, op.kind)).collect();
        let [a, b] = [Process::Client(0), Process::Client(1)];
        let expected = [(a, Kind::Invoke), (b, Kind::Invoke), (a, Kind::Ok), (b, Kind::Ok)];
        assert_eq!(kinds, expected);
        assert_eq!(history.op(3).key, Some(7));
        assert_eq!(history.op(3).value, "1");
        assert_eq!(history.op(2).time, 13 * COLUMN);
    }

    #[test]
    fn a_drawing_reads_back_as_the_same_history() {
        let once = history(PICTURE);
        let drawn = draw(&once);
        assert_eq!(shape(&once), shape(&history(&drawn)), "{drawn}");
        assert_eq!(drawn, draw(&history(&drawn)));
    }

    #[test]
    fn a_text_may_look_like_marks() {
        let row = |kind: &str, value: &str| {
            format!(r#"{{"process":0,"type":"{kind}","f":"read","value":{value}}}"#)
        };
        let rows = row("invoke", r#""-x |-~ a->b""#) + "\n" + &row("ok", r#"["--?",-1]"#);
        let history = History::read(rows).unwrap();
        let drawn = draw(&history);
        let back = read(&drawn).unwrap();
        let values = |history: &History| -> Vec<Value> {
            history.ops().map(|op| serde_json::from_str(&op.value).unwrap()).collect()
        };
        assert_eq!(values(&history), values(&back), "{drawn}");
    }

    #[test]
    fn what_is_no_picture_is_refused_with_its_line() {
        for (picture, line, part) in [
            ("0: |- read -|\nread", 2, "no `process:`"),
            ("x: |- read -|", 1, "the process in"),
            ("\n0: |- [x] read -|", 2, "the key in"),
            ("0: |- write {1 -|", 1, "write {1"),
            ("0: |- -|", 1, "no function"),
            ("0: |- \"x\",- -|", 1, "no function"),
            ("", 1, "empty"),
        ] {
            let error = read(picture).unwrap_err();
            assert_eq!(error.line, line, "{picture}: {error}");
            assert!(error.message.contains(part), "{picture}: {error}");
        }
    }

    #[test]
    #[should_panic(expected = "ends")]
    fn a_bar_without_an_end_is_refused() {
        history("0: |-- write 1 --");
    }
}
