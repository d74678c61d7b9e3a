//! Lines on their way to the windows of their keys.
//!
//! Most of the work is to reach memory that was left cold, so three batches are under way at a
//! time: one is read, the one before it is paired, one line after the other, and the one before
//! that is put into its windows and watched.
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{
    Malformed, NO_NODE, NONE, Nanos, Process, Row, Seen, Text,
    reader::{Line, Read, Reader, newlines, pieces, side_by_side},
    windows::Window,
};
use crate::stream::Watch;

/// Bytes of a batch: few enough to stay in a processor's cache from one step to the next.
const BATCH: usize = 2 << 20;

/// Windows that a thread fills at least, for it to be worth while.
const MIN_LEN: usize = 64;

/// The window of what the nemesis does.
const NEMESIS: u32 = u32::MAX;

/// A row on its way to its window.
pub(super) struct Arrived<'a> {
    window: u32,
    /// The number of its line.
    number: u32,
    /// Of a completion, `pair` is the place of its invocation.
    pub(super) row: Row,
    pub(super) line: &'a str,
    /// Where and when the call was invoked and was due.
    node: u16,
    invoked: Nanos,
    due: Nanos,
}

/// Rows that were paired, with the names that they refer to.
#[derive(Default)]
struct Batch<'a> {
    rows: Vec<Arrived<'a>>,
    names: Arc<[Arc<str>]>,
}

/// What is known of all lines so far, to make rows of the next.
#[derive(Default)]
pub(super) struct Pairing {
    pub(super) reader: Reader,
    /// By key, its window.
    places: FxHashMap<u32, u32>,
    /// By window, its key, and how many rows it was given.
    windows: Vec<(u32, u32)>,
    nemesis: u32,
    /// Lines read.
    lines: usize,
}

impl Pairing {
    /// Takes in whole lines, and puts their rows into windows, of which there may be new ones.
    ///
    /// # Errors
    /// [`Malformed`] as [`super::History::read`].
    pub(super) fn take(
        &mut self,
        text: &[u8],
        all: &mut Vec<Window>,
        nemesis: &mut Window,
        watch: &mut Watch<'_>,
    ) -> Result<(), Malformed> {
        let mut batches = pieces(text, BATCH).into_iter();
        let (mut read, mut paired) = (batches.next().map(lines), Batch::default());
        let mut spare = Vec::new();
        while read.is_some() || !paired.rows.is_empty() {
            let (to_pair, mut done) = (read.take(), paired);
            let pair = || match to_pair {
                Some((count, lines)) => self.pair_all(count, lines, spare),
                None => Ok(Batch::default()),
            };
            let read_next = || batches.next().map(lines);
            let put = || done.put(all, nemesis, watch);
            let (now_paired, (now_read, ())) = rayon::join(pair, || rayon::join(read_next, put));
            (read, paired) = (now_read, now_paired?);
            // Fresh memory is dear: what a batch had, the next but one gets.
            done.rows.clear();
            spare = done.rows;
            for &(key, _) in &self.windows[all.len()..] {
                all.push(Window::of((key != NONE).then_some(key)));
            }
        }
        Ok(())
    }

