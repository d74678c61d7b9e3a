//! Is there an order? A history is *linearizable* if its calls can be put in one sequence that the
//! model accepts, each call at some instant between its invocation and its completion; a crashed
//! call at any instant after its invocation, or never (Herlihy and Wing, 1990).
//!
//! [`Linearizable`] searches for that order. Where there is none, it names the first completion
//! that no order can explain, and shows the smallest part of the history it can find that has no
//! order by itself.
//!
//! Three kinds of ways, the fastest that a history allows: for familiar objects, mostly where their
//! values are distinct, in the time it takes to sort (the list is in [`familiar::judge`]); for
//! registers, a search that knows what a register is ([`register`]); for any model, searches that
//! know its steps ([`portfolio`]). An object of several parts falls apart first ([`parts`]).
use crate::{Budget, Checker, History, Malformed, Verdict, model::Model, stream::Stream};

mod breadth;
mod certificate;
mod choices;
mod counter;
mod entries;
mod events;
mod explain;
mod familiar;
mod growth;
mod heap;
mod ids;
mod inclusion;
mod judge;
mod memo;
mod numbers;
mod order;
mod origin;
mod parts;
mod passages;
mod permits;
mod plain;
mod portfolio;
mod problem;
mod queue;
mod register;
mod search;
mod shrink;
mod spans;
mod stack;
mod states;
mod stream;
mod tenures;
mod texts;
mod window;
mod zones;

use familiar::{Found, GaveUp};
use judge::Judge;
use origin::Origin;
use plain::Plain;
use portfolio::Decided;
use problem::{CallOf, Problem, bars};
use search::Outcome;
use shrink::Stuck;
use stream::ByWindows;

/// Checks histories of one object against a model.
#[derive(Clone, Debug, Default)]
pub struct Linearizable<M>(
    /// What the object should be like.
    pub M,
);

/// A history whose values are decoded, ready to be checked.
pub struct Prepared<'a, M: Model> {
    model: &'a M,
    origin: Origin<M::State>,
    history: &'a History,
    /// Where the model is a familiar object; the calls are decoded when they are needed.
    plain: Option<Plain>,
}

impl<M: Model> Checker for Linearizable<M> {
    /// As [`Prepared::check`]; unknown where a value does not fit the model.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let prepared = self.prepare(history);
        let checked = prepared.and_then(|prepared| prepared.try_check(budget));
        checked.unwrap_or_else(|malformed| Verdict::malformed(&malformed))
    }

    /// Each key is judged by itself.
    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        Some(Box::new(ByWindows::new(&self.0)))
    }
}

impl<M: Model> Linearizable<M> {
    /// Decodes the values of a history.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit the model.
    pub fn prepare<'a>(&'a self, history: &'a History) -> Result<Prepared<'a, M>, Malformed> {
        Prepared::new(&self.0, Origin::of(&self.0), history)
    }
}

