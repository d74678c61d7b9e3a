//! Who wrote a value, as far as values tell.

/// The transactions that wrote one value of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Writer {
    /// Nobody.
    Nobody,
    /// A transaction that failed, and nobody else.
    Failed(u32),
    /// A transaction that happened or may have.
    Committed(u32),
    /// More than one.
    Several,
}

impl Writer {
    /// Another transaction wrote the same.
    #[must_use]
    pub fn or(self, txn: u32, failed: bool) -> Writer {
        match (self, failed) {
            (Writer::Nobody, true) => Writer::Failed(txn),
            (Writer::Nobody | Writer::Failed(_), false) => Writer::Committed(txn),
            (writer, true) => writer,
            (Writer::Committed(_) | Writer::Several, false) => Writer::Several,
        }
    }

    /// The only transaction that may have.
    pub fn committed(self) -> Option<u32> {
        match self {
            Writer::Committed(txn) => Some(txn),
            _ => None,
        }
    }
}
