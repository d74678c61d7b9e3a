//! What a person is told about calls that have no order.
use super::{
    CallOf,
    problem::{Bar, NEVER, Problem, known},
    search::{Outcome, Search},
    shrink::Part,
};
use crate::{
    Anomaly, Budget, Figure, History, OpsFigure,
    model::{Model, Witness},
};

/// How many steps may be taken for the sake of an explanation.
const STEPS_MAX: u64 = 1 << 20;

/// The anomaly that a part of a history without an order makes; `None` if, to the general search,
/// it has an order after all. What fast ways find is never believed unless this search agrees.
pub(super) fn explain<M: Model>(
    model: &M,
    history: &History,
    calls: &[CallOf<M>],
    bars: &[Bar],
    part: &Part<M>,
    budget: &Budget,
) -> Option<Anomaly> {
    let index = |row: u32| history.op(row).index;
    let init = part.from.as_ref().map_or_else(|| model.init(), |(_, state)| state.clone());
    let problem = Problem::from_state(model, calls, &part.bars, init);
    let mut search = Search::new(&problem, budget).recording().bounded(STEPS_MAX);
    if let Outcome::Order(_) = search.run() {
        return None;
    }
    let deepest = search.deepest();
    let reasons = reasons(&problem, history, &search.states_at(deepest), &part.culprit);
    let path = search.record().map_or(&[][..], |record| &record.path);
    let figure = OpsFigure {
        calls: part.bars.iter().map(|bar| index(bar.invoked)).collect(),
        culprit: index(part.culprit.completed),
        prefix: prefix(&problem, history, part, path),
        reasons,
    };
    Some(Anomaly {
        name: "nonlinearizable".into(),
        key: None,
        explanation: sentences(model, history, calls, bars, part),
        figure: Figure::Ops(figure),
    })
}

/// Each placed call with the state after it.
fn prefix<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    part: &Part<M>,
    path: &[u32],
) -> Vec<(u32, String)> {
    let index = |bar: &Bar| history.op(bar.invoked).index;
    let before = part.from.as_ref().map(|(bar, state)| (index(bar), state.to_string()));
    let mut prefix: Vec<_> = before.into_iter().collect();
    let mut state = problem.init.clone();
    for &bar in path {
        let known = problem.known(bar);
        let Some(next) = problem.model.step(&state, known.input, known.output) else { break };
        state = next;
        prefix.push((index(&problem.bars[bar as usize]), state.to_string()));
    }
    prefix
}

/// For each state that the culprit may have met: that it does not fit, nor after anything open.
fn reasons<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    states: &[&M::State],
    culprit: &Bar,
) -> Vec<String> {
    let words = words(problem.model, problem.calls, culprit);
    let is_open = |bar: &Bar| {
        bar != culprit && bar.invoked < culprit.completed && bar.completed > culprit.completed
    };
    let open = problem.bars.iter().filter(|bar| is_open(bar)).map(|bar| {
        let index = history.op(bar.invoked).index;
        format!("{} (op {index})", self::words(problem.model, problem.calls, bar))
    });
    let open: Vec<_> = open.collect();
    let nor = match &open[..] {
        [] => String::new(),
        open => format!(", nor after any of what was open then: {}", open.join(", ")),
    };
    states.iter().map(|state| format!("`{words}` does not fit the state {state}{nor}")).collect()
}

/// The shown calls that may have happened or not, for all it matters: they crashed, or what they
/// answered is not needed for the contradiction.
pub(super) fn optional<M: Model>(history: &History, part: &Part<M>) -> Vec<u32> {
    let optional = part.bars.iter().filter(|bar| bar.completed == NEVER);
    optional.map(|bar| history.op(bar.invoked).index).collect()
}

fn words<M: Model>(model: &M, calls: &[CallOf<M>], bar: &Bar) -> String {
    let known = known(calls, bar);
    model.describe(known.input, known.output)
}

/// The paragraph: the model's own explanation where it has one, and how far the evidence goes.
fn sentences<M: Model>(
    model: &M,
    history: &History,
    calls: &[CallOf<M>],
    bars: &[Bar],
    part: &Part<M>,
) -> String {
    let until = bars.iter().filter(|bar| bar.invoked < part.culprit.completed);
    let all: Vec<_> = until.map(|bar| witness::<M>(history, calls, bar)).collect();
    let culprit = witness::<M>(history, calls, &part.culprit);
    let own = model.explain(&culprit, &all);
    let first = own.unwrap_or_else(|| {
        let op = history.op(part.culprit.invoked);
        format!(
            "`{}` by {} (op {}) has no place in any order of the calls before it.",
            words(model, calls, &part.culprit),
            op.process,
            op.index,
        )
    });
    let completed = part.bars.iter().filter(|bar| bar.completed != NEVER).count();
    let start = part.from.as_ref().map_or_else(String::new, |(bar, state)| {
        let index = history.op(bar.completed).index;
        format!(" Until op {index} every order of the calls leads to the state {state}.")
    });
    let extent = match (completed, part.is_minimal) {
        (1, _) => "No other answer is needed to see it.".into(),
        (n, true) => {
            format!("It takes the {n} answers shown to see it: without any one there is an order.")
        }
        (n, false) => format!("The {n} answers shown suffice to see it; perhaps fewer would."),
    };
    format!("{first}{start} {extent}")
}

fn witness<'a, M: Model>(
    history: &'a History,
    calls: &'a [CallOf<M>],
    bar: &Bar,
) -> Witness<'a, M::Input, M::Output> {
    let known = known(calls, bar);
    let completed = (bar.completed != NEVER).then(|| history.op(bar.completed));
    let invoked = history.op(bar.invoked);
    Witness { input: known.input, output: known.output, invoked, completed }
}
