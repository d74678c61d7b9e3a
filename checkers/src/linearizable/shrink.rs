//! From a history that has no order to a small part of it that has none either.
//!
//! Calls are not deleted: a read of a deleted write would look like a bug. Instead a completed
//! call is *relaxed* into one that crashed, which may take effect at any later time or never. That
//! only adds orders, so whatever still has none is a true counterexample. A relaxed read asks for
//! nothing and vanishes; a relaxed write stays only where somebody may have seen it. The chunks
//! get smaller as in Zeller's ddmin (2002); as relaxing more never loses an order, one sweep a
//! size is enough, and the result is minimal: relax any one call more, and an order appears.
use super::{
    CallOf,
    problem::{Bar, NEVER, Problem},
    search::{Arrivals, Outcome, Search},
};
use crate::{Budget, model::Model};

/// A part of a history that has no order.
pub(super) struct Part<M: Model> {
    /// Its calls. In none of its orders can the last completion be explained.
    pub(super) bars: Vec<Bar>,
    /// That completion's call.
    pub(super) culprit: Bar,
    /// Where the part begins in the middle of the history: the call before, and the state that
    /// every order agrees on.
    pub(super) from: Option<(Bar, M::State)>,
    /// Whether no further call can be relaxed.
    pub(super) is_minimal: bool,
}

/// A part that needs more answers than this is too large to look at: what follows a moment on which
/// every order agrees is shown instead, from the state of that moment on.
const SHOWN_MAX: usize = 32;
/// How many completions are kept at least, to show how things came to be.
const CONTEXT: usize = 16;
/// Shrinking may take so many times the steps of the search that failed, and a constant more.
const EFFORT: u64 = 16;
const STEPS_MIN: u64 = 1 << 20;

/// Finds out which completion is to blame, then relaxes what is not needed to blame it. `stuck` is
/// the row of the completion at which the search for an order of `bars` ended.
pub(super) fn shrink<M: Model>(
    model: &M,
    calls: &[CallOf<M>],
    bars: &[Bar],
    stuck: u32,
    budget: &Budget,
) -> Part<M> {
    let Some(culprit) = culprit(model, calls, bars, stuck, budget) else {
        // Out of budget. What was invoked until then has no order, whatever else is true.
        let bars: Vec<Bar> = bars.iter().filter(|bar| bar.invoked < stuck).copied().collect();
        let culprit = *bars.iter().find(|bar| bar.completed == stuck).unwrap_or(&bars[0]);
        return Part { bars, culprit, from: None, is_minimal: false };
    };
    let bars = cut(bars, culprit.completed);
    let sieve = |part| Sieve::new(model, calls, part, budget).run();
    let part = sieve(Part { bars: bars.clone(), culprit, from: None, is_minimal: false });
    if part.bars.iter().filter(|bar| bar.completed != NEVER).count() <= SHOWN_MAX {
        return part;
    }
    begin_late(model, calls, &bars, culprit, budget).map_or(part, sieve)
}

/// The first completion such that the history until there has no order. Mostly the one at which
/// the search got stuck; later, where the search knew from later answers that it would be stuck.
fn culprit<M: Model>(
    model: &M,
    calls: &[CallOf<M>],
    bars: &[Bar],
    stuck: u32,
    budget: &Budget,
) -> Option<Bar> {
    let mut later: Vec<Bar> = bars.iter().filter(|bar| bar.completed >= stuck).copied().collect();
    later.retain(|bar| bar.completed != NEVER);
    later.sort_unstable_by_key(|bar| bar.completed);
    for bar in later {
        let problem = Problem::new(model, calls, &cut(bars, bar.completed));
        match Search::new(&problem, budget).run() {
            Outcome::Order(_) => (),
            Outcome::Stuck(_) => return Some(bar),
            Outcome::GaveUp(..) => return None,
        }
    }
    None
}

/// The history until a row: later invocations never were, later completions are unknown.
fn cut(bars: &[Bar], row: u32) -> Vec<Bar> {
    let known = bars.iter().filter(|bar| bar.invoked < row);
    known.map(|bar| if bar.completed > row { relaxed(bar) } else { *bar }).collect()
}

fn relaxed(bar: &Bar) -> Bar {
    Bar { completed: NEVER, ..*bar }
}