impl<'a, M: Model> Prepared<'a, M> {
    /// A history that begins somewhere, decoded.
    fn new(
        model: &'a M,
        origin: Origin<M::State>,
        history: &'a History,
    ) -> Result<Prepared<'a, M>, Malformed> {
        let plain = Plain::read(model, &origin.state, history)?;
        Ok(Prepared { model, origin, history, plain })
    }

    /// Valid with an order found; invalid with one anomaly, `nonlinearizable`; unknown where the
    /// budget did not suffice. The detail `path` says what decided: `search`, `search of
    /// layers`, or the name of a fast way, or a phase of the register's search.
    pub fn check(&self, budget: &Budget) -> Verdict {
        self.try_check(budget).unwrap_or_else(|malformed| Verdict::malformed(&malformed))
    }

    fn try_check(&self, budget: &Budget) -> Result<Verdict, Malformed> {
        let Some(plain) = &self.plain else { return self.check_any(budget) };
        let answer = familiar::judge(&plain.acts, plain.start, plain, u64::MAX, budget);
        let Some(answer) = answer else { return self.check_any(budget) };
        let verdict = match answer.found {
            Found::Order => Verdict::valid(),
            Found::GaveUp(gave_up) => {
                Verdict::unknown(self::gave_up(self.history, &gave_up, answer.explored))
            }
            Found::None { row, is_earliest } => {
                let calls = self.history.calls()?;
                let judge = self.judge(&calls, budget);
                convict(&judge, self.history, Stuck { row, is_earliest })
            }
        };
        Ok(verdict
            .with("calls", plain.calls)
            .with("configurations", answer.explored)
            .with("path", answer.path))
    }

    /// The whole history, laid out for the search that knows any model.
    fn problem<'p>(&'p self, calls: &'p [CallOf<M>]) -> Problem<'p, M> {
        Problem::new(self.model, calls, &bars(calls), self.origin.state.clone())
    }

    fn judge<'j>(&'j self, calls: &'j [CallOf<M>], budget: &'j Budget) -> Judge<'j, M> {
        let Prepared { model, origin, plain, .. } = self;
        Judge { model, origin, calls, plain: plain.as_ref(), budget }
    }

    /// Checks any history, by a search that knows the model from its steps alone.
    fn check_any(&self, budget: &Budget) -> Result<Verdict, Malformed> {
        let calls: Vec<CallOf<M>> = self.history.calls()?;
        let parts = parts::split(self.model, self.history, &calls);
        if !parts.is_empty() {
            return self.check_parts(&parts, budget);
        }
        let problem = self.problem(&calls);
        let Decided { outcome, configurations, path, .. } = portfolio::decide(&problem, budget);
        let completion = |layer: usize| problem.bars[problem.layers[layer] as usize].completed;
        let verdict = match outcome {
            Outcome::Order(order) if certificate::holds(&problem, &order) => Verdict::valid(),
            Outcome::Order(_) => {
                Verdict::unknown("bug in the search: its order does not hold").with("bug", true)
            }
            Outcome::GaveUp(why, layer) => {
                let (layers, row) = (problem.layers.len(), completion(layer));
                let crashed = problem.crashed_before(layer);
                let gave_up = GaveUp { why, layer, layers, row, crashed };
                Verdict::unknown(self::gave_up(self.history, &gave_up, configurations as u64))
            }
            Outcome::Stuck(layer) => {
                let judge = self.judge(&calls, budget);
                convict(&judge, self.history, Stuck { row: completion(layer), is_earliest: true })
            }
        };
        Ok(verdict
            .with("calls", calls.len())
            .with("configurations", configurations)
            .with("path", path))
    }
}

/// The verdict on a history that has no order: what it takes to see that.
fn convict<M: Model>(judge: &Judge<'_, M>, history: &History, stuck: Stuck) -> Verdict {
    let all = bars(judge.calls);
    let part = shrink::shrink(judge, &all, stuck);
    let anomaly = explain::explain(judge, history, &all, &part);
    match anomaly {
        Some(anomaly) => Verdict::of(vec![anomaly]),
        None => {
            Verdict::unknown("bug in a fast way: what it convicts has an order").with("bug", true)
        }
    }
}

/// Why there is no verdict, and how far the search got.
fn gave_up(history: &History, gave_up: &GaveUp, explored: u64) -> String {
    let GaveUp { why, layer, layers, row, crashed } = gave_up;
    format!(
        "{why} at completion {} of {layers} (op {}), after {explored} configurations, with \
         {crashed} crashed calls open",
        layer + 1,
        history.op(*row).index,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Figure, OpsFigure, Valid,
        model::{MultiRegister, Register},
        notation,
    };

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
            picture += &format!("{process}: |- txn [[\"write\",\"x\",{process}]] --|\n");
        }
        let read = r#"|- txn [["read","x",null]] -> [["read","x",90]] -|"#;
        picture += &format!("90: {:40} {read}\n91: |- txn [[\"write\",\"x\",90]] -|", "");
        let history = notation::history(&picture);
        let budgets =
            [(Budget::new(u64::MAX, || true), "time"), (Budget::new(1 << 20, || false), "memory")];
        for (budget, why) in budgets {
            let verdict = Linearizable(MultiRegister::default()).check(&history, &budget);
            assert_eq!(verdict.valid, Valid::Unknown);
            let text = verdict.why().unwrap();
            assert!(text.contains(why) && text.contains("completion 26 of 26"), "{text}");
        }
    }
}
