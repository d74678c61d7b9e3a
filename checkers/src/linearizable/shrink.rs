//! From a history that has no order to a small part of it that has none either.
//!
//! Calls are not deleted: a read of a deleted write would look like a bug. Instead a completed
//! call is *relaxed* into one that crashed, which may take effect at any later time or never. That
//! only adds orders, so whatever still has none is a true counterexample. A relaxed read asks for
//! nothing and vanishes; a relaxed write stays only where somebody may have seen it. The chunks
//! get smaller as in Zeller's ddmin (2002); as relaxing more never loses an order, nothing need be
//! tried twice, and the result is minimal: relax any one call more, and an order appears.
use std::collections::VecDeque;

use super::{
    judge::Judge,
    problem::{self, Bar, NEVER, Problem},
    search::{Arrivals, Outcome, Search},
};
use crate::model::Model;

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
    /// Where the part begins in the middle: a larger one that has no order from the beginning on.
    pub(super) whole: Option<Vec<Bar>>,
}

/// Where it was noticed that there is no order.
#[derive(Clone, Copy)]
pub(super) struct Stuck {
    /// Row of a completion.
    pub(super) row: u32,
    /// Whether the history until any earlier completion may have an order.
    pub(super) is_earliest: bool,
}

/// A part that needs more answers than this is too large to look at: what follows a moment on which
/// every order agrees is shown instead, from the state of that moment on.
const SHOWN_MAX: usize = 32;
/// How many completions are kept at least, to show how things came to be.
const CONTEXT: usize = 16;
/// Shrinking may take so many steps, or so many times those of the search that failed, where that
/// is more; but where it is hard, no more than that search; one attempt a part of it.
const STEPS_MIN: u64 = 1 << 18;
const EFFORT: u64 = 8;
const STEPS_HARD: u64 = 1 << 22;
const ATTEMPTS_MIN: u64 = 4;
/// As often as this the calls of the part are gone through, where that leaves some undecided.
const ROUNDS: usize = 8;

/// Finds out which completion is to blame, then relaxes what is not needed to blame it.
pub(super) fn shrink<M: Model>(judge: &Judge<'_, M>, bars: &[Bar], stuck: Stuck) -> Part<M> {
    let Some((culprit, steps)) = culprit(judge, bars, stuck) else {
        // Out of budget. What was invoked until then has no order, whatever else is true.
        let last = bars.iter().filter(|bar| bar.completed != NEVER).max_by_key(|b| b.completed);
        let is_stuck = |bar: &&Bar| bar.completed == stuck.row && bar.completed != NEVER;
        let culprit = bars.iter().find(is_stuck).or(last);
        let culprit = *culprit.unwrap_or(&bars[0]);
        let bars = cut(bars, culprit.completed);
        return Part { bars, culprit, from: None, is_minimal: false, whole: None };
    };
    let bars = cut(bars, culprit.completed);
    let all = bars.clone();
    let all = Part { bars: all, culprit, from: None, is_minimal: false, whole: None };
    let part = Sieve::new(judge, all, steps).run();
    if part.bars.iter().filter(|bar| bar.completed != NEVER).count() <= SHOWN_MAX {
        return part;
    }
    match begin_late(judge, &bars, culprit) {
        Some(late) => Part { whole: Some(part.bars), ..Sieve::new(judge, late, None).run() },
        None => part,
    }
}

/// The first completion such that the history until there has no order. Mostly the one at which
/// the search got stuck; later, where the search knew from later answers that it would be stuck.
/// Once there is no order there never will be one again, so halving finds it. With it come the
/// steps that it took to see that there is none, where they are known.
fn culprit<M: Model>(
    judge: &Judge<'_, M>,
    bars: &[Bar],
    stuck: Stuck,
) -> Option<(Bar, Option<u64>)> {
    let mut ends: Vec<Bar> = bars.iter().filter(|bar| bar.completed != NEVER).copied().collect();
    ends.sort_unstable_by_key(|bar| bar.completed);
    let is_hopeless = |end: &Bar| judge.is_hopeless(&cut(bars, end.completed), None, u64::MAX);
    let (mut from, mut to, mut known) = (0, ends.len() - 1, None);
    if stuck.is_earliest {
        from = ends.partition_point(|bar| bar.completed < stuck.row).min(to);
        let (is_it, steps) = is_hopeless(&ends[from]);
        if is_it? {
            return Some((ends[from], Some(steps)));
        }
        from += 1;
    }
    while from < to {
        let middle = from + (to - from) / 2;
        let (is_it, steps) = is_hopeless(&ends[middle]);
        match is_it? {
            true => (to, known) = (middle, Some(steps)),
            false => from = middle + 1,
        }
    }
    Some((*ends.get(from)?, known))
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
fn begin_late<M: Model>(judge: &Judge<'_, M>, bars: &[Bar], culprit: Bar) -> Option<Part<M>> {
    let problem = Problem::new(judge.model, judge.calls, bars, judge.origin.state.clone());
    let mut search = Search::new(&problem, judge.budget).recording().bounded(STEPS_MIN);
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
    Some(Part { bars, culprit, from: Some((before, state)), is_minimal: false, whole: None })
}

/// Relaxes calls as long as no order appears.
struct Sieve<'a, M: Model> {
    judge: &'a Judge<'a, M>,
    part: Part<M>,
    steps_left: u64,
    /// Steps of the search that proved the part to have no order. With less than that there is no
    /// use in trying.
    steps_min: u64,
}

