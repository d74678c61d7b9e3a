//! The exact search for one order of all calls that keeps each session's own. A configuration is
//! how far each session is and the state of each object; those that led nowhere are remembered.
//! Deciding this is NP-complete (Gibbons and Korach 1997, "Testing shared memories"), so it is budgeted. It is
//! at most the product of the sessions' lengths times the number of states.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Hints, Problem};
use crate::{Budget, model::Model};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::weaker) enum Found {
    /// An order, as calls.
    Order(Vec<u32>),
    /// There is none.
    Nothing,
    /// The budget did not suffice; the number of configurations that were ruled out.
    GaveUp(&'static str, usize),
}

/// How many moves are made between two looks at the budget.
const MOVES_PER_LOOK: u64 = 256;

/// One call placed, and what it takes to take it back.
struct Move {
    session: u32,
    call: u32,
    state_before: u32,
    /// Whether no other move need be tried in its place.
    is_forced: bool,
}

pub(super) struct Search<'a, M: Model> {
    problem: &'a Problem<'a, M>,
    hints: &'a Hints<M::State>,
    /// How many calls of each session are placed; then the state of each object.
    at: Vec<u32>,
    states: Vec<M::State>,
    numbers: FxHashMap<M::State, u32>,
    trail: Vec<Move>,
    failed: FxHashSet<Box<[u32]>>,
    /// Whether some call might have led to another state than the one tried.
    left_out: bool,
    bytes: u64,
}

