//! A bag: what went in comes out once, in any order.
use std::{collections::BTreeMap, fmt};

use super::{Content, Familiar, Queue};
use crate::Datum;

/// A queue without an order: `enqueue v`, `dequeue -> v`. A dequeue that is ok and answers `null`
/// found it empty.
pub type UnorderedQueue = Queue<Bag>;

/// What is in the bag, and how many of those were taken by dequeues that crashed.
///
/// What a crashed dequeue took is decided as late as can be: the state counts how many elements
/// are missing, and a dequeue that finds the bag empty says which. That loses nothing, since a
/// crashed call may take effect as late as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bag {
    counts: BTreeMap<Datum, usize>,
    missing: usize,
}

impl Bag {
    fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

impl Content for Bag {
    type Value = Datum;

    const VERBS: [&'static str; 2] = ["enqueue", "dequeue"];
    const FAMILIAR: Option<Familiar<'static>> = Some(Familiar::EmptyBag);

    fn size(&self) -> usize {
        self.total() - self.missing
    }

    fn count(&self, value: &Datum) -> usize {
        self.counts.get(value).copied().unwrap_or(0)
    }

    fn with(&self, value: &Datum) -> Bag {
        let mut bag = self.clone();
        *bag.counts.entry(value.clone()).or_default() += 1;
        bag
    }

    fn without(&self, value: Option<&Datum>) -> Option<Bag> {
        if self.size() == 0 {
            return None;
        }
        let mut bag = self.clone();
        match value.map(|value| (value, self.count(value))) {
            None => bag.missing += 1,
            Some((_, 0)) => return None,
            Some((value, 1)) => drop(bag.counts.remove(value)),
            Some((value, count)) => drop(bag.counts.insert(value.clone(), count - 1)),
        }
        Some(bag)
    }
}

impl fmt::Display for Bag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.counts.iter().map(|(value, count)| match count {
            1 => value.to_string(),
            _ => format!("{count} x {value}"),
        });
        write!(f, "{{{}}}", each.collect::<Vec<_>>().join(", "))?;
        match self.missing {
            0 => Ok(()),
            missing => write!(f, " less {missing}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::queue::check, *};
    use crate::Valid;

    #[test]
    fn elements_leave_in_any_order_but_once() {
        let enqueued = "0: |- enqueue 1 -| |- enqueue 2 -| ";
        let check = check::<Bag>;
        check("[]", &format!("{enqueued} |- dequeue -> 2 -| |- dequeue -> 1 -|"), Valid::Valid);
        check("[]", &format!("{enqueued} |- dequeue -> 2 -| |- dequeue -> 2 -|"), Valid::Invalid);
        check("[2]", &format!("{enqueued} |- dequeue -> 2 -| |- dequeue -> 2 -|"), Valid::Valid);
    }
}
