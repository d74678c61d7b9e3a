//! Who is busy, counted.
use super::{Thread, Threads};

/// A Fenwick tree (Fenwick 1994) of the client threads in the middle of an op, and the nemesis
/// beside it: a thread is marked, and a run of threads counted, in O(log threads); all in O(1).
pub(super) struct InFlight {
    total: u32,
    nemesis: u32,
    sums: Vec<u32>,
}

impl InFlight {
    pub(super) fn new(concurrency: u32) -> InFlight {
        InFlight { total: 0, nemesis: 0, sums: vec![0; concurrency as usize + 1] }
    }

    /// The thread begins an op, or ends it.
    pub(super) fn set(&mut self, thread: Thread, is_busy: bool) {
        let change = if is_busy { 1 } else { u32::MAX }; // Minus one.
        self.total = self.total.wrapping_add(change);
        match thread {
            Thread::Nemesis => self.nemesis = self.nemesis.wrapping_add(change),
            Thread::Client(i) => {
                let mut at = i as usize + 1;
                while at < self.sums.len() {
                    self.sums[at] = self.sums[at].wrapping_add(change);
                    at += at & at.wrapping_neg();
                }
            }
        }
    }

    /// How many of these are busy.
    pub(super) fn count(&self, threads: Threads) -> u32 {
        let clients = threads.client_range(self.sums.len() as u32 - 1);
        let nemesis = if threads.contains(Thread::Nemesis) { self.nemesis } else { 0 };
        if clients.is_empty() {
            return nemesis;
        }
        nemesis + self.below(clients.end) - self.below(clients.start)
    }

    fn below(&self, end: u32) -> u32 {
        if end as usize == self.sums.len() - 1 {
            return self.total - self.nemesis;
        }
        let mut at = end as usize;
        let mut sum = 0;
        while at > 0 {
            sum += self.sums[at];
            at &= at - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_list(
            n in 1u32..40, flips in prop::collection::vec(0u32..41, 0..100), a in 0u32..41, b in 0u32..41,
        ) {
            let mut busy = vec![false; n as usize + 1];
            let mut counted = InFlight::new(n);
            for flip in flips {
                let i = flip % (n + 1);
                let thread = if i == n { Thread::Nemesis } else { Thread::Client(i) };
                busy[i as usize] = !busy[i as usize];
                counted.set(thread, busy[i as usize]);
            }
            let all = busy.iter().filter(|busy| **busy).count() as u32;
            prop_assert_eq!(counted.count(Threads::ALL), all);
            let (a, b) = (a.min(n), b.min(n));
            let some = busy.get(a as usize..b as usize).unwrap_or_default();
            let some = some.iter().filter(|busy| **busy).count() as u32;
            prop_assert_eq!(counted.count(Threads::clients(a, b)), some);
            prop_assert_eq!(counted.count(Threads::NEMESIS), u32::from(busy[n as usize]));
        }
    }
}
