//! What a person is told about calls that have no order.
use super::{
    CallOf, certificate,
    judge::Judge,
    problem::{Bar, NEVER, Problem, known},
    search::{Outcome, Search},
    shrink::Part,
};
use crate::{
    Anomaly, Figure, History, OpsFigure,
    model::{Model, Witness},
};

mod stuck;

/// How many steps may be taken for the sake of an explanation.
const STEPS_MAX: u64 = 1 << 20;
/// So many states in which orders are stuck are shown.
const STATES_MAX: usize = 24;

/// The anomaly that a part of a history without an order makes; `None` if, to the general search,
/// it has an order after all. What fast ways find is never believed unless this search agrees.
pub(super) fn explain<M: Model>(
    judge: &Judge<'_, M>,
    history: &History,
    bars: &[Bar],
    part: &Part<M>,
) -> Option<Anomaly> {
    let index = |row: u32| history.op(row).index;
    let init = part.from.as_ref().map_or(&judge.origin.state, |(_, state)| state);
    let problem = Problem::new(judge.model, judge.calls, &part.bars, init.clone());
    let mut search = Search::new(&problem, judge.budget).recording().bounded(STEPS_MAX);
    let outcome = search.run();
    if let Outcome::Order(_) = outcome {
        return None;
    }
    let mut states = search.stuck_at(search.deepest());
    states.truncate(STATES_MAX);
    let reasons = reasons(&problem, history, &states, &part.culprit);
    if !matches!(outcome, Outcome::Stuck(_)) {
        // Of a search that was cut short nobody knows what lies behind its last states.
        states.clear();
    }
    let path = search.record().map_or(&[][..], |record| &record.path);
    let indices =
        |bars: &mut dyn Iterator<Item = &Bar>| bars.map(|bar| index(bar.invoked)).collect();
    let whole = part.whole.as_ref().unwrap_or(&part.bars);
    let figure = OpsFigure {
        calls: indices(&mut part.bars.iter()),
        culprit: index(part.culprit.completed),
        prefix: prefix(&problem, history, part, path),
        reasons,
        optional: indices(&mut part.bars.iter().filter(|bar| bar.completed == NEVER)),
        stuck: stuck::stuck(&problem, history, &states, &part.culprit),
        part: indices(&mut whole.iter()),
        answers: indices(&mut whole.iter().filter(|bar| bar.completed != NEVER)),
    };
    Some(Anomaly {
        name: "nonlinearizable".into(),
        key: None,
        explanation: sentences(judge, history, bars, part),
        figure: Figure::Ops(figure),
    })
}

/// Each placed call with the state after it, or the states, where there may be several.
fn prefix<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    part: &Part<M>,
    path: &[u32],
) -> Vec<(u32, String)> {
    let index = |bar: &Bar| history.op(bar.invoked).index;
    let before = part.from.as_ref().map(|(bar, state)| (index(bar), state.to_string()));
    let mut prefix: Vec<_> = before.into_iter().collect();
    let mut states = vec![problem.init.clone()];
    for &bar in path {
        states = certificate::after(problem, &states, bar);
        let words: Vec<_> = states.iter().map(ToString::to_string).collect();
        prefix.push((index(&problem.bars[bar as usize]), words.join(" or ")));
    }
    prefix
}

/// For each state that the culprit may have met: that it does not fit, nor after anything open.
fn reasons<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    states: &[(&M::State, Vec<u32>)],
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
    states
        .iter()
        .map(|(state, _)| format!("`{words}` does not fit the state {state}{nor}"))
        .collect()
}

fn words<M: Model>(model: &M, calls: &[CallOf<M>], bar: &Bar) -> String {
    let known = known(calls, bar);
    model.describe(known.input, known.output)
}

/// The paragraph: the model's own explanation where it has one, and how far the evidence goes.
fn sentences<M: Model>(
    judge: &Judge<'_, M>,
    history: &History,
    bars: &[Bar],
    part: &Part<M>,
) -> String {
    let Judge { model, origin, calls, .. } = judge;
    let until = bars.iter().filter(|bar| bar.invoked < part.culprit.completed);
    let all: Vec<_> = until.map(|bar| witness::<M>(history, calls, bar)).collect();
    let culprit = witness::<M>(history, calls, &part.culprit);
    let own = origin.explain(*model, &culprit, &all);
    let first = own.unwrap_or_else(|| {
        let op = history.op(part.culprit.invoked);
        format!(
            "`{}` by {} (op {}) has no place in any order of the calls before it.",
            words(*model, calls, &part.culprit),
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
