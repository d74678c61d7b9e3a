//! Locks, and semaphores whose calls all move as many permits: decided in the time it takes to
//! sort.
//!
//! Just in time (Lowe, "Testing for linearizability", 2017): a call is placed when it, or one
//! after it, must return. Where all calls move one permit, what was placed can be placed in any
//! order that never lacks one, so a configuration is no more than the set of placed calls, and one
//! that has placed fewer can still become any that has placed more: those that release and those
//! that acquire just alternate. So nothing is ever placed but the call that returns, and before it,
//! if it does not fit, one that makes it fit: of those that are open, the first to return, since
//! two of a kind may be exchanged. A crashed call returns last of all, and is placed only so.
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    events::{Event, Events},
    familiar::Clash,
    plain::Act,
};
use crate::model::Deed;

/// Calls that were invoked and not placed, the first to return on top.
type Open = BinaryHeap<Reverse<(u32, u32)>>;

/// An order, if there is one; `None` where some calls move more permits than others.
pub(super) fn order(acts: &[Act], free: u32, taken: u32) -> Option<Result<Vec<u32>, Clash>> {
    let unit = acts.first().map_or(Some(1), |act| moved(act).map(|(_, n)| n))?;
    let is_unit = |act: &Act| moved(act).is_some_and(|(_, n)| n == unit);
    if unit == 0 || !acts.iter().all(is_unit) {
        return None;
    }
    let mut places = [free / unit, taken / unit];
    let mut open = [Open::new(), Open::new()];
    let mut order = Vec::with_capacity(acts.len());
    for event in Events::of(acts) {
        match event {
            Event::Invoked(number) => {
                let act = &acts[number as usize];
                open[moved(act)?.0].push(Reverse((act.completed, number)));
            }
            Event::Completed(number) => {
                let act = &acts[number as usize];
                let (kind, _) = moved(act)?;
                if open[kind].peek() != Some(&Reverse((act.completed, number))) {
                    continue; // It was placed.
                }
                let fits = places[kind] > 0 || place(1 - kind, &mut places, &mut open, &mut order);
                if !fits || !place(kind, &mut places, &mut open, &mut order) {
                    return Some(Err(Clash(act.completed)));
                }
            }
        }
    }
    Some(Ok(order))
}

/// Places the call of this kind that must return first, if there is one and it fits.
fn place(kind: usize, places: &mut [u32; 2], open: &mut [Open; 2], order: &mut Vec<u32>) -> bool {
    let Some(left) = places[kind].checked_sub(1) else { return false };
    let Some(Reverse((_, number))) = open[kind].pop() else { return false };
    places[kind] = left;
    places[1 - kind] += 1;
    order.push(number);
    true
}

/// Which way a call moves permits: 0 takes some, 1 gives some back; and how many.
fn moved(act: &Act) -> Option<(usize, u32)> {
    match act.deed {
        Deed::Acquire(n) => Some((0, n)),
        Deed::Release(n) => Some((1, n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, model::Semaphore, notation};

    #[track_caller]
    fn check(permits: &str, picture: &str, valid: Valid) {
        let checker = Linearizable(Semaphore::from_word(Some(permits)).unwrap());
        let verdict = checker.check(&notation::history(picture), &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some("permits")));
    }

    #[test]
    fn who_returns_first_is_served_first() {
        let two = "0: |- acquire ------------------------|\n1: |- acquire -|";
        check("1", &format!("{two}       |- release -|"), Valid::Valid);
        check("1", &format!("{two}\n2: {:26} |- release -|", ""), Valid::Valid);
        check("1", two, Valid::Invalid);
    }

    #[test]
    fn what_crashed_serves_where_it_is_needed_and_once() {
        let freed = "0: |- acquire -| |- release -~\n1: {:30} |- acquire -|";
        check("1", freed.replace("{:30}", &" ".repeat(30)).as_str(), Valid::Valid);
        let twice = format!("{freed} |- acquire -|").replace("{:30}", &" ".repeat(30));
        check("1", &twice, Valid::Invalid);
    }

    #[test]
    fn permits_may_go_in_equal_bundles() {
        check("5", "0: |- acquire 2 -| |- acquire 2 -|", Valid::Valid);
        check("5", "0: |- acquire 2 -| |- acquire 2 -| |- acquire 2 -|", Valid::Invalid);
        check("1", "0: |- acquire 2 -|", Valid::Invalid);
    }
}
