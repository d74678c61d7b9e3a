//! Why an order gets no further: what may come next, and why that is of no use.
use super::words;
use crate::{
    Candidate, History, Stuck,
    linearizable::problem::{Bar, Problem},
    model::Model,
};

/// For each state in which orders are stuck: every open call, and why it leads nowhere. All that
/// they lead to was searched.
pub(super) fn stuck<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    states: &[(&M::State, Vec<u32>)],
    culprit: &Bar,
) -> Vec<Stuck> {
    let words = |bar: &Bar| words(problem.model, problem.calls, bar);
    let candidate = |state: &M::State, number: u32| {
        let (bar, known) = (&problem.bars[number as usize], problem.known(number));
        let next: Vec<_> = problem.model.steps(state, known.input, known.output).collect();
        let leads_to = next.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let leads_to = (!next.is_empty()).then_some(leads_to);
        let reason = match &leads_to {
            None => format!("does not fit the state {state}"),
            Some(_) if next.iter().all(|same| same == state) => {
                format!("changes nothing, and `{}` does not fit", words(culprit))
            }
            Some(next) => {
                format!("leads to {next}, and `{}` cannot follow from there either", words(culprit))
            }
        };
        Candidate { op: history.op(bar.invoked).index, call: words(bar), leads_to, reason }
    };
    let each = states.iter().map(|(state, open)| Stuck {
        state: state.to_string(),
        candidates: open.iter().map(|&number| candidate(state, number)).collect(),
    });
    each.collect()
}
