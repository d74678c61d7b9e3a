//! What is known of one element of a set.
use crate::Datum;

/// One element: who added it, who saw it, who missed it. All are rows of the history, but for
/// `last_seen` and `last_missed`, which count reads in order of invocation.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) value: Datum,
    /// Invocation of the first add that may have happened.
    pub(super) added: Option<u32>,
    /// First completion of an ok add.
    pub(super) acknowledged: Option<u32>,
    /// First completion of a read that saw it.
    pub(super) first_seen: Option<u32>,
    /// Last completion of a read that saw it.
    pub(super) seen_until: Option<u32>,
    /// The latest-invoked read that saw it.
    pub(super) last_seen: Option<Sighting>,
    /// The latest-invoked read that missed it though it was known.
    pub(super) last_missed: Option<Sighting>,
    /// A read that saw it before anybody can have added it.
    pub(super) unexpected: Option<u32>,
    /// A read that saw it twice.
    pub(super) duplicated: Option<u32>,
}

/// A read, by its place in the order of invocations and by its two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) read: u32,
    pub(super) invoked: u32,
    pub(super) row: u32,
}

/// What became of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Every read that had to see it did.
    Kept,
    /// Missed, and seen by no read that ended after that one began: a read at the same time that
    /// has it would show that it is still there.
    Lost,
    /// Missed, and seen again, or at the same time.
    Stale,
    /// Known, but nobody read the set after that.
    NeverRead,
    /// Never known.
    Unknown,
}

impl Element {
    pub(super) fn new(value: Datum) -> Element {
        Element {
            value,
            added: None,
            acknowledged: None,
            first_seen: None,
            seen_until: None,
            last_seen: None,
            last_missed: None,
            unexpected: None,
            duplicated: None,
        }
    }

    /// The row at which it was first spoken of, in an add that may have happened or by a read.
    pub(super) fn appeared(&self) -> Option<u32> {
        self.added.into_iter().chain(self.first_seen).min()
    }

    /// The row from which on every read must see it.
    pub(super) fn known(&self) -> Option<u32> {
        let rows = self.acknowledged.into_iter().chain(self.first_seen);
        rows.min()
    }

    /// What became of it, where so many reads were invoked after it was known.
    pub(super) fn fate(&self, reads_after: usize) -> Fate {
        match (self.known(), self.last_missed, self.seen_until) {
            (None, ..) => Fate::Unknown,
            (_, Some(missed), Some(seen)) if seen > missed.invoked => Fate::Stale,
            (_, Some(_), _) => Fate::Lost,
            (_, None, None) if reads_after == 0 => Fate::NeverRead,
            (_, None, _) => Fate::Kept,
        }
    }

    /// Whether an add of it crashed and none was acknowledged, and yet it was seen.
    pub(super) fn is_recovered(&self) -> bool {
        self.added.is_some() && self.acknowledged.is_none() && self.first_seen.is_some()
    }

    /// The read that shows the anomaly of this name.
    pub(super) fn evidence(&self, anomaly: &str) -> Option<u32> {
        match anomaly {
            "unexpected" => self.unexpected,
            "duplicated" => self.duplicated,
            _ => self.last_missed.map(|sighting| sighting.row),
        }
    }
}
