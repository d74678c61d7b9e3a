//! Values that are put in once and come out at most once, whatever the order.
use super::{familiar::Clash, plain::Act, problem::NEVER};
use crate::model::Deed;

/// A value's way: when it may come, and when it may leave. What crashed may come whenever it is
/// seen; what nobody took never leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) enqueue: (u32, u32),
    pub(super) dequeue: (u32, u32),
    /// Its rank, where it has one.
    pub(super) rank: i64,
}

const ABSENT: (u32, u32) = (NEVER, NEVER);

/// What happens to a container whose values are distinct.
pub(super) struct Traffic {
    /// In the order in which they began to come; without those that crashed unseen.
    pub(super) passages: Vec<Passage>,
    /// When crashed calls began to take something, if anything.
    pub(super) takes: Vec<u32>,
    /// When it was seen empty.
    pub(super) empties: Vec<(u32, u32)>,
}

/// Sorts out acts by value; `None` where a value was put in twice, or a deed is none of these.
/// A value that came before it had left left after it had begun to come.
pub(super) fn of(acts: &[Act], values: u32) -> Option<Result<Traffic, Clash>> {
    let mut all = vec![Passage { enqueue: ABSENT, dequeue: ABSENT, rank: 0 }; values as usize];
    let mut came = Vec::with_capacity(values as usize);
    let (mut takes, mut empties, mut is_twice) = (Vec::new(), Vec::new(), false);
    for act in acts {
        let times = (act.invoked, act.completed);
        match act.deed {
            Deed::Enqueue(value) | Deed::EnqueueAs(value, _) => {
                let passage = all.get_mut(value as usize)?;
                if passage.enqueue != ABSENT {
                    return None;
                }
                passage.enqueue = times;
                if let Deed::EnqueueAs(_, rank) = act.deed {
                    passage.rank = rank;
                }
                came.push(value);
            }
            Deed::Dequeue(value) => {
                let passage = all.get_mut(value as usize)?;
                is_twice |= passage.dequeue != ABSENT;
                passage.dequeue = times;
            }
            Deed::Take => takes.push(act.invoked),
            Deed::FindEmpty => empties.push(times),
            _ => return None,
        }
    }
    let is_wrong = |p: &Passage| p.dequeue != ABSENT && p.dequeue.1 < p.enqueue.0;
    if is_twice || all.iter().any(is_wrong) {
        return Some(Err(Clash::at_end(acts)));
    }
    let passages = came.iter().map(|&value| narrowed(all[value as usize]));
    let passages = passages.filter(|passage| passage.enqueue.1 != NEVER).collect();
    Some(Ok(Traffic { passages, takes, empties }))
}

/// A value came before it had left, and left after it had begun to come.
fn narrowed(passage: Passage) -> Passage {
    let Passage { enqueue, dequeue, rank } = passage;
    Passage {
        enqueue: (enqueue.0, enqueue.1.min(dequeue.1)),
        dequeue: (dequeue.0.max(enqueue.0), dequeue.1),
        rank,
    }
}

impl Traffic {
    /// Judges it by a rule for traffic of which it is known what was taken, if that suffices:
    /// where there is an order with nothing taken by what crashed, and where there is none even if
    /// all that remained was taken, as soon as anything was.
    pub(super) fn judge(mut self, is_possible: impl Fn(&Traffic) -> bool) -> Option<bool> {
        if is_possible(&self) {
            return Some(true);
        }
        let Some(&first) = self.takes.first() else { return Some(false) };
        for passage in self.passages.iter_mut().filter(|passage| passage.dequeue == ABSENT) {
            passage.dequeue.0 = first.max(passage.enqueue.0);
        }
        if is_possible(&self) { None } else { Some(false) }
    }
}

impl Passage {
    /// From when to when the value certainly is within, if it is.
    pub(super) fn stay(&self) -> Option<(u32, u32)> {
        let (from, to) = (self.enqueue.1, self.dequeue.0);
        (from < to).then_some((from, to))
    }
}
