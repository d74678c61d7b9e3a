//! Every order of every choice of crashed calls, one after the other.
use checkers::{Call, Outcome, model::Model};

/// Calls of a model.
pub(crate) type Calls<M> = Vec<Call<<M as Model>::Input, <M as Model>::Output>>;

/// Whether some order of the completed calls and some of the crashed ones is legal.
pub(crate) fn has_order<M: Model>(model: &M, calls: &Calls<M>) -> bool {
    extend(model, calls, &model.init(), &mut vec![false; calls.len()])
}

fn extend<M: Model>(model: &M, calls: &Calls<M>, state: &M::State, done: &mut [bool]) -> bool {
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
        let output = match &calls[i].outcome {
            Outcome::Ok { output, .. } => Some(output),
            _ => None,
        };
        if let Some(next) = model.step(state, &calls[i].input, output) {
            done[i] = true;
            let found = extend(model, calls, &next, done);
            done[i] = false;
            if found {
                return true;
            }
        }
    }
    false
}
