//! An order made without going back. The calls of a register with distinct values are placed one by
//! one, reads at once, and of the writes the one that was invoked first; a write must wait until
//! its key's value was read by all who have to. Where all wait, each for a call behind another that
//! waits, they wait in a circle, and what holds them up is a few *choices*: of two writes of a key
//! one was placed, the other waits for its readers. One of these choices was wrong. If there is but
//! one, the opposite is a fact; else one of them is turned round, and the schedule begins again, as
//! a solver learns from conflicts (Marques-Silva and Sakallah 1999, "GRASP"), but without the
//! bookkeeping that would make it complete: that is what the search is for.
use std::{cmp::Reverse, collections::BinaryHeap};

use rustc_hash::FxHashMap;

use super::{
    super::accesses::{Access, Accesses, Act, NEVER},
    forced::{Circle, Forced},
};
use crate::Budget;

/// How often the schedule begins again. A few calls are searched as fast as they are scheduled.
const ROUNDS_MAX: usize = 2_000;
const CALLS_PER_ROUND: usize = 8;

/// Two writes of one key, the first of which was placed first, or must be.
pub(in crate::weaker) type Choice = (u32, u32);

/// What came of it.
pub(in crate::weaker) enum Scheduled {
    /// An order, as accesses.
    Order(Vec<u32>),
    /// Facts, and what follows from them. Whether there is an order is left open.
    Open(Forced),
    /// There is no order.
    Nothing(Circle),
}

/// Looks for an order within the budget.
pub(in crate::weaker) fn schedule(accesses: &Accesses, budget: &Budget) -> Scheduled {
    let mut facts: Vec<Choice> = Vec::new();
    let mut forced = match Forced::new(accesses, &facts, budget) {
        Ok(forced) => forced,
        Err(circle) => return Scheduled::Nothing(circle),
    };
    let mut tentative: Vec<Choice> = Vec::new();
    let mut turned: FxHashMap<Choice, u32> = FxHashMap::default();
    let mut now = forced.clone();
    for _ in 0..ROUNDS_MAX.min(1 + accesses.all.len() / CALLS_PER_ROUND) {
        if budget.is_over() {
            break;
        }
        let choices = match Schedule::new(accesses, &now).run() {
            Ok(order) => return Scheduled::Order(order),
            Err(choices) => choices,
        };
        // What was turned least is turned next.
        let Some(&(placed, waiting)) = choices.iter().min_by_key(|choice| turned.get(choice))
        else {
            break;
        };
        *turned.entry((placed, waiting)).or_default() += 1;
        tentative.push((waiting, placed));
        if choices.len() == 1 && tentative.len() == 1 {
            facts.append(&mut tentative);
            match Forced::new(accesses, &facts, budget) {
                Ok(more) => (forced, now) = (more.clone(), more),
                Err(circle) => return Scheduled::Nothing(circle),
            }
            continue;
        }
        let all: Vec<Choice> = facts.iter().chain(&tentative).copied().collect();
        if let Ok(more) = Forced::new(accesses, &all, budget) {
            now = more;
        } else {
            // These turns exclude each other: begin again, with other turns.
            tentative.clear();
            now = forced.clone();
        }
    }
    Scheduled::Open(forced)
}

/// One attempt.
struct Schedule<'a> {
    accesses: &'a Accesses,
    forced: &'a Forced,
    /// How many of each session are placed.
    at: Vec<usize>,
    placed: Vec<bool>,
    /// For each write, how many reads of it are not placed.
    unread: Vec<u32>,
    /// The write whose value each key holds, if any was placed.
    holds: FxHashMap<u32, u32>,
    order: Vec<u32>,
}

/// Why the front of a session cannot be placed.
enum Wait {
    /// It can.
    No,
    /// This access comes first.
    For(u32),
    /// It would end the value of this write.
    Choice(u32),
}