impl<'a, M: Model> Search<'a, M> {
    pub(super) fn new(problem: &'a Problem<'a, M>, hints: &'a Hints<M::State>) -> Search<'a, M> {
        let init = problem.model.init();
        Search {
            problem,
            hints,
            at: vec![0; problem.sessions.len() + problem.keys],
            numbers: FxHashMap::from_iter([(init.clone(), 0)]),
            states: vec![init],
            trail: Vec::new(),
            failed: FxHashSet::default(),
            left_out: false,
            bytes: 0,
        }
    }

    pub(super) fn run(&mut self, budget: &Budget) -> Found {
        let mut left = self.problem.completed;
        let mut after = None;
        for moves in 0_u64.. {
            if left == 0 {
                break;
            }
            if moves % MOVES_PER_LOOK == 0 && budget.is_over() {
                return Found::GaveUp("out of time", self.failed.len());
            }
            if self.bytes > budget.bytes_max {
                return Found::GaveUp("out of memory", self.failed.len());
            }
            let next = if after.is_none() { self.forced() } else { None };
            if let Some((session, is_forced)) =
                next.map(|s| (s, true)).or_else(|| Some((self.choice(after)?, false)))
            {
                let call = self.place(session, is_forced);
                left -= usize::from(self.problem.is_completed(call));
                after = None;
                if !self.failed.contains(&self.at[..]) {
                    continue;
                }
            } else {
                self.remember();
            }
            let Some((undone, call)) = self.undo() else { return self.nothing() };
            left += undone;
            after = Some(self.problem.calls[call as usize].invoked);
        }
        Found::Order(self.trail.iter().map(|step| step.call).collect())
    }

    fn nothing(&self) -> Found {
        if !self.left_out {
            return Found::Nothing;
        }
        Found::GaveUp("the model may go several ways, of which one was tried", self.failed.len())
    }

    /// A read that fits may as well come now: it changes nothing, and waiting helps nobody.
    fn forced(&self) -> Option<u32> {
        let fits = |&session: &u32| {
            let call = self.front(session)?;
            let is_read = self.problem.model.is_read(&self.problem.calls[call as usize].input);
            (is_read && self.is_ready(call)).then(|| self.step(call)).flatten()
        };
        (0..self.problem.sessions.len() as u32).find(|session| fits(session).is_some())
    }

    /// The next session to move, in the order in which the calls were made: what happened is
    /// close to what must be found.
    fn choice(&self, after: Option<u32>) -> Option<u32> {
        let mut best: Option<(u32, u32)> = None;
        for session in 0..self.problem.sessions.len() as u32 {
            let Some(call) = self.front(session) else { continue };
            let invoked = self.problem.calls[call as usize].invoked;
            let is_tried = after.is_some_and(|after| invoked <= after);
            if is_tried || best.is_some_and(|(first, _)| first < invoked) {
                continue;
            }
            let is_wise = !self.leaves_reader(call) && !self.has_elder_twin(call);
            if is_wise && self.is_ready(call) && self.step(call).is_some() {
                best = Some((invoked, session));
            }
        }
        best.map(|(_, session)| session)
    }

    fn front(&self, session: u32) -> Option<u32> {
        let session = session as usize;
        self.problem.sessions[session].get(self.at[session] as usize).copied()
    }

    fn is_placed(&self, call: u32) -> bool {
        let (session, place) = self.problem.places[call as usize];
        place < self.at[session as usize]
    }

    fn is_ready(&self, call: u32) -> bool {
        self.hints
            .before
            .get(call as usize)
            .is_none_or(|all| all.iter().all(|&c| self.is_placed(c)))
    }

    /// Whether this call would end a state that comes once and somebody still has to see.
    fn leaves_reader(&self, call: u32) -> bool {
        let key = self.problem.key_of[call as usize];
        let state = &self.states[self.state_of(key) as usize];
        let readers = self.hints.readers.get(&(key, state.clone()));
        readers.is_some_and(|readers| readers.iter().any(|&reader| !self.is_placed(reader)))
    }

    /// Whether a crashed call that asks the same was made before this one and is at the front too:
    /// then they are interchangeable, and that one goes first.
    fn has_elder_twin(&self, call: u32) -> bool {
        if self.problem.is_completed(call) {
            return false;
        }
        let (calls, key_of) = (self.problem.calls, self.problem.key_of);
        let is_twin = |other: u32| {
            other < call
                && !self.problem.is_completed(other)
                && key_of[other as usize] == key_of[call as usize]
                && calls[other as usize].input == calls[call as usize].input
        };
        let mut fronts = (0..self.problem.sessions.len() as u32).filter_map(|s| self.front(s));
        fronts.any(is_twin)
    }

    fn state_of(&self, key: u32) -> u32 {
        self.at[self.problem.sessions.len() + key as usize]
    }

    fn step(&self, call: u32) -> Option<M::State> {
        self.steps(call).next()
    }

    fn steps(&self, call: u32) -> impl Iterator<Item = M::State> + use<'_, 'a, M> {
        let state = &self.states[self.state_of(self.problem.key_of[call as usize]) as usize];
        let call = &self.problem.calls[call as usize];
        self.problem.model.steps(state, &call.input, super::output(call))
    }

    /// Places the front call of a session, which must fit.
    fn place(&mut self, session: u32, is_forced: bool) -> u32 {
        let call = self.problem.sessions[session as usize][self.at[session as usize] as usize];
        let slot = self.problem.sessions.len() + self.problem.key_of[call as usize] as usize;
        let state_before = self.at[slot];
        let mut after = self.steps(call);
        let (state, has_more) = (after.next(), after.next().is_some());
        drop(after);
        self.left_out |= has_more;
        if let Some(state) = state {
            self.at[slot] = self.number(state);
        }
        self.at[session as usize] += 1;
        self.trail.push(Move { session, call, state_before, is_forced });
        call
    }

    fn number(&mut self, state: M::State) -> u32 {
        if let Some(&number) = self.numbers.get(&state) {
            return number;
        }
        let number = self.states.len() as u32;
        self.bytes += 2 * self.problem.model.state_bytes(&state) as u64;
        self.states.push(state.clone());
        self.numbers.insert(state, number);
        number
    }

    /// The configuration leads nowhere.
    fn remember(&mut self) {
        self.bytes += 4 * self.at.len() as u64 + 32;
        self.failed.insert(self.at.clone().into());
    }

    /// Takes back the last choice and all that it forced: how many completed calls that were, and
    /// the call chosen.
    fn undo(&mut self) -> Option<(usize, u32)> {
        let mut undone = 0;
        while let Some(step) = self.trail.pop() {
            undone += usize::from(self.problem.is_completed(step.call));
            let key = self.problem.key_of[step.call as usize];
            self.at[step.session as usize] -= 1;
            self.at[self.problem.sessions.len() + key as usize] = step.state_before;
            if !step.is_forced {
                return Some((undone, step.call));
            }
        }
        None
    }
}
