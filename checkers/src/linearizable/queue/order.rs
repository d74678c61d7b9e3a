//! An order of the passages through a queue of which it is known that they have one.
//!
//! Each time it was found empty is put at an instant at which nothing was certainly within. These
//! instants cut the history into *epochs*, and every value comes and leaves in the one in which it
//! may first leave. Of two values the one that must come or leave first stands first in line, and
//! everything takes effect as early as it can. (Where one value must be before another, it is not
//! in a later epoch; and no three or more values must be before each other in a circle, since of
//! two intervals wholly before two others one is wholly before both.)
use super::{ABSENT, Discipline, Passage, in_turn, instant, narrow, spans, take};
use crate::{
    linearizable::{plain::Act, problem::NEVER},
    model::Deed,
};

/// A value on its way, and the numbers of the acts that brought it and took it.
struct Traveller {
    passage: Passage,
    came: u32,
    left: Option<u32>,
    epoch: usize,
}

/// When an act takes effect: its epoch, the instant, and who is first at that instant.
type Moment = (usize, u32, bool, usize);

/// As [`super::check`], the numbers of the acts in an order that they have.
pub(in crate::linearizable) fn order(
    acts: &[Act],
    values: u32,
    discipline: Discipline,
) -> Option<Vec<u32>> {
    let mut travellers = travellers(acts, values)?;
    let passages = travellers.iter().map(|traveller| traveller.passage);
    let spans = spans(&in_turn(passages, Discipline::Any).ok()?);
    let found_empty = acts.iter().enumerate().filter(|(_, act)| act.deed == Deed::FindEmpty);
    let mut empty: Vec<(u32, u32)> =
        found_empty.map(|(number, act)| (instant(act, &spans), number as u32)).collect();
    empty.sort_unstable();
    for traveller in &mut travellers {
        let leaves = traveller.passage.dequeue.0;
        traveller.epoch = empty.partition_point(|&(instant, _)| instant < leaves);
    }
    if discipline == Discipline::InTurn {
        travellers = in_line(travellers);
    }
    travellers.sort_by_key(|traveller| traveller.epoch);
    let mut moments = schedule(&travellers, &empty, discipline);
    let last = |(epoch, &(_, act))| ((epoch, NEVER, true, usize::MAX), act);
    moments.extend(empty.iter().enumerate().map(last));
    moments.sort_unstable();
    Some(moments.into_iter().map(|(_, act)| act).collect())
}

/// The values that certainly came, in order of their coming.
fn travellers(acts: &[Act], values: u32) -> Option<Vec<Traveller>> {
    let mut passages = vec![Passage { enqueue: ABSENT, dequeue: ABSENT }; values as usize];
    let mut left = vec![None; values as usize];
    let (mut came, mut takes) = (Vec::new(), Vec::new());
    for (number, act) in acts.iter().enumerate() {
        let (number, times) = (number as u32, (act.invoked, act.completed));
        match act.deed {
            Deed::Enqueue(value) => {
                let enqueue = &mut passages.get_mut(value as usize)?.enqueue;
                if std::mem::replace(enqueue, times) != ABSENT {
                    return None;
                }
                came.push((value as usize, number));
            }
            Deed::Dequeue(value) => {
                passages.get_mut(value as usize)?.dequeue = times;
                left[value as usize] = Some(number);
            }
            Deed::Take => takes.push(number),
            _ => (),
        }
    }
    narrow(&mut passages).ok()?;
    let invoked: Vec<u32> = takes.iter().map(|&act| acts[act as usize].invoked).collect();
    for (value, act) in take(&mut passages, &invoked).into_iter().zip(takes) {
        left[value] = Some(act);
        // Before all that never leaves.
        passages[value].dequeue.1 = NEVER - 1;
    }
    let travellers = came.into_iter().map(|(value, came)| Traveller {
        passage: passages[value],
        came,
        left: left[value],
        epoch: 0,
    });
    Some(travellers.filter(|traveller| traveller.passage.enqueue.1 != NEVER).collect())
}

/// Lets through what began before anything that is left has ended.
struct Gate {
    /// Beginning and number, in order.
    begin: Vec<(u32, usize)>,
    /// End and number, in order.
    end: Vec<(u32, usize)>,
    begun: usize,
    ended: usize,
}

impl Gate {
    fn new(intervals: impl Iterator<Item = (u32, u32)> + Clone) -> Gate {
        let numbered = |times: Vec<u32>| {
            let mut numbered: Vec<(u32, usize)> =
                times.into_iter().enumerate().map(|(number, time)| (time, number)).collect();
            numbered.sort_unstable();
            numbered
        };
        let begin = numbered(intervals.clone().map(|interval| interval.0).collect());
        let end = numbered(intervals.map(|interval| interval.1).collect());
        Gate { begin, end, begun: 0, ended: 0 }
    }

    /// The next to be let through, if any is, while these are gone.
    fn next(&mut self, gone: &[bool]) -> Option<usize> {
        while gone[self.end.get(self.ended)?.1] {
            self.ended += 1;
        }
        let (begin, number) = *self.begin.get(self.begun)?;
        let may_pass = begin <= self.end[self.ended].0;
        self.begun += usize::from(may_pass);
        may_pass.then_some(number)
    }
}

/// Each behind all that must come or leave before it.
fn in_line(travellers: Vec<Traveller>) -> Vec<Traveller> {
    let passages = travellers.iter().map(|traveller| traveller.passage);
    let mut gates = [
        Gate::new(passages.clone().map(|passage| passage.enqueue)),
        Gate::new(passages.map(|passage| passage.dequeue)),
    ];
    let mut gone = vec![false; travellers.len()];
    let mut passed = vec![0; travellers.len()];
    let mut places = vec![usize::MAX; travellers.len()];
    let mut ready = Vec::new();
    for place in 0..travellers.len() {
        for gate in &mut gates {
            while let Some(number) = gate.next(&gone) {
                passed[number] += 1;
                if passed[number] == 2 {
                    ready.push(number);
                }
            }
        }
        let Some(number) = ready.pop() else { break };
        gone[number] = true;
        places[number] = place;
    }
    let mut line: Vec<_> = places.into_iter().zip(travellers).collect();
    line.sort_by_key(|(place, _)| *place);
    line.into_iter().map(|(_, traveller)| traveller).collect()
}

/// Everything as early as it can, behind the instant at which its epoch begins.
fn schedule(
    line: &[Traveller],
    empty: &[(u32, u32)],
    discipline: Discipline,
) -> Vec<(Moment, u32)> {
    let mut moments = Vec::with_capacity(2 * line.len() + empty.len());
    let (mut comes, mut leaves) = (0, 0);
    for (place, traveller) in line.iter().enumerate() {
        let Traveller { passage, came, left, epoch } = *traveller;
        if discipline == Discipline::Any {
            (comes, leaves) = (0, 0);
        }
        let start = epoch.checked_sub(1).map_or(0, |before| empty[before].0);
        comes = passage.enqueue.0.max(start).max(comes);
        moments.push(((epoch, comes, false, place), came));
        if let Some(left) = left {
            leaves = passage.dequeue.0.max(comes).max(leaves);
            moments.push(((epoch, leaves, true, place), left));
        }
    }
    moments
}
