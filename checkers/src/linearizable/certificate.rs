//! An order speaks for itself: checking one takes a page that shares nothing with the search.
use rustc_hash::FxHashSet;

use super::problem::{NEVER, Problem};
use crate::model::{Known, Model};

/// Whether these bars, in this order, explain the history: every completed call is there once,
/// none after a call that was invoked when it had completed, and the model accepts them all.
pub(super) fn holds<M: Model>(problem: &Problem<'_, M>, order: &[u32]) -> bool {
    let mut placed = vec![false; problem.bars.len()];
    for &bar in order {
        if std::mem::replace(&mut placed[bar as usize], true) {
            return false;
        }
    }
    let is_missing =
        |(bar, placed): (usize, &bool)| problem.bars[bar].completed != NEVER && !placed;
    if placed.iter().enumerate().any(is_missing) {
        return false;
    }
    // From the end: the earliest completion of what comes later bounds what may come before.
    let mut earliest = NEVER;
    for &bar in order.iter().rev() {
        let bar = &problem.bars[bar as usize];
        if bar.invoked > earliest {
            return false;
        }
        earliest = earliest.min(bar.completed);
    }
    let mut states = vec![problem.init.clone()];
    for &bar in order {
        states = after(problem, &states, bar);
    }
    !states.is_empty()
}

/// The states, each once, that a bar may lead to from any of these.
pub(super) fn after<M: Model>(
    problem: &Problem<'_, M>,
    states: &[M::State],
    bar: u32,
) -> Vec<M::State> {
    let Known { input, output } = problem.known(bar);
    let each = states.iter().flat_map(|state| problem.model.steps(state, input, output));
    if states.len() <= 1 {
        return each.collect();
    }
    let mut met = FxHashSet::default();
    each.filter(|state| met.insert(state.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{linearizable::problem::bars, model::Register, notation};

    #[test]
    fn only_a_true_order_holds() {
        let history = notation::history("0: |- write 1 -| |- read -> 1 -|\n1: |- write 2 -|");
        let (model, calls) = (Register::default(), history.calls().unwrap());
        let problem = Problem::new(&model, &calls, &bars(&calls), model.init());
        let says = |order: &[u32]| holds(&problem, order);
        assert!(says(&[1, 0, 2]));
        assert!(!says(&[0, 1, 2]), "the read does not fit");
        assert!(!says(&[0, 2, 1]), "the read was asked after write 2 had ended");
        assert!(!says(&[0, 2]), "write 2 is missing");
        assert!(!says(&[1, 0, 0, 2]), "write 1 is there twice");
    }
}
