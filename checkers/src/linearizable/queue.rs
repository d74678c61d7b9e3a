//! Queues into which no value is put twice: decided in linear time.
//!
//! A history of such a queue has an order unless a value leaves twice, or from nowhere, or before
//! it came; or two values leave in the wrong order: one came wholly before the other, and left
//! wholly after it; or the queue was found empty while at every instant some value was certainly
//! within (Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", 2013; for
//! the pairs also Emmi and Enea, "Sound, complete, and tractable linearizability monitoring for
//! concurrent collections", 2018).
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{familiar::Clash, plain::Act, problem::NEVER};
use crate::model::Deed;

mod order;

pub(super) use order::order;

/// Which value leaves next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Discipline {
    /// The one that came first.
    InTurn,
    /// Any: of the rules above, the one for two values falls away.
    Any,
}

/// A value's way through the queue. What crashed may come whenever it is seen, and leave never.
#[derive(Clone, Copy)]
struct Passage {
    enqueue: (u32, u32),
    dequeue: (u32, u32),
}

const ABSENT: (u32, u32) = (NEVER, NEVER);

/// Whether there is an order; `None` where a value was put in twice, or a deed is none of a queue.
pub(super) fn check(
    acts: &[Act],
    values: u32,
    discipline: Discipline,
) -> Option<Result<(), Clash>> {
    let mut passages = vec![Passage { enqueue: ABSENT, dequeue: ABSENT }; values as usize];
    let mut came = Vec::with_capacity(values as usize);
    let (mut twice, mut takes) = (None, Vec::new());
    for act in acts {
        let times = (act.invoked, act.completed);
        match act.deed {
            Deed::Enqueue(value) => {
                let passage = passages.get_mut(value as usize)?;
                if passage.enqueue != ABSENT {
                    return None;
                }
                passage.enqueue = times;
                came.push(value);
            }
            Deed::Dequeue(value) => {
                let passage = passages.get_mut(value as usize)?;
                if passage.dequeue != ABSENT {
                    twice = twice.or(Some(Clash(times.1.max(passage.dequeue.1))));
                }
                passage.dequeue = times;
            }
            Deed::Take => takes.push(act.invoked),
            Deed::FindEmpty => (),
            _ => return None,
        }
    }
    if let Some(clash) = twice {
        return Some(Err(clash));
    }
    Some(narrow(&mut passages).and_then(|()| {
        take(&mut passages, &takes);
        let passages = came.iter().map(|&value| passages[value as usize]);
        let within = in_turn(passages.filter(|passage| passage.enqueue.1 != NEVER), discipline)?;
        empty(acts, &within)
    }))
}

/// A crashed dequeue may have taken any value that nobody saw again, and no other. The values that
/// came first hinder most where they stay, and the earlier they may leave the better: so the n-th
/// crashed dequeue took the n-th of them. (Exchange two, and each is within for no less long.)
/// Which those are.
fn take(passages: &mut [Passage], takes: &[u32]) -> Vec<usize> {
    if takes.is_empty() {
        return Vec::new();
    }
    let is_left = |p: &Passage| p.dequeue == ABSENT && p.enqueue.1 != NEVER;
    let mut left: Vec<usize> = (0..passages.len()).filter(|&at| is_left(&passages[at])).collect();
    left.sort_unstable_by_key(|&value| passages[value].enqueue.1);
    left.truncate(takes.len());
    for (&value, &invoked) in left.iter().zip(takes) {
        passages[value].dequeue.0 = invoked.max(passages[value].enqueue.0);
    }
    left
}

/// A value came before it had left, and left after it had begun to come.
fn narrow(passages: &mut [Passage]) -> Result<(), Clash> {
    for passage in passages.iter_mut().filter(|passage| passage.dequeue != ABSENT) {
        if passage.enqueue == ABSENT || passage.dequeue.1 < passage.enqueue.0 {
            return Err(Clash(passage.dequeue.1));
        }
        passage.enqueue.1 = passage.enqueue.1.min(passage.dequeue.1);
        passage.dequeue.0 = passage.dequeue.0.max(passage.enqueue.0);
    }
    Ok(())
}

