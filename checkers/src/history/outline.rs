//! What can be known of calls without looking at values.
use super::{History, Kind, NONE};

/// A client's invocation and how it ended; its values are left in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Row of the invocation.
    pub invoked: u32,
    /// Row of the completion; `u32::MAX` where there is none.
    pub completed: u32,
    /// Number of the process.
    pub process: u32,
    /// How it ended: `Ok`, `Fail`, or `Info`, also where there is no completion.
    pub kind: Kind,
}

impl History {
    /// Every client invocation with how it ended, in order.
    pub fn outlines(&self) -> impl Iterator<Item = Outline> + '_ {
        let rows = self.row_numbers().map(|row| (row, &self.rows[row as usize]));
        let invoked = rows.filter(|(_, r)| r.process != NONE && r.kind == Kind::Invoke);
        invoked.map(|(row, r)| {
            let ended = self.rows.get(r.pair as usize).map_or(Kind::Info, |pair| pair.kind);
            Outline { invoked: row, completed: r.pair, process: r.process, kind: ended }
        })
    }
}