/// Drops all before a moment at which every order agrees on the state and on what happened, as
/// long as some context is left.
fn begin_late<M: Model>(
    model: &M,
    calls: &[CallOf<M>],
    bars: &[Bar],
    culprit: Bar,
    budget: &Budget,
) -> Option<Part<M>> {
    let problem = Problem::new(model, calls, bars);
    let mut search = Search::new(&problem, budget).recording();
    let Outcome::Stuck(_) = search.run() else { return None };
    let states = |search: &Search<'_, M>, number| search.state(number).clone();
    let last = problem.layers.len().saturating_sub(CONTEXT);
    let record = search.record()?;
    let (layer, state, words) =
        (1..last).rev().find_map(|layer| match &record.arrivals[layer] {
            Arrivals::One(state, words) => Some((layer, states(&search, *state), words)),
            Arrivals::None | Arrivals::Many => None,
        })?;
    let is_left = |(i, bar): (usize, &Bar)| {
        let place = problem.places[i] as usize;
        let is_placed = match bar.completed {
            NEVER => {
                let class = &problem.classes[place];
                class.bars[..class.used(words)].contains(&(i as u32))
            }
            completed => {
                let returned = problem.bars[problem.layers[layer - 1] as usize].completed;
                let is_open = bar.invoked < problem.bars[problem.layers[layer] as usize].completed;
                completed <= returned || (is_open && words[place / 64] >> (place % 64) & 1 == 1)
            }
        };
        (!is_placed).then_some(*bar)
    };
    let bars = problem.bars.iter().enumerate().filter_map(is_left).collect();
    let before = problem.bars[problem.layers[layer - 1] as usize];
    Some(Part { bars, culprit, from: Some((before, state)), is_minimal: false })
}

/// Relaxes calls as long as no order appears.
struct Sieve<'a, M: Model> {
    model: &'a M,
    calls: &'a [CallOf<M>],
    budget: &'a Budget,
    part: Part<M>,
    steps_left: u64,
    /// Steps of the first search. With less than that there is no use in trying.
    steps_min: u64,
}

impl<'a, M: Model> Sieve<'a, M> {
    fn new(model: &'a M, calls: &'a [CallOf<M>], part: Part<M>, budget: &'a Budget) -> Self {
        let mut sieve = Sieve { model, calls, budget, part, steps_left: u64::MAX, steps_min: 0 };
        let bars = sieve.part.bars.clone();
        sieve.is_hopeless(&bars);
        sieve.steps_min = u64::MAX - sieve.steps_left;
        sieve.steps_left = sieve.steps_min.saturating_mul(EFFORT).saturating_add(STEPS_MIN);
        sieve
    }

    fn run(mut self) -> Part<M> {
        let count = self.part.bars.len();
        let mut size = count.next_power_of_two();
        self.part.is_minimal = true;
        while size > 0 {
            for start in (0..count).step_by(size) {
                self.try_to_relax(start..(start + size).min(count));
            }
            size /= 2;
        }
        let from = self.part.from.as_ref().map(|(_, state)| state.clone());
        let init = from.unwrap_or_else(|| self.model.init());
        let bars = &self.part.bars;
        self.part.bars = Problem::from_state(self.model, self.calls, bars, init).bars;
        self.part
    }

    /// Relaxes the completed ones of these bars, the culprit excepted, if no order appears.
    fn try_to_relax(&mut self, range: std::ops::Range<usize>) {
        if self.steps_left / 4 < self.steps_min || self.budget.is_over() {
            self.part.is_minimal = false;
            return;
        }
        let is_single = range.len() == 1;
        let mut bars = self.part.bars.clone();
        let mut is_same = true;
        for bar in &mut bars[range] {
            if bar.completed != NEVER && *bar != self.part.culprit {
                *bar = relaxed(bar);
                is_same = false;
            }
        }
        match if is_same { Some(false) } else { self.is_hopeless(&bars) } {
            Some(true) => self.part.bars = bars,
            Some(false) => (),
            None => self.part.is_minimal &= !is_single,
        }
    }

    /// Whether there certainly is no order of these; `None` where that costs too much to know.
    fn is_hopeless(&mut self, bars: &[Bar]) -> Option<bool> {
        let from = self.part.from.as_ref().map(|(_, state)| state.clone());
        let init = from.unwrap_or_else(|| self.model.init());
        let problem = Problem::from_state(self.model, self.calls, bars, init);
        // No single attempt may eat up what is left for all the others.
        let mut search = Search::new(&problem, self.budget).bounded(self.steps_left / 4);
        let outcome = search.run();
        self.steps_left = self.steps_left.saturating_sub(search.steps());
        match outcome {
            Outcome::Order(_) => Some(false),
            Outcome::Stuck(_) => Some(true),
            Outcome::GaveUp(..) => None,
        }
    }
}
