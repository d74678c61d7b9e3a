//! How long nothing is to be had, for whom, and what would change that.
use checkers::Nanos;

use super::Thread;

/// A run of neighbouring threads: clients in order, and after the last of them the nemesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threads {
    first: u32,
    last: u32,
}

/// Where the nemesis stands: after every client.
const NEMESIS: u32 = u32::MAX;

impl Threads {
    /// Every client, and the nemesis.
    pub const ALL: Threads = Threads { first: 0, last: NEMESIS };
    /// Every client.
    pub const CLIENTS: Threads = Threads { first: 0, last: NEMESIS - 1 };
    /// The nemesis.
    pub const NEMESIS: Threads = Threads { first: NEMESIS, last: NEMESIS };
    /// No thread.
    pub const NONE: Threads = Threads { first: 1, last: 0 };

    /// The client threads from `first` to before `end`.
    pub fn clients(first: u32, end: u32) -> Threads {
        if first < end { Threads { first, last: end - 1 } } else { Threads::NONE }
    }

    /// This thread alone.
    pub fn one(thread: Thread) -> Threads {
        let at = place(thread);
        Threads { first: at, last: at }
    }

    /// Whether the thread is one of these.
    pub fn contains(self, thread: Thread) -> bool {
        (self.first..=self.last).contains(&place(thread))
    }

    /// Whether these are no threads.
    pub fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// Whether this is a single thread.
    pub fn is_one(self) -> bool {
        self.first == self.last
    }

    /// Those in both runs.
    pub fn and(self, other: Threads) -> Threads {
        let both = Threads { first: self.first.max(other.first), last: self.last.min(other.last) };
        if both.is_empty() { Threads::NONE } else { both }
    }

    /// The shortest run with both in it.
    pub fn hull(self, other: Threads) -> Threads {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Threads { first: self.first.min(other.first), last: self.last.max(other.last) },
        }
    }

    /// The neighbours of `thread` that, like itself, are not among these.
    pub(super) fn outside(self, thread: Thread) -> Threads {
        let at = place(thread);
        if self.is_empty() {
            Threads::ALL
        } else if at < self.first {
            Threads { first: 0, last: self.first - 1 }
        } else {
            Threads { first: self.last.saturating_add(1), last: NEMESIS }
        }
    }

    /// The clients among these, of `concurrency` there are: from the first to before the end.
    pub(super) fn client_range(self, concurrency: u32) -> std::ops::Range<u32> {
        if self.is_empty() {
            return 0..0;
        }
        self.first.min(concurrency)..self.last.saturating_add(1).min(concurrency)
    }
}

fn place(thread: Thread) -> u32 {
    match thread {
        Thread::Client(i) => i,
        Thread::Nemesis => NEMESIS,
    }
}

/// Nothing for any thread of a run, before a time or an event on certain threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub(super) until: Option<Nanos>,
    /// For whom there is nothing.
    pub(super) whom: Threads,
    /// Whose ops may change that.
    pub(super) whose: Threads,
}

impl Wait {
    /// For all threads that may ask, until then or the next event.
    pub fn all(until: Option<Nanos>) -> Wait {
        Wait { until, whom: Threads::ALL, whose: Threads::ALL }
    }

    /// For this thread alone, until then or the next event.
    pub fn alone(thread: Thread, until: Option<Nanos>) -> Wait {
        Wait { until, whom: Threads::one(thread), whose: Threads::ALL }
    }

    /// For these threads until [`Context::ask_again`](super::Context::ask_again), whatever happens.
    pub fn never(whom: Threads) -> Wait {
        Wait { until: None, whom, whose: Threads::NONE }
    }

    /// The same of a generator that is asked by these threads only, and sees only their ops.
    pub(super) fn within(self, whom: Threads, whose: Threads) -> Wait {
        Wait { whom: self.whom.and(whom), whose: self.whose.and(whose), ..self }
    }

    /// What is left when both hold.
    pub fn and(self, other: Wait) -> Wait {
        Wait {
            until: earliest(self.until, other.until),
            whom: self.whom.and(other.whom),
            whose: self.whose.hull(other.whose),
        }
    }

    /// The same, but no longer than to this time.
    pub fn at_most(self, until: Nanos) -> Wait {
        Wait { until: earliest(self.until, Some(until)), ..self }
    }

    /// The same, but not to a time before this, where it has one.
    pub(super) fn not_before(self, time: Nanos) -> Wait {
        Wait { until: self.until.map(|until| until.max(time)), ..self }
    }
}

/// The earlier of two times, where `None` is never.
pub(super) fn earliest(a: Option<Nanos>, b: Option<Nanos>) -> Option<Nanos> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_meet_and_join() {
        let (a, b) = (Threads::clients(0, 5), Threads::clients(3, 9));
        assert_eq!(a.and(b), Threads::clients(3, 5));
        assert_eq!(a.hull(b), Threads::clients(0, 9));
        assert!(a.and(Threads::NEMESIS).is_empty());
        assert_eq!(a.hull(Threads::NONE), a);
        assert_eq!(Threads::CLIENTS.hull(Threads::NEMESIS), Threads::ALL);
    }

    #[test]
    fn whoever_is_outside_has_neighbours_outside() {
        assert_eq!(Threads::CLIENTS.outside(Thread::Nemesis), Threads::NEMESIS);
        assert_eq!(Threads::NEMESIS.outside(Thread::Client(3)), Threads::CLIENTS);
        let middle = Threads::clients(2, 4);
        assert_eq!(middle.outside(Thread::Client(1)), Threads::clients(0, 2));
        assert!(middle.outside(Thread::Client(4)).contains(Thread::Nemesis));
    }

    #[test]
    fn of_two_waits_the_shorter_holds_for_those_in_both() {
        let nemesis = Wait::never(Threads::CLIENTS);
        let both = nemesis.and(Wait::all(Some(7)));
        assert_eq!((both.until, both.whom, both.whose), (Some(7), Threads::CLIENTS, Threads::ALL));
    }
}
