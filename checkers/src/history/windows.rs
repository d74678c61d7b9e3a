//! A history that comes bit by bit: the ops of each key, kept until they are dropped.
//!
//! Of an invocation or an `ok` no more than the value is kept beside its row, so that a window is
//! half the size of its text.
use std::sync::Arc;

use super::{
    History, Kind, Malformed, NONE, Row,
    arrivals::{Arrived, Pairing},
};
use crate::stream::Watch;

/// All that was read and not dropped, key by key.
#[derive(Default)]
pub(crate) struct Windows {
    /// Keys in the order of their first ops.
    pub(crate) all: Vec<Window>,
    /// What the nemesis did, all of it.
    pub(crate) nemesis: Window,
    pairing: Pairing,
    /// The beginning of the next line.
    rest: Vec<u8>,
}

/// The ops of a key that are needed still.
#[derive(Default)]
pub(crate) struct Window {
    /// The key; none of ops without one.
    pub(crate) key: Option<u32>,
    /// How many ops there were, dropped or not: the place of the next row, were none dropped.
    pub(crate) ops: u64,
    /// How many rows in front are those of crashed calls that may take effect still.
    pub(crate) carried: u32,
    text: String,
    rows: Vec<Row>,
    /// The place of the first row, were none dropped.
    base: u32,
    is_closed: bool,
}

impl Windows {
    /// Takes in the next piece of the text, which may end anywhere.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    pub(crate) fn feed(&mut self, text: &[u8], watch: &mut Watch<'_>) -> Result<(), Malformed> {
        let Some(end) = memchr::memrchr(b'\n', text) else {
            self.rest.extend_from_slice(text);
            return Ok(());
        };
        let begin = memchr::memchr(b'\n', text).unwrap_or(end);
        self.rest.extend_from_slice(&text[..=begin]);
        let first = std::mem::take(&mut self.rest);
        self.take(&first, watch)?;
        self.take(text.get(begin + 1..=end).unwrap_or_default(), watch)?;
        self.rest.extend_from_slice(&text[end + 1..]);
        Ok(())
    }

    /// Takes in the last line, which need not be ended.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    pub(crate) fn end(&mut self, watch: &mut Watch<'_>) -> Result<(), Malformed> {
        let last = std::mem::take(&mut self.rest);
        self.take(&last, watch)?;
        if self.all.is_empty() && self.nemesis.ops == 0 {
            let message = "the history is empty: no op was recorded".into();
            return Err(Malformed { line: 1, message });
        }
        Ok(())
    }

    /// The names that rows refer to by number.
    pub(crate) fn names(&self) -> Arc<[Arc<str>]> {
        self.pairing.reader.names.as_slice().into()
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.all.iter().map(Window::bytes).sum()
    }

    fn take(&mut self, text: &[u8], watch: &mut Watch<'_>) -> Result<(), Malformed> {
        self.pairing.take(text, &mut self.all, &mut self.nemesis, watch)
    }
}

impl Window {
    /// The window of a key, with nothing in it.
    pub(super) fn of(key: Option<u32>) -> Window {
        Window { key, ..Window::default() }
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        (self.text.len() + self.rows.len() * size_of::<Row>()) as u64
    }

    /// Number of its rows.
    pub(crate) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Whether nothing more is wanted of its key.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Drops everything, now and for ever.
    pub(crate) fn close(&mut self) {
        *self = Window { key: self.key, ops: self.ops, is_closed: true, ..Window::default() };
    }

    /// Its rows as a history, which leaves it empty.
    pub(crate) fn take(&mut self, names: &Arc<[Arc<str>]>) -> History {
        History {
            text: Arc::new(std::mem::take(&mut self.text)),
            rows: Arc::new(std::mem::take(&mut self.rows)),
            names: names.clone(),
            selected: None,
            has_lines: false,
        }
    }

    /// Puts back what was taken.
    pub(crate) fn put_back(&mut self, history: History) {
        let History { text, rows, .. } = history;
        self.text = Arc::unwrap_or_clone(text);
        self.rows = Arc::unwrap_or_clone(rows);
    }