    /// Pairs the lines of a batch, of which there are so many, blank ones included.
    ///
    /// What each waits for lies anywhere in memory: a processor looks ahead to several of these
    /// places while it waits for one, if there is not much else to do in between.
    fn pair_all<'a>(
        &mut self,
        count: usize,
        lines: impl Iterator<Item = Read<'a>>,
        mut rows: Vec<Arrived<'a>>,
    ) -> Result<Batch<'a>, Malformed> {
        rows.reserve(count);
        let mut bad = None;
        let malformed = |message, number| Malformed { line: number, message };
        for (number, line, op) in lines {
            match op.and_then(|op| self.arrive(&op, line)) {
                Ok(row) => rows.push(Arrived { number: number as u32, ..row }),
                Err(message) => {
                    bad = Some(malformed(message, self.lines + number));
                    break;
                }
            }
        }
        for row in &mut rows {
            let paired = self.pair(row);
            paired.map_err(|message| malformed(message, self.lines + row.number as usize))?;
        }
        self.lines += count;
        bad.map_or_else(|| Ok(Batch { rows, names: self.reader.names.as_slice().into() }), Err)
    }

    /// Makes a row of a line, and finds the window that it belongs to.
    fn arrive<'a>(&mut self, op: &Line<'_>, line: &'a str) -> Result<Arrived<'a>, String> {
        let row = self.reader.row(op, line, 0)?;
        let window = if row.process == NONE { NEMESIS } else { self.place(row.key) };
        let due = op.due.unwrap_or(op.time);
        Ok(Arrived { window, number: 0, row, line, node: row.node, invoked: row.time, due })
    }

    /// Finds what a row completes.
    fn pair(&mut self, arrived: &mut Arrived<'_>) -> Result<(), String> {
        let rows = match arrived.window {
            NEMESIS => &mut self.nemesis,
            window => &mut self.windows[window as usize].1,
        };
        if let Some(asked) = self.reader.pair(&arrived.row, arrived.due, *rows)? {
            arrived.row.pair = asked.place;
            (arrived.node, arrived.invoked, arrived.due) = (asked.node, asked.time, asked.due);
        }
        *rows += 1;
        Ok(())
    }

    /// The place of a key's window.
    fn place(&mut self, key: u32) -> u32 {
        *self.places.entry(key).or_insert_with(|| {
            self.windows.push((key, 0));
            self.windows.len() as u32 - 1
        })
    }
}

/// Reads a batch. How many lines it has comes first.
fn lines(batch: &[u8]) -> (usize, impl Iterator<Item = Read<'_>> + Send) {
    (newlines(batch), side_by_side(batch))
}

impl Batch<'_> {
    fn put(&self, all: &mut [Window], nemesis: &mut Window, watch: &mut Watch<'_>) {
        let see = || self.rows.iter().for_each(|op| watch(&op.seen(&self.names)));
        rayon::join(see, || self.put_into(all, nemesis));
    }

    fn put_into(&self, all: &mut [Window], nemesis: &mut Window) {
        let numbered = self.rows.iter().enumerate();
        let mut order: Vec<(u32, u32)> =
            numbered.map(|(at, row)| (row.window, at as u32)).collect();
        order.par_sort_unstable();
        let mut windows = (0..).zip(all).chain([(NEMESIS, nemesis)]);
        let mut jobs = Vec::new();
        for rows in order.chunk_by(|a, b| a.0 == b.0) {
            let window = windows.find(|(at, _)| *at == rows[0].0);
            jobs.extend(window.map(|(_, window)| (window, rows)));
        }
        jobs.into_par_iter().with_min_len(MIN_LEN).for_each(|(window, rows)| {
            rows.iter().for_each(|&(_, at)| window.push(&self.rows[at as usize]));
        });
    }
}

