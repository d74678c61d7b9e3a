//! Trying every order of every choice of crashed calls: the slow judge of small histories.
use checkers::{
    Budget, Call, Checker, Figure, History, Outcome, Proof, Proven, Refused, Stuck, Valid, Verdict,
    linearizable::Linearizable, model::Model,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

mod every_order;
pub(crate) mod random_history;

use every_order::{Calls, has_order};

/// Tries every order.
pub(crate) struct BruteForce<M: Model> {
    pub(crate) model: M,
    /// What a crashed call may have been answered. Where there is none, the model is left to
    /// decide what an unknown answer means; where there are some, it is put to the test.
    pub(crate) answers: Vec<M::Output>,
}

impl<M: Model> BruteForce<M> {
    /// Whether some order of the completed calls and some of the crashed ones is legal.
    pub(crate) fn has_order(&self, calls: &Calls<M>) -> bool {
        has_order(&self.model, &self.answers, calls)
    }

    /// The first completion that leaves the history until then without an order.
    fn first_bad(&self, calls: &Calls<M>) -> Option<u32> {
        let mut rows: Vec<u32> = calls.iter().filter_map(completion).collect();
        rows.sort_unstable();
        rows.into_iter().find(|&row| !self.has_order(&until::<M>(calls, row)))
    }

    /// The part that is shown has no order, and gets one when any one answer of it is ignored.
    fn assert_minimal(&self, calls: &Calls<M>, verdict: &Verdict, first: u32) {
        let Figure::Ops(figure) = &verdict.anomalies[0].figure else { panic!("{verdict:?}") };
        assert_eq!(figure.culprit, first);
        let shown = calls.iter().filter(|call| figure.calls.contains(&call.invoked)).cloned();
        let is_optional = |call: &Call<_, _>| figure.optional.contains(&call.invoked);
        let part: Calls<M> =
            shown.map(|call| if is_optional(&call) { relaxed(call) } else { call }).collect();
        assert!(!self.has_order(&part), "{part:?}");
        for i in 0..part.len() {
            let mut less = part.clone();
            less[i] = relaxed(less[i].clone());
            assert!(part[i] == less[i] || self.has_order(&less), "{less:?}");
        }
        assert!(!figure.reasons.is_empty(), "{figure:?}");
        assert_eq!(figure.reasons.len(), figure.stuck.len());
        let has_no_use =
            |stuck: &Stuck| stuck.candidates.iter().any(|candidate| candidate.leads_to.is_none());
        assert!(figure.stuck.iter().all(has_no_use), "{figure:?}");
    }

    /// The answers that are named contradict each other, all of them are needed, and the part that
    /// is exported is convicted by itself.
    fn assert_refuted(&self, checker: &Linearizable<M>, history: &History, verdict: &Verdict) {
        let Figure::Ops(figure) = &verdict.anomalies[0].figure else { panic!("{verdict:?}") };
        let verify = |answers| Proof::Contradiction(answers).verify(&self.model, history);
        assert_eq!(verify(figure.answers.clone()), Ok(Proven::Invalid), "{figure:?}");
        for left_out in 0..figure.answers.len() {
            let mut fewer = figure.answers.clone();
            fewer.remove(left_out);
            assert_eq!(verify(fewer), Err(Refused::HasOrder), "{figure:?}");
        }
        let wanted = history.ops().filter(|op| figure.part.contains(&op.row));
        let mut rows: Vec<u32> = wanted
            .flat_map(|op| [Some(op.row), history.pair(op.row).map(|done| done.row)])
            .flatten()
            .collect();
        rows.sort_unstable();
        let part = History::read(history.select(rows).to_jsonl()).unwrap();
        assert_eq!(checker.check(&part, &Budget::unlimited()).valid, Valid::Invalid, "{part:?}");
    }

    /// The order that is found is one.
    fn assert_proved(&self, checker: &Linearizable<M>, history: &History) {
        let prepared = checker.prepare(history).unwrap();
        let rows = prepared.order(&Budget::unlimited()).unwrap().unwrap();
        let order: Vec<u32> = rows.into_iter().map(|row| history.op(row).index).collect();
        let proven = Proof::Order(order).verify(&self.model, history);
        assert_eq!(proven, Ok(Proven::Valid), "{}", checkers::notation::draw(history));
    }

    /// Judges one history both ways; whether it has an order.
    pub(crate) fn compare(&self, checker: &Linearizable<M>, history: &History) -> bool {
        let calls: Calls<M> = history.calls().unwrap();
        let verdict = checker.check(history, &Budget::unlimited());
        let expected = self.has_order(&calls);
        let valid = if expected { Valid::Valid } else { Valid::Invalid };
        assert_eq!(verdict.valid, valid, "{}", checkers::notation::draw(history));
        match self.first_bad(&calls) {
            Some(first) => {
                self.assert_minimal(&calls, &verdict, first);
                self.assert_refuted(checker, history, &verdict);
            }
            None => self.assert_proved(checker, history),
        }
        expected
    }
}

/// The calls as they were known at a row.
fn until<M: Model>(calls: &Calls<M>, row: u32) -> Calls<M> {
    let known = calls.iter().filter(|call| call.invoked < row).cloned();
    let cut = known.map(|call| match call.outcome {
        Outcome::Ok { completed, .. } if completed > row => relaxed(call),
        _ => call,
    });
    cut.collect()
}

fn relaxed<I, O>(call: Call<I, O>) -> Call<I, O> {
    Call { outcome: Outcome::Info, ..call }
}

fn completion<I, O>(call: &Call<I, O>) -> Option<u32> {
    match call.outcome {
        Outcome::Ok { completed, .. } => Some(completed),
        _ => None,
    }
}

/// So many histories as `HISTORIES` says, or these few. A million take a while: in release,
/// `HISTORIES=1000000 cargo test --release -p checkers --test against_brute_force`.
pub(crate) fn histories_or(few: u64) -> u64 {
    std::env::var("HISTORIES").map_or(few, |count| count.parse().expect("HISTORIES: a number"))
}

/// Judges so many random histories both ways, from seeds of their own, and asserts that there are
/// enough of either verdict.
pub(crate) fn fuzz<M: Model + Clone + 'static>(
    force: &BruteForce<M>,
    few: u64,
    history: impl Fn(&mut ChaCha8Rng) -> History + Sync,
) {
    let count = histories_or(few);
    let checker = Linearizable(force.model.clone());
    let judge = |seed| force.compare(&checker, &history(&mut ChaCha8Rng::seed_from_u64(seed)));
    let valid = (0..count).into_par_iter().filter(|&seed| judge(seed)).count() as u64;
    let share = valid * 100 / count;
    assert!((10..=90).contains(&share), "{share} % of the histories had an order");
}
