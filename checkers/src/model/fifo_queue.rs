//! A queue: first in, first out.
use std::{collections::VecDeque, fmt};

use super::{Content, Familiar, Queue, join};
use crate::Datum;

/// A queue: `enqueue v`, `dequeue -> v`. A dequeue that is ok and answers `null` found it empty.
pub type FifoQueue = Queue<Waiting>;

/// What is in the queue, the next to leave first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waiting(VecDeque<Datum>);

impl Content for Waiting {
    type Value = Datum;

    const VERBS: [&'static str; 2] = ["enqueue", "dequeue"];
    const FAMILIAR: Option<Familiar<'static>> = Some(Familiar::EmptyQueue);

    fn size(&self) -> usize {
        self.0.len()
    }

    fn count(&self, value: &Datum) -> usize {
        self.0.iter().filter(|waiting| *waiting == value).count()
    }

    fn with(&self, value: &Datum) -> Waiting {
        Waiting(self.0.iter().cloned().chain([value.clone()]).collect())
    }

    fn without(&self, value: Option<&Datum>) -> Option<Waiting> {
        let front = self.0.front()?;
        value
            .is_none_or(|value| value == front)
            .then(|| Waiting(self.0.iter().skip(1).cloned().collect()))
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", join(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::queue::check, *};
    use crate::Valid;

    #[test]
    fn what_came_first_leaves_first() {
        let enqueued = "0: |- enqueue 1 -| |- enqueue 2 -| ";
        let check = check::<Waiting>;
        check("[]", &format!("{enqueued} |- dequeue -> 1 -| |- dequeue -> 2 -|"), Valid::Valid);
        check("[]", &format!("{enqueued} |- dequeue -> 2 -|"), Valid::Invalid);
        check("[2]", &format!("{enqueued} |- dequeue -> 2 -|"), Valid::Valid);
        let crashed = format!("{enqueued} |- dequeue -~\n1: {:40}|- dequeue -> 2 -|", "");
        check("[]", &crashed, Valid::Valid);
    }
}