impl<'a> Schedule<'a> {
    fn new(accesses: &'a Accesses, forced: &'a Forced) -> Schedule<'a> {
        let mut unread = vec![0; accesses.all.len()];
        for (_, source) in accesses.reads() {
            source.into_iter().for_each(|source| unread[source as usize] += 1);
        }
        Schedule {
            accesses,
            forced,
            at: vec![0; accesses.sessions.len()],
            placed: vec![false; accesses.all.len()],
            unread,
            holds: FxHashMap::default(),
            order: Vec::new(),
        }
    }

    /// An order, or the choices of which one was wrong.
    fn run(mut self) -> Result<Vec<u32>, Vec<Choice>> {
        let mut sessions = 0..self.accesses.sessions.len();
        loop {
            let mut writes: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
            let mut has_moved = false;
            for session in sessions.clone() {
                while let Some(front) = self.front(session) {
                    let is_ready = matches!(self.wait(front), Wait::No);
                    let access = self.accesses.get(front);
                    if is_ready && access.act == Act::Write {
                        writes.push(Reverse((access.invoked, front)));
                    }
                    if !is_ready || access.act == Act::Write {
                        break;
                    }
                    self.place(front);
                    has_moved = true;
                }
            }
            match writes.pop() {
                Some(Reverse((_, first))) => self.place(first),
                None if has_moved => (),
                None => break,
            }
        }
        match sessions.find(|&session| self.front(session).is_some()) {
            None => Ok(self.order),
            Some(session) => Err(self.choices(session)),
        }
    }

    /// The next of a session. A crashed write that nobody read never happened.
    fn front(&self, session: usize) -> Option<u32> {
        let &front = self.accesses.sessions[session].get(self.at[session])?;
        let access = self.accesses.get(front);
        let is_idle = access.completed == NEVER && self.unread[front as usize] == 0;
        (access.act != Act::Write || !is_idle).then_some(front)
    }

    fn wait(&self, front: u32) -> Wait {
        let before = self.forced.before[front as usize].iter().map(|must| must.first);
        if let Some(first) = before.into_iter().find(|&first| !self.placed[first as usize]) {
            return Wait::For(first);
        }
        let Access { act, key, .. } = *self.accesses.get(front);
        match self.holds.get(&key) {
            Some(&write) if act == Act::Write && self.unread[write as usize] > 0 => {
                Wait::Choice(write)
            }
            _ => Wait::No,
        }
    }

    fn place(&mut self, front: u32) {
        let Access { act, key, session, .. } = *self.accesses.get(front);
        match act {
            Act::Write => drop(self.holds.insert(key, front)),
            Act::Read(Some(source)) => self.unread[source as usize] -= 1,
            Act::Read(None) => (),
        }
        self.placed[front as usize] = true;
        self.at[session as usize] += 1;
        self.order.push(front);
    }

    /// The choices in the circle to which this session's waiting leads: each waits for one that
    /// stands at, or behind, the front of the next.
    fn choices(&self, start: usize) -> Vec<Choice> {
        let mut seen = vec![usize::MAX; self.at.len()];
        let mut steps: Vec<Option<Choice>> = Vec::new();
        let mut session = start;
        while seen[session] == usize::MAX {
            seen[session] = steps.len();
            let Some(front) = self.front(session) else { return Vec::new() };
            let (step, next) = match self.wait(front) {
                Wait::No => return Vec::new(),
                Wait::For(first) => (None, first),
                Wait::Choice(write) => (Some((write, front)), self.unplaced_reader(write)),
            };
            steps.push(step);
            session = self.accesses.get(next).session as usize;
        }
        steps.drain(..seen[session]);
        steps.into_iter().flatten().collect()
    }

    fn unplaced_reader(&self, write: u32) -> u32 {
        let readers = self.forced.readers[write as usize].iter().copied();
        readers.into_iter().find(|&reader| !self.placed[reader as usize]).unwrap_or(write)
    }
}
