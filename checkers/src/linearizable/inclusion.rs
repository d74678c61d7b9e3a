//! Sets that only grow and are read whole: decided in time linear in what was read.
//!
//! Of two reads one saw all that the other saw. So reads come in groups, from the smallest to the
//! largest, and before each group its new elements were added, after the group before. What is in
//! one group may come in any order. Everything is placed as early as can be; there is an order if
//! nothing then comes too late (Lee and Mathur, "Efficient decrease-and-conquer linearizability
//! monitoring", 2025, have the same for single elements; whole reads make it a chain).
//!
//! An element may be added again and again: the first add is any that is open when it is time, and
//! none may have returned before.
use super::{
    familiar::Clash,
    plain::{Act, Lists},
    problem::NEVER,
};
use crate::model::Deed;

/// When an element can be added first.
#[derive(Clone, Copy)]
struct Element {
    /// First invocation of an add, and first completion of one.
    invoked: u32,
    completed: u32,
    /// When it was added, and before which group of reads.
    added: u32,
    group: u32,
    /// The last read that saw it, so far.
    seen_by: u32,
}

const ABSENT: Element =
    Element { invoked: NEVER, completed: NEVER, added: NEVER, group: 0, seen_by: NEVER };

/// An order, if there is one; `None` where a deed is none of such a set.
pub(super) fn order(acts: &[Act], values: u32, lists: &Lists) -> Option<Result<Vec<u32>, Clash>> {
    let mut elements = vec![ABSENT; values as usize];
    let mut reads = Vec::new();
    for (number, act) in acts.iter().enumerate() {
        match act.deed {
            Deed::Include(value) => {
                let element = elements.get_mut(value as usize)?;
                element.invoked = element.invoked.min(act.invoked);
                element.completed = element.completed.min(act.completed);
            }
            Deed::ReadSet(list) => reads.push((lists.get(list).len(), number as u32, list)),
            _ => return None,
        }
    }
    reads.sort_unstable();
    let mut schedule = Schedule { acts, lists, elements, now: 0, instants: Vec::new() };
    let groups: Vec<_> = reads.chunk_by(|a, b| a.0 == b.0).collect();
    Some(match schedule.run(&groups) {
        Some(()) => Ok(schedule.order(groups.len() as u32)),
        None => Err(Clash::at_end(acts)),
    })
}

/// A read: how much it saw, its number, its list.
type Read = (usize, u32, u32);

struct Schedule<'a> {
    acts: &'a [Act],
    lists: &'a Lists,
    elements: Vec<Element>,
    now: u32,
    /// When a read happens, after which group of elements, and its number.
    instants: Vec<(u32, u32, u32)>,
}

impl Schedule<'_> {
    /// Places all reads, by size; what nobody saw comes after them. `None` where that is too late.
    fn run(&mut self, groups: &[&[Read]]) -> Option<()> {
        let mut size = 0;
        for (group, reads) in groups.iter().enumerate() {
            let (len, _, list) = reads[0];
            size += self.add(list, group as u32)?;
            if size != len {
                return None;
            }
            let mut latest = self.now;
            for &(_, number, list) in *reads {
                let act = &self.acts[number as usize];
                let at = self.now.max(act.invoked);
                if at > act.completed || !self.is_whole(list, number) {
                    return None;
                }
                self.instants.push((at, 2 * group as u32 + 1, number));
                latest = latest.max(at);
            }
            self.now = latest;
        }
        let is_late = |element: &Element| element.added == NEVER && element.completed < self.now;
        (!self.elements.iter().any(is_late)).then_some(())
    }

    /// Adds what is new in a list, and counts it.
    fn add(&mut self, list: u32, group: u32) -> Option<usize> {
        let (mut latest, mut count) = (self.now, 0);
        for &value in self.lists.get(list) {
            let element = self.elements.get_mut(value as usize)?;
            if element.added != NEVER {
                continue;
            }
            (element.added, element.group) = (self.now.max(element.invoked), group);
            if element.invoked == NEVER || element.added > element.completed {
                return None;
            }
            latest = latest.max(element.added);
            count += 1;
        }
        self.now = latest;
        Some(count)
    }

    /// Whether a list of as many values as were added has them all: nothing else, nothing twice.
    fn is_whole(&mut self, list: u32, number: u32) -> bool {
        self.lists.get(list).iter().all(|&value| match self.elements.get_mut(value as usize) {
            Some(element) => {
                let is_twice = std::mem::replace(&mut element.seen_by, number) == number;
                element.added != NEVER && !is_twice
            }
            None => false,
        })
    }

    /// The adds go with the reads: as soon as their elements may be there.
    fn order(mut self, groups: u32) -> Vec<u32> {
        for (number, act) in self.acts.iter().enumerate() {
            let Deed::Include(value) = act.deed else { continue };
            let Element { added, group, .. } = self.elements[value as usize];
            let is_seen = added != NEVER;
            if is_seen || act.completed != NEVER {
                let (at, group) = if is_seen { (added, group) } else { (self.now, groups) };
                self.instants.push((at.max(act.invoked), 2 * group, number as u32));
            }
        }
        self.instants.sort_unstable();
        self.instants.into_iter().map(|(_, _, number)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, model::Set, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(Set::default()).check(&history, &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some("inclusion")));
    }

    #[test]
    fn of_two_reads_one_saw_all_that_the_other_saw() {
        let adds = "0: |-- add 1 --------------------|\n1: |-- add 2 --------------------|\n";
        check(&format!("{adds}2:  |- read -> [1] -| |- read -> [2,1] -|"), Valid::Valid);
        check(&format!("{adds}2:  |- read -> [1] -| |- read -> [2] -|"), Valid::Invalid);
        check(&format!("{adds}2:  |- read -> [1,2] -| |- read -> [2] -|"), Valid::Invalid);
    }

    #[test]
    fn what_was_added_is_seen_and_only_that() {
        check("0: |- add 1 -| |- read -> [] -|", Valid::Invalid);
        check("0: |- add 1 -| |- read -> [1,1] -|", Valid::Invalid);
        check("0: |- read -> [1] -| |- add 1 -|", Valid::Invalid);
        check("0: |- read -> [] -| |- add 1 -|", Valid::Valid);
    }

    #[test]
    fn an_element_may_be_added_again_and_again() {
        check("0: |- add 1 -| |- add 1 -| |- read -> [1] -|", Valid::Valid);
        check("0: |- add 1 -~\n1: |- read -> [] -| |- add 1 -| |- read -> [1] -|", Valid::Valid);
        check("0: |- add 1 -~\n1: |- read -> [1] -| |- add 1 -| |- read -> [] -|", Valid::Invalid);
    }
}
