//! Ops as they come, for whoever counts them.
use super::{History, Kind, Nanos, Process, Text, reader};

/// An op of a history that comes bit by bit.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The `index` the history gives it; its place, from 0, where it gives none.
    pub index: u32,
    /// Nanoseconds since the start.
    pub time: Nanos,
    /// Who invoked.
    pub process: Process,
    /// Invocation, or how it ended.
    pub kind: Kind,
    /// The function asked for.
    pub f: &'a str,
    /// The node that the call was invoked on.
    pub node: Option<&'a str>,
    /// When the call was invoked; when it was written down where there was no invocation, as of the
    /// nemesis there need not be.
    pub invoked: Nanos,
    /// When the invocation should have begun, where that was earlier.
    pub due: Option<Nanos>,
    /// From its line on.
    pub(super) rest: Text<'a>,
}

impl Seen<'_> {
    /// Why it did not end `ok`, where it says so.
    pub fn error(&self) -> Option<String> {
        self.rest.as_str().lines().next().and_then(reader::error)
    }
}

impl History {
    /// Every op as it came.
    pub fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.ops().map(|op| {
            let is_invocation = op.kind == Kind::Invoke;
            let asked = self.pair(op.row).filter(|_| !is_invocation).unwrap_or(op);
            let line = self.rows[op.row as usize].line as usize;
            Seen {
                index: op.index,
                time: op.time,
                process: op.process,
                kind: op.kind,
                f: op.f,
                node: asked.node,
                invoked: asked.time,
                due: self.due(asked.row).filter(|&due| due != asked.time),
                rest: Text { text: &self.text, from: line, until: self.text.len() },
            }
        })
    }
}
