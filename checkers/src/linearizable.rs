//! Is there an order? A history is *linearizable* if its calls can be put in one sequence that the
//! model accepts, each call at some instant between its invocation and its completion; a crashed
//! call at any instant after its invocation, or never (Herlihy and Wing, 1990).
//!
//! [`Linearizable`] searches for that order. Where there is none, it names the first completion
//! that no order can explain, and shows the smallest part of the history it can find that has no
//! order by itself.
use crate::{Budget, Call, Checker, History, Verdict, model::Model};

mod certificate;
mod explain;
mod memo;
mod problem;
mod search;
mod shrink;
mod states;
mod window;

use problem::{CallOf, Problem, bars};
use search::{Outcome, Search};

/// Checks histories of one object against a model.
#[derive(Clone, Debug, Default)]
pub struct Linearizable<M>(
    /// What the object should be like.
    pub M,
);

impl<M: Model> Checker for Linearizable<M> {
    /// Valid with an order found; invalid with one anomaly, `nonlinearizable`; unknown where the
    /// budget did not suffice or a value does not fit the model. Of an anomaly's calls the detail
    /// `optional` lists those that may as well not have happened (by index of the invocation).
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let calls: Vec<Call<M::Input, M::Output>> = match history.calls() {
            Ok(calls) => calls,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let all = bars(&calls);
        let problem = Problem::new(&self.0, &calls, &all);
        let mut search = Search::new(&problem, budget);
        let outcome = search.run();
        let verdict = match outcome {
            Outcome::Order(order) if certificate::holds(&problem, &order) => Verdict::valid(),
            Outcome::Order(_) => {
                Verdict::unknown("bug in the search: its order does not hold").with("bug", true)
            }
            Outcome::GaveUp(why, layer) => {
                let message = gave_up(&problem, history, &search, why, layer);
                Verdict::unknown(message)
            }
            Outcome::Stuck(layer) => {
                let stuck = problem.bars[problem.layers[layer] as usize].completed;
                let part = shrink::shrink(&self.0, &calls, &all, stuck, budget);
                let anomaly = explain::explain(&self.0, history, &calls, &all, &part, budget);
                Verdict::of(vec![anomaly]).with("optional", explain::optional(history, &part))
            }
        };
        verdict.with("calls", calls.len()).with("configurations", search.configurations())
    }
}

/// Why there is no verdict, and how far the search got.
fn gave_up<M: Model>(
    problem: &Problem<'_, M>,
    history: &History,
    search: &Search<'_, M>,
    why: &str,
    layer: usize,
) -> String {
    let bar = problem.bars[problem.layers[layer] as usize];
    format!(
        "{why} at completion {} of {} (op {}), after {} configurations, with {} crashed calls open",
        layer + 1,
        problem.layers.len(),
        history.op(bar.completed).index,
        search.configurations(),
        search.crashed_before(layer),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figure, OpsFigure, Valid, model::Register, notation};

    fn judge(picture: &str) -> Verdict {
        let history = notation::history(picture);
        Linearizable(Register::default()).check(&history, &Budget::unlimited())
    }

    fn figure(verdict: &Verdict) -> &OpsFigure {
        match &verdict.anomalies[0].figure {
            Figure::Ops(figure) => figure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_read_may_not_forget() {
        let verdict = judge(
            "0: |-------- write 200 --------|
             1:   |-- read -> 200 --|
             2:                        |-- read -> null --|",
        );
        let figure = figure(&verdict);
        assert_eq!((&figure.calls[..], figure.culprit), (&[0, 1, 3][..], 5));
        assert_eq!(figure.reasons.len(), 1);
    }

    #[test]
    fn only_what_contradicts_is_shown() {
        let verdict = judge(
            "0: |- write 1 -| |- write 2 -| |- read -> 2 -| |- write 3 -|
             1:   |- read -> 1 -| |- write 7 -~
             3:                                                              |- read -> 2 -|
             2:   |- write 5 -| |- read -> 1 -|",
        );
        let figure = figure(&verdict);
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("write 3 by process 0"), "{explanation}");
        assert!(figure.calls.len() <= 4, "{figure:?}");
    }

    /// Writes one after the other, and then a read that is stale.
    fn stale_after(writes: usize, value: impl Fn(usize) -> usize) -> Verdict {
        let writes = (0..writes).map(|i| format!("|- write {} -|", value(i)));
        let row = writes.collect::<Vec<_>>().join(" ");
        judge(&format!("0: {row}\n1: {:1$} |- read -> 1 -|", "", row.len()))
    }

    #[test]
    fn of_a_long_history_little_is_shown() {
        let verdict = stale_after(1000, |i| i);
        assert_eq!(figure(&verdict).calls.len(), 3);
        assert!(verdict.anomalies[0].explanation.contains("takes the 3 answers"), "{verdict:?}");
    }

    #[test]
    fn where_all_of_the_past_is_needed_it_begins_where_every_order_agrees() {
        let verdict = stale_after(999, |i| i % 3);
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("Until op 1965 every order"), "{explanation}");
        let figure = figure(&verdict);
        assert!(figure.calls.len() < 20, "{figure:?}");
        assert_eq!(figure.prefix[0], (1964, "1".into()));
    }

    #[test]
    fn values_that_do_not_fit_the_model_are_unknown() {
        let verdict = judge("0: |- pop -> 1 -|");
        assert_eq!(verdict.valid, Valid::Unknown);
        assert!(verdict.why().unwrap().contains("line 1"), "{verdict:?}");
    }

    #[test]
    fn out_of_budget_is_unknown_with_how_far_it_got() {
        let mut picture = String::new();
        for process in 0..24 {
            picture += &format!("{process}: |- write {process} ----------|\n");
        }
        picture += "90:                               |- read -> 90 -|\n91: |- write 90 -|";
        let history = notation::history(&picture);
        let budgets =
            [(Budget::new(u64::MAX, || true), "time"), (Budget::new(1 << 20, || false), "memory")];
        for (budget, why) in budgets {
            let verdict = Linearizable(Register::default()).check(&history, &budget);
            assert_eq!(verdict.valid, Valid::Unknown);
            let text = verdict.why().unwrap();
            assert!(text.contains(why) && text.contains("completion 26 of 26"), "{text}");
        }
    }
}