impl Arrived<'_> {
    fn seen<'a>(&'a self, names: &'a [Arc<str>]) -> Seen<'a> {
        let &Arrived { ref row, line, node, invoked, due, .. } = self;
        let client = Process::Client(row.process);
        Seen {
            index: row.index,
            time: row.time,
            process: if row.process == NONE { Process::Nemesis } else { client },
            kind: row.kind,
            f: &names[row.f as usize],
            node: (node != NO_NODE).then(|| &*names[node as usize]),
            invoked,
            due: (due != invoked).then_some(due),
            rest: Text::of(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{super::windows::Windows, *};
    use crate::History;

    /// Calls on several keys, of which some are open for long, in more than one batch.
    fn text() -> String {
        let mut text = String::new();
        let mut time = 0;
        let mut turn = 0;
        while text.len() < 2 * BATCH + BATCH / 2 {
            turn += 1;
            let (process, key, f) = (turn % 7, turn % 5, ["read", "write"][turn % 2]);
            let mut op = |process, kind: &str, key, f: &str, more: &str| {
                time += 1;
                let line = format!(
                    r#""time":{time},"process":{process},"type":"{kind}","f":"{f}","key":{key}"#
                );
                writeln!(text, "{{{line}{more}}}").unwrap();
            };
            let long = 10 + turn % 3;
            if turn > 3 {
                let (key, f) = ((turn - 3) % 5, ["read", "write"][(turn - 3) % 2]);
                op(long, "ok", key, f, r#","value":[1,"é"]"#);
            }
            op(long, "invoke", key, f, r#","node":"n1","due":1"#);
            op(process, "invoke", key, f, r#","node":"n2""#);
            op(process, "fail", key, f, r#","error":"refused""#);
            op(20, "invoke", key, f, "");
            op(20, "ok", key, f, r#","value":"x""#);
            writeln!(text, r#"{{"time":{time},"process":"nemesis","type":"info","f":"cut"}}"#)
                .unwrap();
        }
        text
    }

    fn told(op: &Seen<'_>) -> String {
        let &Seen { index, time, process, kind, f, node, invoked, due, .. } = op;
        format!("{index} {time} {process} {kind} {f} {node:?} {invoked} {due:?} {:?}", op.error())
    }

    #[test]
    fn batches_are_put_where_the_whole_has_them() {
        let text = text();
        let whole = History::read(text.as_str()).unwrap();
        let mut windows = Windows::default();
        let mut seen = Vec::new();
        let mut watch = |op: &Seen<'_>| seen.push(told(op));
        windows.feed(text.as_bytes(), &mut watch).unwrap();
        let parts = whole.by_key();
        assert_eq!((windows.all.len(), parts.len()), (5, 5));
        let names = windows.names();
        for window in &mut windows.all {
            let of_key: Vec<_> = parts[&window.key].ops().collect();
            let history = window.take(&names);
            let known = |op: &crate::OpRef<'_>| {
                (op.index, op.time, op.process, op.kind, op.f.to_owned(), op.value.to_string())
            };
            let here: Vec<_> = history.ops().map(|op| known(&op)).collect();
            assert_eq!(here, of_key.iter().map(known).collect::<Vec<_>>());
            for (op, whole_op) in history.ops().zip(&of_key) {
                let pair = history.pair(op.row).map(|op| op.index);
                assert_eq!(pair, whole.pair(whole_op.row).map(|op| op.index));
            }
        }
        assert!(windows.nemesis.len() > 1_000);
        let in_whole: Vec<_> = whole.seen().map(|op| told(&op)).collect();
        assert!(seen == in_whole, "{} and {}", seen.len(), in_whole.len());
    }

    #[test]
    fn the_first_bad_line_is_named_whatever_batch_it_is_in() {
        let text = text();
        let lines: Vec<&str> = text.lines().collect();
        for (at, bad, part) in [
            (lines.len() - 9, "{", "in the middle"),
            (lines.len() / 2, "\u{1}", "not an op"),
            (lines.len() / 3, r#"{"process":9,"type":"ok","f":"read"}"#, "did not invoke"),
        ] {
            let text = [&lines[..at], &[bad], &lines[at..], &["and worse", ""]].concat().join("\n");
            let error = History::read(text.as_str()).unwrap_err();
            let streamed = Windows::default().feed(text.as_bytes(), &mut |_| ()).unwrap_err();
            assert_eq!((&error, error.line), (&streamed, at + 1));
            assert!(error.message.contains(part), "{error}");
        }
        let text = [text.as_bytes(), b"\xff\n"].concat();
        let error = Windows::default().feed(&text, &mut |_| ()).unwrap_err();
        assert_eq!(error, History::read(text).unwrap_err());
        assert_eq!(error.line, lines.len() + 1);
    }
}