/// No value came wholly before another and left wholly after it, if they leave in turn. Takes them in the order in which
/// they began to come. Gives for each that stayed a while from when to when it certainly was
/// within, in order.
fn in_turn(
    passages: impl Iterator<Item = Passage>,
    discipline: Discipline,
) -> Result<Vec<(u32, u32)>, Clash> {
    let mut within = Vec::new();
    let mut coming: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    // Of the values that had come wholly before, when the last began to leave.
    let mut latest = 0;
    let mut arrive = |(came, leaves): (u32, u32), latest: &mut u32| {
        *latest = leaves.max(*latest);
        if came < leaves {
            within.push((came, leaves));
        }
    };
    for passage in passages {
        while let Some(before) = coming.peek().filter(|before| before.0.0 < passage.enqueue.0) {
            arrive(before.0, &mut latest);
            coming.pop();
        }
        if passage.dequeue.1 < latest && discipline == Discipline::InTurn {
            return Err(Clash(latest));
        }
        coming.push(Reverse((passage.enqueue.1, passage.dequeue.0)));
    }
    while let Some(Reverse(last)) = coming.pop() {
        arrive(last, &mut latest);
    }
    Ok(within)
}

/// Whenever the queue was found empty there was an instant at which nothing was certainly in it.
fn empty(acts: &[Act], within: &[(u32, u32)]) -> Result<(), Clash> {
    let is_empty = |act: &&Act| act.deed == Deed::FindEmpty;
    if !acts.iter().any(|act| is_empty(&act)) {
        return Ok(());
    }
    let spans = spans(within);
    let is_never = |act: &&Act| act.completed < instant(act, &spans);
    match acts.iter().filter(is_empty).find(is_never) {
        Some(act) => Err(Clash(act.completed)),
        None => Ok(()),
    }
}

/// Spans throughout which something was within, as long as can be.
fn spans(within: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for &(from, to) in within {
        match spans.last_mut().filter(|span| from < span.1) {
            Some(span) => span.1 = span.1.max(to),
            None => spans.push((from, to)),
        }
    }
    spans
}

/// The first instant, from its invocation on, at which an act can have found nothing.
fn instant(act: &Act, spans: &[(u32, u32)]) -> u32 {
    let before = &spans[..spans.partition_point(|span| span.0 < act.invoked)];
    before.last().map_or(act.invoked, |span| span.1.max(act.invoked))
}

#[cfg(test)]
mod tests {
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, model::FifoQueue, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(FifoQueue::default()).check(&history, &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some("queue")));
    }

    const TWO: &str = "0: |- enqueue 1 -| |- enqueue 2 -|";

    #[test]
    fn what_stays_behind_blocks_what_came_after() {
        check(&format!("{TWO} |- dequeue -> 2 -|"), Valid::Invalid);
        check(&format!("{TWO} |- dequeue -> 2 -|\n1: |- dequeue -> 1 -|"), Valid::Valid);
        check("0: |- enqueue 1 -~\n1: |- enqueue 2 -| |- dequeue -> 2 -|", Valid::Valid);
    }

    #[test]
    fn a_crashed_dequeue_took_one_and_only_one() {
        check(&format!("{TWO} |- dequeue -> 2 -|\n1: |- dequeue -~"), Valid::Valid);
        check(&format!("{TWO} |- dequeue -> null -|\n1: |- dequeue -~"), Valid::Invalid);
        check(
            &format!("{TWO} |- dequeue -> null -|\n1: |- dequeue -~\n2: |- dequeue -~"),
            Valid::Valid,
        );
    }

    #[test]
    fn a_value_leaves_once_and_after_it_came() {
        check("0: |- dequeue -> 1 -| |- enqueue 1 -|", Valid::Invalid);
        check("0: |- enqueue 1 -| |- dequeue -> 1 -| |- dequeue -> 1 -|", Valid::Invalid);
        check("0: |- dequeue -> 1 -|", Valid::Invalid);
    }
}
