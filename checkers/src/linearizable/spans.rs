//! The times at which something is certain, as far as they are known.
use std::collections::BTreeMap;

/// Times that are covered: each span from one row to another, no two of them overlapping.
#[derive(Default)]
pub(super) struct Spans(BTreeMap<u32, u32>);

impl Spans {
    /// Covers all between two rows.
    pub(super) fn cover(&mut self, (mut from, mut to): (u32, u32)) {
        while let Some((&start, &end)) = self.0.range(..to).next_back().filter(|s| *s.1 > from) {
            self.0.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        self.0.insert(from, to);
    }

    /// Whether there is an instant between two rows that is not covered.
    pub(super) fn leave_room(&self, (from, to): (u32, u32)) -> bool {
        let before = self.0.range(..=from).next_back();
        before.is_none_or(|(_, &end)| end < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_become_one() {
        let mut spans = Spans::default();
        for span in [(1, 3), (7, 9), (4, 5), (2, 8)] {
            spans.cover(span);
        }
        assert_eq!(spans.0, BTreeMap::from([(1, 9)]));
        assert!(!spans.leave_room((1, 9)) && !spans.leave_room((4, 6)));
        assert!(spans.leave_room((0, 2)) && spans.leave_room((8, 10)));
    }

    #[test]
    fn between_spans_there_is_room() {
        let mut spans = Spans::default();
        spans.cover((1, 3));
        spans.cover((4, 6));
        assert!(spans.leave_room((2, 5)) && !spans.leave_room((2, 3)));
    }
}
