//! The ends of acts, one after the other, as time goes by.
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{plain::Act, problem::NEVER};

/// One end of an act, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It was invoked.
    Invoked(u32),
    /// It completed.
    Completed(u32),
}

/// All events of acts that are in order of invocation. No more is kept than what is open.
pub(super) struct Events<'a> {
    acts: &'a [Act],
    next: usize,
    /// Completions to come, with their acts.
    open: BinaryHeap<Reverse<(u32, u32)>>,
}

impl<'a> Events<'a> {
    pub(super) fn of(acts: &'a [Act]) -> Events<'a> {
        Events { acts, next: 0, open: BinaryHeap::new() }
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let act = self.acts.get(self.next);
        let invoked = act.map_or(NEVER, |act| act.invoked);
        if self.open.peek().is_some_and(|first| first.0.0 < invoked) {
            return self.open.pop().map(|Reverse((_, number))| Event::Completed(number));
        }
        let act = act?;
        let number = self.next as u32;
        self.next += 1;
        if act.completed != NEVER {
            self.open.push(Reverse((act.completed, number)));
        }
        Some(Event::Invoked(number))
    }
}
