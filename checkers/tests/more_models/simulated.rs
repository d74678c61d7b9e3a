//! A thing that does what a model says, from tables of what may be asked and answered.
use checkers::{decode::decode, model::Model};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::brute_force::random_history::Thing;

/// What may be asked, each as likely as the others: a function and its argument.
pub(crate) type Questions<'a> = &'a [(&'static str, Value)];

pub(crate) struct Simulated<'a, M: Model> {
    model: &'a M,
    state: M::State,
    questions: Questions<'a>,
    answers: &'a [Value],
}

impl<'a, M: Model> Simulated<'a, M> {
    pub(crate) fn new(model: &'a M, questions: Questions<'a>, answers: &'a [Value]) -> Self {
        Simulated { model, state: model.init(), questions, answers }
    }
}

impl<M: Model> Thing for Simulated<'_, M> {
    fn question(&self, random: &mut ChaCha8Rng) -> (&'static str, Value) {
        self.questions.choose(random).unwrap().clone()
    }

    fn answer(&mut self, f: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
        let input: M::Input = decode(f, value.to_string().as_bytes()).unwrap();
        let after = |answer: &Value| {
            let output = serde_json::from_value(answer.clone()).unwrap();
            self.model.steps(&self.state, &input, Some(&output)).collect::<Vec<_>>()
        };
        let each = |answer| after(answer).into_iter().map(move |state| (answer, state));
        let possible: Vec<_> = self.answers.iter().flat_map(each).collect();
        let (answer, state) = possible.choose(random)?;
        self.state = state.clone();
        Some((*answer).clone())
    }

    fn lie(&self, _: &str, random: &mut ChaCha8Rng) -> Option<Value> {
        random.random_bool(0.7).then(|| self.answers.choose(random).unwrap().clone())
    }
}
