//! The search for an order, all of a layer before the next, over as many threads as there are.
//!
//! Its configurations and reductions are those of [`super::search`], and so are its answers. Depth
//! first is the better way where there is an order and it is soon found. This is the better one
//! where much must be seen: threads share the work, and only the configurations of two layers are
//! kept, with one choice each of those before.
//!
//! A layer is gone through in waves, each of which places one call more. What the threads make is
//! put together in the order in which it was asked for, so that the numbers of configurations, and
//! the order that is found, are the same for any number of threads.
use std::ops::Range;

use rayon::prelude::*;

use super::{
    memo::Memo,
    problem::{NEVER, Problem},
    search::Outcome,
    states::States,
    window::Window,
};
use crate::{Budget, model::Model};

/// Configurations whose successors one thread makes at a time.
const PART: usize = 64;
/// Configurations whose successors are made before these are put together.
const PIECE: usize = 1 << 14;
/// The name of the configuration that the search begins with.
const START: u32 = u32::MAX;

/// One search.
pub(super) struct Breadth<'a, M: Model> {
    problem: &'a Problem<'a, M>,
    budget: &'a Budget,
    states: States<'a, M>,
    window: Window,
    /// What made each configuration, by name.
    trail: Vec<Choice>,
    configurations_max: usize,
    /// Bytes that others hold meanwhile.
    held: u64,
}

/// The call that was placed last.
#[derive(Clone, Copy)]
struct Choice {
    /// The name of the configuration before.
    before: u32,
    bar: u32,
    /// Which of the states that the call may lead to.
    branch: u32,
}

/// Configurations of a layer, each once: a state's number and the words.
struct Front {
    memo: Memo,
    names: Vec<u32>,
}

/// What some configurations lead to.
struct Made<S> {
    after: Vec<(State<S>, Choice)>,
    /// Their words, end to end.
    words: Vec<u64>,
}

enum State<S> {
    Met(u32),
    New(S),
}