impl<'a, M: Model> Sieve<'a, M> {
    /// Of a part of which it is known, perhaps, how many steps it takes to see that it has no order.
    fn new(judge: &'a Judge<'a, M>, part: Part<M>, steps: Option<u64>) -> Self {
        let from = part.from.as_ref().map(|(_, state)| state);
        let see = || judge.is_hopeless(&part.bars, from, u64::MAX).1;
        let steps_min = steps.unwrap_or_else(see);
        Sieve { judge, part, steps_left: 0, steps_min }
    }

    /// What a round left undecided for want of steps, the next decides with fewer, if its part is
    /// smaller.
    fn run(mut self) -> Part<M> {
        for _ in 0..ROUNDS {
            let before = self.steps_min;
            let effort = before.saturating_mul(EFFORT).min(before.max(STEPS_HARD));
            self.steps_left = effort.max(STEPS_MIN);
            self.part.is_minimal = true;
            self.round();
            let is_worth_while = self.steps_min <= before / 2 || before < STEPS_MIN / EFFORT;
            if self.part.is_minimal || !is_worth_while || self.judge.budget.is_over() {
                break;
            }
        }
        self.part.bars = self.relevant(&self.part.bars);
        self.part
    }

    /// Relaxes halves, and then of those that cannot be relaxed as a whole, their halves.
    fn round(&mut self) {
        let culprit = self.part.culprit;
        let is_open = |bar: &&Bar| bar.completed != NEVER && **bar != culprit;
        let calls: Vec<u32> = self.part.bars.iter().filter(is_open).map(|bar| bar.call).collect();
        let whole = 0..calls.len();
        let mut ranges = VecDeque::from([whole]);
        while let Some(range) = ranges.pop_front() {
            let chosen = &calls[range.clone()];
            if chosen.is_empty() || self.try_to_relax(chosen) || range.len() == 1 {
                continue;
            }
            let middle = range.start + range.len() / 2;
            ranges.extend([range.start..middle, middle..range.end]);
        }
    }

    fn relevant(&self, bars: &[Bar]) -> Vec<Bar> {
        problem::relevant(self.judge.model, self.judge.calls, bars)
    }

    /// Relaxes these calls, which follow each other, but for the culprit, if no order appears.
    fn try_to_relax(&mut self, calls: &[u32]) -> bool {
        if self.steps_left < self.steps_min || self.judge.budget.is_over() {
            self.part.is_minimal = false;
            return false;
        }
        let chosen = calls[0]..=calls[calls.len() - 1];
        let mut bars = self.part.bars.clone();
        for bar in &mut bars {
            if chosen.contains(&bar.call) && *bar != self.part.culprit {
                *bar = relaxed(bar);
            }
        }
        let bars = self.relevant(&bars);
        let before = self.steps_left;
        match self.is_hopeless(&bars) {
            Some(true) => {
                self.part.bars = bars;
                self.steps_min = before - self.steps_left;
                true
            }
            Some(false) => false,
            None => {
                self.part.is_minimal &= calls.len() > 1;
                false
            }
        }
    }

    /// Whether there certainly is no order of these; `None` where that costs too much to know.
    fn is_hopeless(&mut self, bars: &[Bar]) -> Option<bool> {
        let from = self.part.from.as_ref().map(|(_, state)| state);
        // No single attempt may eat up what is left for all the others.
        let (answer, steps) = self.judge.is_hopeless(bars, from, self.steps_left / ATTEMPTS_MIN);
        self.steps_left = self.steps_left.saturating_sub(steps);
        answer
    }
}
