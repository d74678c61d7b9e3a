//! A queue that delivers at least once: does everything that was put in come out?
//!
//! The calls are those of [`crate::queue`]; a value that comes out twice is counted, not condemned.
use checkers::queue::Queue;

use crate::{Entry, queue};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "total-queue",
    about: "a queue that delivers at least once, drained in the end: lost, unexpected?",
    is_pinned: false,
    build: |_| queue::distinct_values(Box::new(Queue::AT_LEAST_ONCE)),
};