impl<'a, M: Model> Breadth<'a, M> {
    /// A search that gives up after so many configurations, while others hold so many bytes.
    pub(super) fn new(
        problem: &'a Problem<'a, M>,
        budget: &'a Budget,
        configurations_max: usize,
        held: u64,
    ) -> Breadth<'a, M> {
        let states = States::new(problem.model, problem.init.clone());
        let (window, trail) = (Window::new(problem), Vec::new());
        Breadth { problem, budget, states, window, trail, configurations_max, held }
    }

    /// Number of configurations entered.
    pub(super) fn configurations(&self) -> usize {
        self.trail.len() + 1
    }

    /// Searches until there is an order, or certainly none, or it is too much.
    pub(super) fn run(&mut self) -> Outcome {
        let mut arrived = self.front();
        arrived.insert(&vec![0; 1 + self.problem.words], START);
        for (layer, &returning) in self.problem.layers.iter().enumerate() {
            let [mut here, mut next] = self.settle(&arrived, returning);
            let mut seen = 0;
            while seen < here.names.len() {
                let piece = seen..here.names.len().min(seen + PIECE);
                seen = piece.end;
                for made in self.make(&here, piece, returning) {
                    self.take(made, returning, &mut here, &mut next);
                }
                if let Some(why) = self.over(here.memo.bytes() + next.memo.bytes()) {
                    return Outcome::GaveUp(why, layer);
                }
            }
            if next.names.is_empty() {
                return Outcome::Stuck(layer);
            }
            self.window.advance(self.problem);
            arrived = next;
        }
        Outcome::Order(self.order(arrived.names[0]))
    }

    fn front(&self) -> Front {
        Front { memo: Memo::new(1 + self.problem.words), names: Vec::new() }
    }

    /// Places what can be read at this layer: the configurations that still lack the returning call,
    /// and those that go to the next layer at once.
    fn settle(&self, arrived: &Front, returning: u32) -> [Front; 2] {
        let keys: Vec<&[u64]> = arrived.memo.keys().collect();
        let settle = |key: &&[u64]| {
            let mut key = key.to_vec();
            self.place_reads(self.states.get(key[0] as u32), &mut key[1..]);
            key
        };
        let settled: Vec<_> = keys.par_iter().with_min_len(PART).map(settle).collect();
        let [mut here, mut next] = [self.front(), self.front()];
        for (mut key, &name) in settled.into_iter().zip(&arrived.names) {
            let front = match self.problem.is_placed(&key[1..], returning) {
                true => &mut next,
                false => &mut here,
            };
            self.problem.free(&mut key[1..], returning);
            front.insert(&key, name);
        }
        [here, next]
    }

    fn place_reads(&self, state: &M::State, words: &mut [u64]) {
        for bar in self.window.reads(self.problem) {
            let call = self.problem.known(bar);
            if !self.problem.is_placed(words, bar)
                && self.problem.model.steps(state, call.input, call.output).next().is_some()
            {
                self.problem.place(words, bar);
            }
        }
    }

    /// Makes the successors of some configurations.
    fn make(&self, here: &Front, piece: Range<usize>, returning: u32) -> Vec<Made<M::State>> {
        let parts = piece.clone().into_par_iter().step_by(PART);
        let make = |start: usize| {
            let mut made = Made { after: Vec::new(), words: Vec::new() };
            for place in start..piece.end.min(start + PART) {
                self.make_from(here.memo.key(place), here.names[place], returning, &mut made);
            }
            made
        };
        parts.map(make).collect()
    }

    /// Makes the successors of a configuration.
    fn make_from(&self, key: &[u64], name: u32, returning: u32, made: &mut Made<M::State>) {
        let (state, before) = (self.states.get(key[0] as u32), &key[1..]);
        for bar in self.candidates(before, returning) {
            let call = self.problem.known(bar);
            let is_crashed = self.problem.bars[bar as usize].completed == NEVER;
            let after = self.problem.model.steps(state, call.input, call.output);
            for (branch, after) in after.enumerate() {
                if is_crashed && after == *state {
                    continue;
                }
                let start = made.words.len();
                made.words.extend_from_slice(before);
                let words = &mut made.words[start..];
                self.place(words, bar);
                self.place_reads(&after, words);
                let after = match self.states.find(&after) {
                    Some(number) => State::Met(number),
                    None => State::New(after),
                };
                made.after.push((after, Choice { before: name, bar, branch: branch as u32 }));
            }
        }
    }

    /// The calls that a configuration may place next: the returning one, other open ones, and of
    /// crashed ones that ask the same the first.
    fn candidates(&self, words: &[u64], returning: u32) -> impl Iterator<Item = u32> {
        let Problem { slots, reads, classes, .. } = self.problem;
        let others = (0..*slots as usize).filter_map(|slot| self.window.slot(slot));
        let others = others.filter(move |&bar| bar != returning);
        let open = std::iter::once(returning).chain(others);
        let left = open.filter(|&bar| !reads[bar as usize] && !self.problem.is_placed(words, bar));
        left.chain(classes.iter().enumerate().filter_map(|(number, class)| {
            let used = class.used(words);
            (used < self.window.open_of(number)).then(|| class.bars[used])
        }))
    }

    fn place(&self, words: &mut [u64], bar: u32) {
        match self.problem.bars[bar as usize].completed {
            NEVER => self.problem.classes[self.problem.places[bar as usize] as usize].place(words),
            _ => self.problem.place(words, bar),
        }
    }

    /// Takes what was made to where it belongs, and names what is new.
    fn take(&mut self, made: Made<M::State>, returning: u32, here: &mut Front, next: &mut Front) {
        let mut key = vec![0; 1 + self.problem.words];
        for (place, (state, choice)) in made.after.into_iter().enumerate() {
            let number = match state {
                State::Met(number) => number,
                State::New(state) => self.states.number(state),
            };
            key[0] = number.into();
            let words = place * self.problem.words;
            key[1..].copy_from_slice(&made.words[words..words + self.problem.words]);
            let is_through = self.problem.is_placed(&key[1..], returning);
            self.problem.free(&mut key[1..], returning);
            let front = if is_through { &mut *next } else { &mut *here };
            if front.insert(&key, self.trail.len() as u32) {
                self.trail.push(choice);
            }
        }
    }

    /// Why the search must end here, if it must.
    fn over(&self, fronts: u64) -> Option<&'static str> {
        if self.configurations() > self.configurations_max {
            return Some("too many steps");
        }
        let trail = (self.trail.capacity() * size_of::<Choice>()) as u64;
        if self.held + fronts + trail + self.states.bytes() > self.budget.bytes_max {
            return Some("out of memory");
        }
        self.budget.is_over().then_some("out of time")
    }

    /// The order of all calls on the way to a configuration at the end of the history: the choices,
    /// and what could be read between them.
    fn order(&self, last: u32) -> Vec<u32> {
        let before = |choice: &&Choice| self.trail.get(choice.before as usize);
        let way = std::iter::successors(self.trail.get(last as usize), before);
        let mut choices: Vec<Choice> = way.copied().collect();
        let mut walk = Breadth::new(self.problem, self.budget, 0, 0);
        let (mut state, mut words) = (self.problem.init.clone(), vec![0; self.problem.words]);
        let mut order = Vec::new();
        for &returning in &self.problem.layers {
            loop {
                let before = words.clone();
                walk.place_reads(&state, &mut words);
                let reads = walk.window.reads(self.problem);
                order.extend(reads.filter(|&bar| {
                    self.problem.is_placed(&words, bar) && !self.problem.is_placed(&before, bar)
                }));
                if self.problem.is_placed(&words, returning) {
                    break;
                }
                let Some(Choice { bar, branch, .. }) = choices.pop() else { return order };
                let call = self.problem.known(bar);
                let model = self.problem.model;
                let after = model.steps(&state, call.input, call.output).nth(branch as usize);
                let Some(after) = after else { return order };
                walk.place(&mut words, bar);
                order.push(bar);
                state = after;
            }
            self.problem.free(&mut words, returning);
            walk.window.advance(self.problem);
        }
        order
    }
}

impl Front {
    /// Adds a configuration; false if it was there.
    fn insert(&mut self, key: &[u64], name: u32) -> bool {
        let is_new = self.memo.insert(key);
        if is_new {
            self.names.push(name);
        }
        is_new
    }
}
