//! The search for an order: depth first, just in time.
//!
//! After Lowe, "Testing for linearizability" (2017), section 4: completions are taken in order,
//! and calls are placed only when the next completion demands it. A configuration is that next
//! completion (its *layer*), the object's state, and which open calls were placed already; none is
//! entered twice. The returning call is tried first, then other open calls, crashed ones last.
//!
//! Two reductions. A read that fits is placed at once, without branching: it changes nothing, so
//! every continuation is open still. (Not so a write of the value that is there: later it might
//! change something.) A crashed call that changes nothing now is not placed now: it may be later.
use super::{
    memo::Memo,
    problem::{NEVER, Problem},
    states::States,
    window::Window,
};
use crate::{Budget, model::Model};

/// How a search ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// An order: bars, each at its place; those left out crashed and never happened.
    Order(Vec<u32>),
    /// There is none: this layer's completion is the first that no configuration can pass.
    Stuck(usize),
    /// Nobody knows: why, and the furthest layer reached.
    GaveUp(&'static str, usize),
}

/// How many steps pass between two looks at the budget.
const STEPS_A_POLL: u64 = 1024;

/// A configuration whose successors are being tried. Its words lie in [`Search::words`].
struct Frame {
    layer: u32,
    state: u32,
    /// The next candidate to try.
    candidate: u32,
    /// Which of the states that it may lead to.
    branch: u32,
    /// How many calls were placed to get here.
    placed: u32,
}

/// What is known of the configurations in which a layer was entered.
#[derive(Clone, PartialEq)]
pub(super) enum Arrivals {
    /// None was, yet.
    None,
    /// All were the same: this state, these words.
    One(u32, Vec<u64>),
    /// They differ.
    Many,
}

/// One search, with all that it has seen.
pub(super) struct Search<'a, M: Model> {
    problem: &'a Problem<'a, M>,
    budget: &'a Budget,
    states: States<'a, M>,
    memo: Memo,
    window: Window,
    stack: Vec<Frame>,
    /// The words of the frames, end to end.
    words: Vec<u64>,
    /// The configuration in hand, as a key of the memo: layer and state, then the words.
    key: Vec<u64>,
    path: Vec<u32>,
    deepest: usize,
    /// The longest path to the deepest layer, and each layer's arrivals; only where asked for.
    record: Option<Record>,
    steps: u64,
    steps_max: u64,
}

/// What an explanation needs beside the outcome.
pub(super) struct Record {
    /// The longest order of calls that reaches the deepest layer.
    pub(super) path: Vec<u32>,
    /// How each layer was entered.
    pub(super) arrivals: Vec<Arrivals>,
}

impl<'a, M: Model> Search<'a, M> {
    /// A search that has not begun.
    pub(super) fn new(problem: &'a Problem<'a, M>, budget: &'a Budget) -> Search<'a, M> {
        Search {
            problem,
            budget,
            states: States::new(problem.model, problem.init.clone()),
            memo: Memo::new(1 + problem.words),
            window: Window::new(problem),
            stack: Vec::new(),
            words: Vec::new(),
            key: vec![0; 1 + problem.words],
            path: Vec::new(),
            deepest: 0,
            record: None,
            steps: 0,
            steps_max: u64::MAX,
        }
    }

    /// Gives up after so many steps.
    pub(super) fn bounded(self, steps_max: u64) -> Search<'a, M> {
        Search { steps_max, ..self }
    }

