//! Whether some of the calls of a history have an order, found by the fastest way there is.
use super::{
    CallOf,
    familiar::{self, Found},
    origin::Origin,
    plain::Plain,
    portfolio,
    problem::{Bar, Problem},
    search::{Outcome, Search},
};
use crate::{Budget, model::Model};

/// Judges parts of one history, over and over.
pub(super) struct Judge<'a, M: Model> {
    pub(super) model: &'a M,
    pub(super) origin: &'a Origin<M::State>,
    pub(super) calls: &'a [CallOf<M>],
    /// The history in plain numbers, where it can be had.
    pub(super) plain: Option<&'a Plain>,
    pub(super) budget: &'a Budget,
}

impl<M: Model> Judge<'_, M> {
    /// Whether there certainly is no order of these from a state on (the first unless
    /// given), and how many steps it took to find out; `None` where that takes more than so many.
    pub(super) fn is_hopeless(
        &self,
        bars: &[Bar],
        from: Option<&M::State>,
        steps_max: u64,
    ) -> (Option<bool>, u64) {
        if let Some((found, steps)) = self.plainly(bars, from, steps_max) {
            return match found {
                Found::Order => (Some(false), steps),
                Found::None { .. } => (Some(true), steps),
                Found::GaveUp(_) => (None, steps),
            };
        }
        let init = from.unwrap_or(&self.origin.state).clone();
        let problem = Problem::new(self.model, self.calls, bars, init);
        let (outcome, steps) = match steps_max {
            u64::MAX => {
                let decided = portfolio::decide(&problem, self.budget);
                (decided.outcome, decided.steps)
            }
            _ => {
                let mut search = Search::new(&problem, self.budget).bounded(steps_max);
                (search.run(), search.steps())
            }
        };
        let is_hopeless = match outcome {
            Outcome::Order(_) => Some(false),
            Outcome::Stuck(_) => Some(true),
            Outcome::GaveUp(..) => None,
        };
        (is_hopeless, steps)
    }

    fn plainly(
        &self,
        bars: &[Bar],
        from: Option<&M::State>,
        steps_max: u64,
    ) -> Option<(Found, u64)> {
        let plain = self.plain?;
        let start = match from {
            Some(state) => plain.start_at(self.model, state)?,
            None => plain.start,
        };
        let acts = plain.acts_of(self.model, self.calls, bars);
        let answer = familiar::judge(&acts, start, plain, steps_max, self.budget)?;
        Some((answer.found, answer.work + bars.len() as u64))
    }
}