    /// Puts back what was taken, without the rows before `until`, but with these: the invocations
    /// of crashed calls, in order. No call that is open then, or completes later, may have been
    /// invoked before `until`.
    pub(crate) fn put_back_from(&mut self, history: &History, until: u32, left: &[u32]) {
        let kept = left.len() as u32;
        let place = |row: u32| match row.checked_sub(until) {
            Some(after) => Some(after + kept),
            None => left.binary_search(&row).ok().map(|place| place as u32),
        };
        for row in left.iter().copied().chain(until..history.rows.len() as u32) {
            let mut row = history.rows[row as usize];
            let text = history.kept(&row);
            row.pair = if row.pair == NONE { NONE } else { place(row.pair).unwrap_or(NONE) };
            row.line = self.text.len() as u64;
            self.text.push_str(text);
            self.rows.push(row);
        }
        self.base = self.base.wrapping_add(until).wrapping_sub(kept);
        self.carried = kept;
    }

    fn reserve_text(&mut self, wanted: usize) {
        self.text.reserve_exact(more(self.text.len(), self.text.capacity(), wanted));
    }

    /// Puts a row at its end, unless it is closed.
    pub(super) fn push(&mut self, arrived: &Arrived<'_>) {
        self.ops += 1;
        if self.is_closed {
            return;
        }
        let Arrived { mut row, line, .. } = *arrived;
        self.rows.reserve_exact(more(self.rows.len(), self.rows.capacity(), 1));
        let place = self.rows.len() as u32;
        if row.pair != NONE {
            let open = row.pair.wrapping_sub(self.base);
            row.pair = open;
            self.rows[open as usize].pair = place;
        }
        row.line = self.text.len() as u64;
        if has_line(row.kind) {
            self.reserve_text(line.len() + 1);
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            let value = &line[row.value_at as usize..][..row.value_len as usize];
            row.value_at = 0;
            self.reserve_text(value.len());
            self.text.push_str(value);
        }
        self.rows.push(row);
    }
}

impl History {
    /// The rows after which nothing is open but what crashed, from a row on at which that was so.
    pub(crate) fn quiet_after(&self, from: u32) -> Vec<u32> {
        let mut quiet = Vec::new();
        let mut open = 0_u32;
        for (place, row) in self.rows.iter().enumerate().skip(from as usize) {
            match row.kind {
                Kind::Invoke => {
                    let done = self.rows.get(row.pair as usize).map(|done| done.kind);
                    open += u32::from(matches!(done, None | Some(Kind::Ok)));
                }
                Kind::Ok => {
                    open -= 1;
                    if open == 0 {
                        quiet.push(place as u32 + 1);
                    }
                }
                Kind::Fail | Kind::Info => (),
            }
        }
        quiet
    }

    /// The first row that is the invocation of a call that is open still; their number where there
    /// is none.
    pub(crate) fn open_from(&self) -> u32 {
        let is_open = |row: &Row| row.kind == Kind::Invoke && row.pair == NONE;
        self.rows.iter().position(is_open).unwrap_or(self.rows.len()) as u32
    }

    /// The same ops, sharing nothing with other parts of the history.
    pub(crate) fn alone(&self) -> History {
        let mut window = Window::default();
        let rows: Vec<u32> = self.row_numbers().collect();
        let after = self.rows.len() as u32;
        window.put_back_from(self, after, &rows);
        History { has_lines: self.has_lines, ..window.take(&self.names) }
    }

    /// What the text has of a row.
    fn kept(&self, row: &Row) -> &str {
        let rest = &self.text[row.line as usize..];
        if self.has_lines || has_line(row.kind) {
            return &rest
                [..memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1)];
        }
        &rest[..row.value_len as usize]
    }
}

/// Whether more than the value of such an op is kept: why it did not end `ok`.
fn has_line(kind: Kind) -> bool {
    matches!(kind, Kind::Fail | Kind::Info)
}

/// By how much to make room: by a quarter more, not by as much again: there are many windows.
fn more(has: usize, room: usize, wanted: usize) -> usize {
    if room - has < wanted { wanted.max(has / 4).max(16) } else { 0 }
}