    /// Records what an explanation needs.
    pub(super) fn recording(self) -> Search<'a, M> {
        let arrivals = vec![Arrivals::None; self.problem.layers.len() + 1];
        Search { record: Some(Record { path: Vec::new(), arrivals }), ..self }
    }

    /// Searches until there is an order, or certainly none, or the budget is over.
    pub(super) fn run(&mut self) -> Outcome {
        if self.enter(0) {
            return Outcome::Order(std::mem::take(&mut self.path));
        }
        self.go_on()
    }

    /// Goes on with a search that gave up, without a bound on its steps.
    pub(super) fn resume(&mut self) -> Outcome {
        self.steps_max = u64::MAX;
        self.go_on()
    }

    fn go_on(&mut self) -> Outcome {
        while let Some(frame) = self.stack.last_mut() {
            let (layer, state, placed) = (frame.layer as usize, frame.state, frame.placed);
            let (candidate, branch) = (frame.candidate, frame.branch);
            self.path.truncate(placed as usize);
            self.window.rewind(self.problem, layer);
            let words = self.words.len() - self.problem.words;
            self.key[1..].copy_from_slice(&self.words[words..]);
            let tried = self.place(candidate as usize, state, branch);
            self.turn_to_next(&tried);
            match tried {
                Tried::NoMore => {
                    self.stack.pop();
                    self.words.truncate(words);
                }
                Tried::DoesNotFit { .. } => (),
                Tried::Placed { state, .. } => {
                    if self.enter(state) {
                        return Outcome::Order(std::mem::take(&mut self.path));
                    }
                }
            }
            if let Some(why) = self.over() {
                return Outcome::GaveUp(why, self.deepest);
            }
        }
        Outcome::Stuck(self.deepest)
    }

    /// Sets the frame in hand to what is to be tried next.
    fn turn_to_next(&mut self, tried: &Tried) {
        let Some(frame) = self.stack.last_mut() else { return };
        match tried {
            Tried::DoesNotFit { has_more: true } | Tried::Placed { has_more: true, .. } => {
                frame.branch += 1;
            }
            _ => (frame.candidate, frame.branch) = (frame.candidate + 1, 0),
        }
    }

    /// Places the n-th candidate of the configuration in hand, with the state of this branch.
    fn place(&mut self, candidate: usize, state: u32, branch: u32) -> Tried {
        let slots = self.problem.slots as usize;
        let returning = self.problem.layers[self.window.layer()];
        // Candidate 0 is the returning call; then come the slots, then the classes.
        let bar = match candidate.checked_sub(1) {
            None => Some(returning),
            Some(slot) if slot < slots => self.window.slot(slot).filter(|&bar| bar != returning),
            Some(place) => return self.place_crashed(place - slots, state, branch),
        };
        let Some(bar) = bar else { return Tried::NOT };
        // A read was placed on entering, if it fits.
        if self.problem.reads[bar as usize] || self.is_placed(bar) {
            return Tried::NOT;
        }
        match self.states.step(state, &self.problem.known(bar), branch) {
            None => Tried::NOT,
            Some((state, has_more)) => {
                self.set_placed(bar);
                Tried::Placed { state, has_more }
            }
        }
    }

    fn place_crashed(&mut self, class: usize, state: u32, branch: u32) -> Tried {
        let Some(calls) = self.problem.classes.get(class) else { return Tried::NoMore };
        let used = calls.used(&self.key[1..]);
        if used == self.window.open_of(class) {
            return Tried::NOT;
        }
        let bar = calls.bars[used];
        match self.states.step(state, &self.problem.known(bar), branch) {
            None => Tried::NOT,
            Some((same, has_more)) if same == state => Tried::DoesNotFit { has_more },
            Some((state, has_more)) => {
                calls.place(&mut self.key[1..]);
                self.path.push(bar);
                Tried::Placed { state, has_more }
            }
        }
    }

    /// Takes the configuration in hand past every completion whose call is placed. True at the
    /// end of the history; otherwise its frame is on the stack, unless it was entered before.
    fn enter(&mut self, state: u32) -> bool {
        // But for the first, a configuration comes from one of the same layer.
        let mut is_arrival = self.stack.is_empty();
        loop {
            let layer = self.window.layer();
            let Some(&returning) = self.problem.layers.get(layer) else { return true };
            self.place_reads(state);
            if is_arrival && self.record.is_some() {
                self.note_arrival(state);
            }
            if !self.is_placed(returning) {
                break;
            }
            self.problem.free(&mut self.key[1..], returning);
            self.window.advance(self.problem);
            self.steps += 1;
            is_arrival = true;
        }
        let layer = self.window.layer();
        self.note_depth(layer);
        self.key[0] = (layer as u64) << 32 | u64::from(state);
        if self.memo.insert(&self.key) {
            self.words.extend_from_slice(&self.key[1..]);
            let placed = self.path.len() as u32;
            self.stack.push(Frame { layer: layer as u32, state, candidate: 0, branch: 0, placed });
        }
        false
    }

    fn place_reads(&mut self, state: u32) {
        for slot in 0..self.problem.slots as usize {
            let Some(bar) = self.window.slot(slot) else { continue };
            if self.problem.reads[bar as usize]
                && !self.is_placed(bar)
                && self.states.fits(state, &self.problem.known(bar))
            {
                self.set_placed(bar);
            }
        }
    }

    fn is_placed(&self, bar: u32) -> bool {
        self.problem.is_placed(&self.key[1..], bar)
    }

    fn set_placed(&mut self, bar: u32) {
        self.problem.place(&mut self.key[1..], bar);
        self.path.push(bar);
    }

    fn note_depth(&mut self, layer: usize) {
        let is_deeper = layer > self.deepest;
        self.deepest = self.deepest.max(layer);
        if let Some(record) = &mut self.record
            && (is_deeper || (layer == self.deepest && self.path.len() > record.path.len()))
        {
            record.path.clone_from(&self.path);
        }
    }

    fn note_arrival(&mut self, state: u32) {
        let words = &self.key[1..];
        let Some(record) = &mut self.record else { return };
        let arrivals = &mut record.arrivals[self.window.layer()];
        match arrivals {
            Arrivals::None => *arrivals = Arrivals::One(state, words.to_vec()),
            Arrivals::One(before, same) if *before == state && same == words => (),
            Arrivals::One(..) | Arrivals::Many => *arrivals = Arrivals::Many,
        }
    }

    /// Why the search must end here, if it must.
    fn over(&mut self) -> Option<&'static str> {
        self.steps += 1;
        if self.steps > self.steps_max {
            return Some("too many steps");
        }
        if !self.steps.is_multiple_of(STEPS_A_POLL) {
            return None;
        }
        if self.bytes() > self.budget.bytes_max {
            return Some("out of memory");
        }
        self.budget.is_over().then_some("out of time")
    }

    /// Number of configurations entered.
    pub(super) fn configurations(&self) -> usize {
        self.memo.len()
    }

    /// Bytes it holds.
    pub(super) fn bytes(&self) -> u64 {
        self.memo.bytes() + self.states.bytes()
    }

    /// Number of steps taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The deepest layer reached.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    /// What was recorded, if anything was.
    pub(super) fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// A state by its number.
    pub(super) fn state(&self, number: u32) -> &M::State {
        self.states.get(number)
    }

    /// The distinct states in which configurations stood at a layer, in order of discovery, each
    /// with the open bars that one of them might have placed next.
    pub(super) fn stuck_at(&self, layer: usize) -> Vec<(&M::State, Vec<u32>)> {
        let mut stuck: Vec<(u32, Vec<u32>)> = Vec::new();
        for key in self.memo.keys().filter(|key| key[0] >> 32 == layer as u64) {
            let number = key[0] as u32;
            let at = stuck.iter().position(|(state, _)| *state == number).unwrap_or(stuck.len());
            if at == stuck.len() {
                stuck.push((number, Vec::new()));
            }
            stuck[at].1.extend(self.left(layer, &key[1..]));
        }
        let state = |(number, mut bars): (u32, Vec<u32>)| {
            bars.sort_unstable();
            bars.dedup();
            (self.states.get(number), bars)
        };
        stuck.into_iter().map(state).collect()
    }

    /// The bars that are open at a layer and that these words have not placed; of crashed calls
    /// that ask the same, the first.
    fn left(&self, layer: usize, words: &[u64]) -> Vec<u32> {
        let Problem { bars, layers, opened, places, classes, .. } = self.problem;
        let now = bars[layers[layer] as usize].completed;
        let is_left = |&bar: &u32| {
            let place = places[bar as usize] as usize;
            match bars[bar as usize].completed {
                NEVER => classes[place].bars.get(classes[place].used(words)) == Some(&bar),
                completed => completed >= now && !self.problem.is_placed(words, bar),
            }
        };
        (0..opened[layer]).filter(is_left).collect()
    }
}

/// What became of a candidate.
enum Tried {
    NoMore,
    DoesNotFit { has_more: bool },
    Placed { state: u32, has_more: bool },
}

impl Tried {
    const NOT: Tried = Tried::DoesNotFit { has_more: false };
}
