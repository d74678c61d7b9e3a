//! What only grows, step by step, and tells how far it got: logs whose entries are distinct, and
//! counters to which always the same is added. Decided in the time it takes to sort.
//!
//! Just in time (Lowe, "Testing for linearizability", 2017): a step is taken when somebody must
//! return who took it or saw it taken. Nothing keeps anybody from taking a step, so a configuration
//! that took fewer can still become any that took more, and nothing is gained by haste: what was
//! read must not have been exceeded when the read began. Where it is not known whose step the
//! n-th was, it is that of the open call which must return first, since two may be exchanged. A
//! crashed call must return last of all.
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    events::{Event, Events},
    familiar::Clash,
    plain::Act,
};

/// What an act has to do with the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It takes one; if it says so, after how many others.
    Step(Option<u32>),
    /// It saw how many there had been, if it was as many as this.
    Exactly(u32),
    /// It saw that there had been as many, or more.
    AtLeast(u32),
    /// It saw that there had not been more.
    AtMost(u32),
    /// It saw what cannot be.
    Impossible,
}

const NONE: u32 = u32::MAX;

/// An order of acts with these roles, if there is one.
pub(super) fn order(acts: &[Act], roles: &[Role]) -> Result<Vec<u32>, Clash> {
    let steps = roles.iter().filter(|role| matches!(role, Role::Step(_))).count();
    let mut growth = Growth {
        acts,
        roles,
        owners: vec![NONE; steps],
        steps: 0,
        open: BinaryHeap::new(),
        waiting: vec![NONE; steps + 1],
        after: vec![NONE; acts.len()],
        is_placed: vec![false; acts.len()],
        order: Vec::with_capacity(acts.len()),
    };
    growth.assign()?;
    for event in Events::of(acts) {
        match event {
            Event::Invoked(number) => growth.invoke(number),
            Event::Completed(number) => {
                let row = acts[number as usize].completed;
                growth.complete(number, row).ok_or(Clash(row))?;
            }
        }
    }
    Ok(growth.order)
}

struct Growth<'a> {
    acts: &'a [Act],
    roles: &'a [Role],
    /// By step, who took it, where that is known.
    owners: Vec<u32>,
    /// How many were taken.
    steps: u32,
    /// Who may have taken any: invoked, not placed, the first to return on top.
    open: BinaryHeap<Reverse<(u32, u32)>>,
    /// Who waits to see so many steps: one of them, and for each the next.
    waiting: Vec<u32>,
    after: Vec<u32>,
    is_placed: Vec<bool>,
    order: Vec<u32>,
}

impl Growth<'_> {
    /// Notes whose steps are known. Nobody takes a step beyond the last, nor another's.
    fn assign(&mut self) -> Result<(), Clash> {
        for (number, role) in self.roles.iter().enumerate() {
            let Role::Step(Some(at)) = *role else { continue };
            match self.owners.get_mut(at as usize).filter(|owner| **owner == NONE) {
                Some(owner) => *owner = number as u32,
                None => return Err(Clash::at_end(self.acts)),
            }
        }
        Ok(())
    }

    fn invoke(&mut self, number: u32) {
        let completed = self.acts[number as usize].completed;
        match self.roles[number as usize] {
            Role::Step(None) => self.open.push(Reverse((completed, number))),
            Role::AtMost(most) if self.steps <= most => self.place(number),
            Role::Exactly(count) if self.steps == count => self.place(number),
            Role::AtLeast(count) if self.steps >= count => self.place(number),
            Role::Exactly(count) | Role::AtLeast(count) if self.steps < count => {
                if let Some(first) = self.waiting.get_mut(count as usize) {
                    self.after[number as usize] = std::mem::replace(first, number);
                }
            }
            _ => (),
        }
    }

    fn place(&mut self, number: u32) {
        self.is_placed[number as usize] = true;
        self.order.push(number);
    }

    /// Takes the steps without which this act cannot return. `None` where it cannot.
    fn complete(&mut self, number: u32, row: u32) -> Option<()> {
        while !self.is_placed[number as usize] {
            match self.roles[number as usize] {
                Role::Step(_) => (),
                Role::Exactly(count) | Role::AtLeast(count) if self.steps < count => (),
                _ => return None,
            }
            self.step(row)?;
        }
        Some(())
    }

    /// Takes the next step, at a row.
    fn step(&mut self, row: u32) -> Option<()> {
        let number = match *self.owners.get(self.steps as usize)? {
            NONE => self.open.pop()?.0.1,
            owner => Some(owner).filter(|&owner| self.acts[owner as usize].invoked < row)?,
        };
        self.place(number);
        self.steps += 1;
        let mut next = std::mem::replace(&mut self.waiting[self.steps as usize], NONE);
        while next != NONE {
            self.place(next);
            next = self.after[next as usize];
        }
        Some(())
    }
}
