//! Is there one order that every process could have seen? A history is *sequentially consistent*
//! if its calls can be put in one sequence that the model accepts and in which the calls of each
//! process stand in the order in which it made them (Lamport 1979, "How to make a multiprocessor
//! computer..."). Unlike linearizability it asks nothing of real time: the past may be served.
//!
//! It is not local: each key may have such an order while all of them together have none. So a
//! history of many keys is judged as one object, whose state is that of every key.
//!
//! A crashed call may have happened after its predecessors, or never; its process does not go on.
use rustc_hash::FxHashMap;

use super::{
    Claim,
    accesses::{NEVER, completed},
};
use crate::{Budget, Call, Figure, History, OpsFigure, Outcome, Valid, model::Known, model::Model};

pub(super) mod forced;
pub(super) mod schedule;
pub(super) mod search;
mod shrink;

use search::{Found, Search};

/// The name of the claim.
pub(super) const NAME: &str = "sequentially consistent";

pub(super) type CallOf<M> = Call<<M as Model>::Input, <M as Model>::Output>;

/// The calls to be ordered.
pub(super) struct Problem<'a, M: Model> {
    model: &'a M,
    calls: &'a [CallOf<M>],
    /// The object each call is about.
    key_of: &'a [u32],
    keys: usize,
    /// The calls of each process that count, in its order.
    sessions: Vec<Vec<u32>>,
    /// For each call that counts, its session and its place there.
    places: Vec<(u32, u32)>,
    /// How many calls must be in the order.
    completed: usize,
}

/// What is known of every order before it is sought. Nothing, by default.
pub(super) struct Hints<S> {
    /// For each call, calls that every order puts before it.
    pub(super) before: Vec<Vec<u32>>,
    /// Who must see an object in a state that it can be in only once.
    pub(super) readers: FxHashMap<(u32, S), Vec<u32>>,
}

impl<S> Default for Hints<S> {
    fn default() -> Hints<S> {
        Hints { before: Vec::new(), readers: FxHashMap::default() }
    }
}

/// Looks for an order. `key_of` numbers each call's object from 0.
pub(super) fn order<M: Model>(
    model: &M,
    calls: &[CallOf<M>],
    key_of: &[u32],
    hints: &Hints<M::State>,
    budget: &Budget,
) -> Found {
    Search::new(&Problem::new(model, calls, key_of), hints).run(budget)
}

/// The claim that an order of so many calls was found.
pub(super) fn found(calls: usize) -> Claim {
    Claim::new(NAME, Valid::Valid, format!("an order of {calls} calls was found"))
}

/// What the search found, for people: where there is no order, the calls without the reads that
/// do not matter for that.
pub(super) fn judge<M: Model>(
    model: &M,
    history: &History,
    (calls, key_of): (&[CallOf<M>], &[u32]),
    hints: &Hints<M::State>,
    budget: &Budget,
) -> Claim {
    match order(model, calls, key_of, hints, budget) {
        Found::Order(order) => found(order.len()),
        Found::GaveUp(why, count) => {
            Claim::unknown(NAME, format!("{why} after {count} configurations led nowhere"))
        }
        Found::Nothing => {
            let index = |row: u32| history.op(row).index;
            let part = shrink::without_reads(model, calls, key_of, budget);
            let ends = part.iter().map(|call| completed(call)).filter(|&row| row != NEVER);
            let figure = OpsFigure {
                calls: part.iter().map(|call| index(call.invoked)).collect(),
                culprit: ends.max().map_or(0, index),
                ..OpsFigure::default()
            };
            let why = "every order was tried, or ruled out";
            Claim::new(NAME, Valid::Invalid, why).shown_by(Figure::Ops(figure))
        }
    }
}

impl<'a, M: Model> Problem<'a, M> {
    fn new(model: &'a M, calls: &'a [CallOf<M>], key_of: &'a [u32]) -> Problem<'a, M> {
        let keys = key_of.iter().max().map_or(0, |&key| key as usize + 1);
        let counts = counting(model, calls, key_of, keys);
        let mut problem = Problem {
            model,
            calls,
            key_of,
            keys,
            sessions: Vec::new(),
            places: vec![(0, 0); calls.len()],
            completed: 0,
        };
        let mut numbers = FxHashMap::default();
        for (i, call) in calls.iter().enumerate().filter(|&(i, _)| counts[i]) {
            let session = *numbers.entry(call.process).or_insert(problem.sessions.len());
            if session == problem.sessions.len() {
                problem.sessions.push(Vec::new());
            }
            problem.places[i] = (session as u32, problem.sessions[session].len() as u32);
            problem.sessions[session].push(i as u32);
            problem.completed += usize::from(completed(call) != NEVER);
        }
        problem
    }

    fn is_completed(&self, call: u32) -> bool {
        completed(&self.calls[call as usize]) != NEVER
    }
}

/// Which calls count: not those that failed, nor crashed ones that cannot matter. The model's word
/// for that holds here too, since leaving a call out of an order breaks no process's order.
fn counting<M: Model>(model: &M, calls: &[CallOf<M>], key_of: &[u32], keys: usize) -> Vec<bool> {
    let mut counts = vec![false; calls.len()];
    let mut by_key: Vec<Vec<usize>> = vec![Vec::new(); keys];
    for i in (0..calls.len()).filter(|&i| calls[i].outcome != Outcome::Fail) {
        by_key[key_of[i] as usize].push(i);
    }
    for members in by_key {
        let known =
            members.iter().map(|&i| Known { input: &calls[i].input, output: output(&calls[i]) });
        let matter = model.matter(&known.collect::<Vec<_>>());
        for (&i, matters) in members.iter().zip(matter) {
            let is_crashed = completed(&calls[i]) == NEVER;
            counts[i] = !is_crashed || (matters && !model.is_read(&calls[i].input));
        }
    }
    counts
}

fn output<I, O>(call: &Call<I, O>) -> Option<&O> {
    match &call.outcome {
        Outcome::Ok { output, .. } => Some(output),
        Outcome::Fail | Outcome::Info => None,
    }
}
