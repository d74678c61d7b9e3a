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

use crate::{History, Kind, Op, OpRef, Process};

/// Nanoseconds that a column stands for.
const COLUMN: u64 = 1_000_000;

/// The history a picture shows.
///
/// # Panics
/// Where the picture cannot be read, or shows what cannot have happened: it is a tool for tests.
pub fn history(picture: &str) -> History {
    let mut ends = Vec::new();
    for line in picture.lines().filter(|l| !l.trim().is_empty()) {
        let (process, row) =
            line.split_once(':').unwrap_or_else(|| panic!("no `process:` in {line:?}"));
        let process = process.trim().parse();
        let process = process.unwrap_or_else(|e| panic!("{e}: the process in {line:?}"));
        bars(&row.chars().collect::<Vec<_>>(), Process::Client(process), &mut ends);
    }
    ends.sort_by_key(|(column, op)| (*column, op.kind != Kind::Invoke));
    let ops = ends.into_iter().enumerate();
    let ops: Vec<Op> = ops.map(|(i, (_, op))| Op { index: i as u32, ..op }).collect();
    History::from_ops(&ops).unwrap_or_else(|e| panic!("{e} in the picture\n{picture}"))
}

/// Reads the bars of one row into ops, each with its column.
fn bars(row: &[char], process: Process, ends: &mut Vec<(usize, Op)>) {
    let mut at = 0;
    while let Some(start) = row[at..].iter().position(|&c| c == '|').map(|i| at + i) {
        let rest = start + 1..row.len();
        let end = rest.into_iter().find(|&i| is_end(row, i)).unwrap_or_else(|| {
            panic!("no `|`, `-x`, `-~` or `-?` ends {:?}", row[start..].iter().collect::<String>())
        });
        let label: String = row[start + 1..end].iter().collect();
        let (invocation, answer) = call(label.trim_matches(['-', ' ']), process);
        let at_column = |column: usize, op: Op| (column, Op { time: column as u64 * COLUMN, ..op });
        ends.push(at_column(start, invocation.clone()));
        let completion = |kind| Op { kind, value: answer.clone(), ..invocation.clone() };
        match row[end] {
            '|' => ends.push(at_column(end, completion(Kind::Ok))),
            'x' => ends.push(at_column(end, completion(Kind::Fail))),
            '~' => ends.push(at_column(end, completion(Kind::Info))),
            _ => (),
        }
        at = end + 1;
    }
}

fn is_end(row: &[char], i: usize) -> bool {
    row[i] == '|' || (matches!(row[i], 'x' | '~' | '?') && row[i - 1] == '-')
}

/// The invocation that a label such as `[7] cas [1,2] -> true` shows, and its answer.
fn call(label: &str, process: Process) -> (Op, Value) {
    let key = label.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (key, words) = match key {
        Some((key, words)) => {
            (Some(key.parse().unwrap_or_else(|e| panic!("{e}: the key in {label:?}"))), words)
        }
        None => (None, label),
    };
    let (asked, answer) = words.split_once("->").unwrap_or((words, "null"));
    let (f, argument) = asked.trim().split_once(' ').unwrap_or((asked.trim(), "null"));
    let json = |text: &str| -> Value {
        serde_json::from_str(text.trim()).unwrap_or_else(|e| panic!("{e}: {text:?} in {label:?}"))
    };
    let op = Op {
        index: 0,
        time: 0,
        process,
        kind: Kind::Invoke,
        f: f.into(),
        key,
        value: json(argument),
        error: None,
        node: None,
    };
    (op, json(answer))
}

/// The picture of a history's client calls, just wide enough for their labels: what [`history`]
/// reads. An answer is left out where it is `null` or repeats the argument. For small histories:
/// the width grows with every op.
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
        let _ = write!(label, " {}", invocation.value);
    }
    let answer = history.pair(invocation.row).map_or("null", |done| done.value);
    if answer != "null" && answer != invocation.value {
        let _ = write!(label, " -> {answer}");
    }
    label + " "
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
    #[should_panic(expected = "ends")]
    fn a_bar_without_an_end_is_refused() {
        history("0: |-- write 1 --");
    }
}
