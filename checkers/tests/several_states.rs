//! A model may go several ways: pictures, and the search against trying every order.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Checker, Valid, Verdict,
    linearizable::Linearizable,
    model::Model,
    notation,
    proof::{Proof, Proven},
};
use serde_json::{Value, json};

mod brute_force;
#[path = "more_models/simulated.rs"]
mod simulated;

use brute_force::{BruteForce, random_history};
use simulated::Simulated;

/// A register that is offered several values and keeps one of them. Nobody is told which.
#[derive(Clone)]
struct Chooser;

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ask {
    Read,
    Offer(Vec<i64>),
}

impl Model for Chooser {
    type Input = Ask;
    type Output = Option<i64>;
    type State = i64;

    fn init(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, ask: &Ask, answer: Option<&Option<i64>>) -> Option<i64> {
        self.steps(state, ask, answer).next()
    }

    fn steps(
        &self,
        state: &i64,
        ask: &Ask,
        answer: Option<&Option<i64>>,
    ) -> impl Iterator<Item = i64> {
        let fits = answer.copied().flatten().is_none_or(|seen| seen == *state);
        let after = match ask {
            Ask::Read if fits => vec![*state],
            Ask::Read => Vec::new(),
            Ask::Offer(values) => values.clone(),
        };
        after.into_iter()
    }

    fn describe(&self, ask: &Ask, answer: Option<&Option<i64>>) -> String {
        match (ask, answer.copied().flatten()) {
            (Ask::Read, Some(seen)) => format!("read -> {seen}"),
            (Ask::Read, None) => "read".into(),
            (Ask::Offer(values), _) => format!("offer {values:?}"),
        }
    }

    fn is_read(&self, ask: &Ask) -> bool {
        *ask == Ask::Read
    }
}

fn judge(picture: &str) -> Verdict {
    Linearizable(Chooser).check(&notation::history(picture), &Budget::unlimited())
}

#[test]
fn one_of_the_values_offered_is_kept() {
    let read = |first, second| {
        let reads = format!("|- read -> {first} -| |- read -> {second} -|");
        judge(&format!("0: |- offer [1,2] -| {reads}"))
    };
    assert_eq!(read(1, 1).valid, Valid::Valid);
    assert_eq!(read(2, 2).valid, Valid::Valid);
    assert_eq!(read(1, 2).valid, Valid::Invalid);
    assert_eq!(read(3, 3).valid, Valid::Invalid);
}

#[test]
fn a_crashed_offer_may_keep_any_or_none() {
    for value in [0, 1, 2] {
        let picture = format!("0: |- offer [1,2] -~\n1:      |- read -> {value} -|");
        assert_eq!(judge(&picture).valid, Valid::Valid, "{value}");
    }
    let both = "0: |- offer [1,2] -~\n1: |- read -> 1 -| |- read -> 2 -|";
    assert_eq!(judge(both).valid, Valid::Invalid);
}

#[test]
fn every_state_that_it_may_be_in_is_told() {
    let verdict = judge("0: |- offer [1,2] -| |- read -> 1 -| |- read -> 2 -|");
    let checkers::Figure::Ops(figure) = &verdict.anomalies[0].figure else { panic!() };
    let states: Vec<_> = figure.prefix.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, ["1 or 2", "1"], "{figure:?}");
}

#[test]
fn an_order_is_proved_whichever_value_was_kept() {
    let history = notation::history("0: |- offer [1,2] -| |- read -> 2 -|");
    let holds = Proof::Order(vec![0, 2]).verify(&Chooser, &history);
    assert_eq!(holds.unwrap(), Proven::Valid);
    let contradiction = notation::history("0: |- offer [1,2] -| |- read -> 1 -| |- read -> 2 -|");
    let holds = Proof::Contradiction(vec![0, 2, 4]).verify(&Chooser, &contradiction);
    assert_eq!(holds.unwrap(), Proven::Invalid);
    assert!(Proof::Order(vec![0, 2, 4]).verify(&Chooser, &contradiction).is_err());
}

#[test]
fn every_order_and_every_choice_agree() {
    let read = ("read", Value::Null);
    let offers = [("offer", json!([1, 2])), ("offer", json!([2, 0]))];
    let questions = [&[read.clone(), read.clone(), read][..], &offers].concat();
    let answers = [json!(0), json!(1), json!(2)];
    let force = BruteForce { model: Chooser, answers: Vec::new() };
    brute_force::fuzz(&force, 20_000, |random| {
        random_history::history(&mut Simulated::new(&Chooser, &questions, &answers), random)
    });
}
