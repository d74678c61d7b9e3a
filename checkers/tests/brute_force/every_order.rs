//! Every order of every choice of crashed calls, one after the other.
use checkers::{Call, Outcome, model::Model};

/// Calls of a model.
pub(crate) type Calls<M> = Vec<Call<<M as Model>::Input, <M as Model>::Output>>;

/// Whether some order of the completed calls and some of the crashed ones is legal. `answers` are
/// what a crashed call may have been answered; where there are none, the model is left to decide
/// what an unknown answer means.
pub(crate) fn has_order<M: Model>(model: &M, answers: &[M::Output], calls: &Calls<M>) -> bool {
    extend(model, answers, calls, &model.init(), &mut vec![false; calls.len()])
}

fn extend<M: Model>(
    model: &M,
    answers: &[M::Output],
    calls: &Calls<M>,
    state: &M::State,
    done: &mut [bool],
) -> bool {
    let must = |i: usize| match calls[i].outcome {
        Outcome::Ok { completed, .. } if !done[i] => Some(completed),
        _ => None,
    };
    let Some(first) = (0..calls.len()).filter_map(must).min() else { return true };
    for i in 0..calls.len() {
        // Nothing may come before a call that had ended when it began.
        if done[i] || calls[i].invoked > first || calls[i].outcome == Outcome::Fail {
            continue;
        }
        for next in after(model, answers, state, &calls[i]) {
            done[i] = true;
            let found = extend(model, answers, calls, &next, done);
            done[i] = false;
            if found {
                return true;
            }
        }
    }
    false
}

/// The different states that a call may lead to.
fn after<M: Model>(
    model: &M,
    answers: &[M::Output],
    state: &M::State,
    call: &Call<M::Input, M::Output>,
) -> Vec<M::State> {
    let answers: Vec<_> = match &call.outcome {
        Outcome::Ok { output, .. } => vec![Some(output)],
        _ if answers.is_empty() => vec![None],
        _ => answers.iter().map(Some).collect(),
    };
    let mut states = Vec::new();
    for next in answers.into_iter().flat_map(|answer| model.steps(state, &call.input, answer)) {
        if !states.contains(&next) {
            states.push(next);
        }
    }
    states
}
