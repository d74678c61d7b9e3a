//! A source of ids, none of which it gives twice.
use serde::Deserialize;

use super::{
    BadInit, Deed, DeedOf, Familiar, Known, Model, Witness, list, set::Elements, words::name,
};
use crate::Datum;

/// A source of ids: `generate -> id`. No two answers are equal; they need not be in any order. An
/// answer of `null` proves nothing.
#[derive(Clone, Debug, Default)]
pub struct UniqueIds {
    init: Elements,
}

/// What a source of ids is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdInput {
    /// Give an id that was never given before.
    Generate,
}

type IdCall<'a> = Witness<'a, IdInput, Datum>;

impl UniqueIds {
    /// A source that has given these ids already, from a JSON list.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list.
    pub fn from_word(init: Option<&str>) -> Result<UniqueIds, BadInit> {
        let ids: Vec<Datum> = list(init)?;
        Ok(UniqueIds { init: ids.into_iter().collect() })
    }
}

impl Model for UniqueIds {
    type Input = IdInput;
    type Output = Datum;
    type State = Elements;

    fn init(&self) -> Elements {
        self.init.clone()
    }

    fn step(&self, given: &Elements, _: &IdInput, output: Option<&Datum>) -> Option<Elements> {
        match output {
            None | Some(Datum::Null) => Some(given.clone()),
            Some(id) => (!given.contains(id)).then(|| given.with(id)),
        }
    }

    fn describe(&self, _: &IdInput, output: Option<&Datum>) -> String {
        output.map_or_else(|| "generate".into(), |id| format!("generate -> {id}"))
    }

    fn is_read(&self, _: &IdInput) -> bool {
        false
    }

    /// Nobody knows what a crashed call was given, so it keeps no id from the others.
    fn matter(&self, calls: &[Known<'_, IdInput, Datum>]) -> Vec<bool> {
        vec![false; calls.len()]
    }

    fn familiar<'a>(&self, given: &'a Elements) -> Option<Familiar<'a>> {
        given.is_empty().then_some(Familiar::NoIds)
    }

    fn deed<'a>(&'a self, _: &'a IdInput, output: Option<&'a Datum>) -> DeedOf<'a> {
        output.filter(|id| !id.is_null()).map_or(Deed::Nothing, Deed::Give)
    }

    fn state_bytes(&self, given: &Elements) -> usize {
        given.bytes()
    }

    /// Who had been given the same id.
    fn explain(&self, culprit: &IdCall<'_>, calls: &[IdCall<'_>]) -> Option<String> {
        let id = culprit.output?;
        let row = culprit.invoked.row;
        let is_same = |call: &&IdCall<'_>| call.invoked.row != row && call.output == Some(id);
        let who = name(culprit);
        match calls.iter().find(is_same).map(name) {
            Some(other) => Some(format!("{who} returned {id}, and so did {other}.")),
            None if self.init.contains(id) => {
                Some(format!("{who} returned {id}, which had been given at first."))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: &str, picture: &str) -> Verdict {
        let checker = Linearizable(UniqueIds::from_word(Some(init)).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[test]
    fn no_id_is_given_twice() {
        let valid = |init, row: &str| judge(init, &format!("0: {row}")).valid;
        let (one, two) = ("|- generate -> 1 -|", "|- generate -> 2 -|");
        assert_eq!(valid("[]", &format!("{two} {one}")), Valid::Valid);
        assert_eq!(valid("[]", &format!("{one} {two} {one}")), Valid::Invalid);
        assert_eq!(valid("[2]", &format!("{one} {two}")), Valid::Invalid);
    }

    #[test]
    fn a_crashed_call_keeps_no_id_from_the_others() {
        let crashed = "0: |- generate -~\n1: |- generate -> 1 -|";
        assert_eq!(judge("[]", crashed).valid, Valid::Valid);
        let null = "0: |- generate -> null -| |- generate -> null -|";
        assert_eq!(judge("[]", null).valid, Valid::Valid);
    }

    #[test]
    fn who_had_it_before_is_named() {
        let verdict = judge("[]", "0: |- generate -> 1 -|\n1:   |- generate -> 1 -|");
        let explanation = &verdict.anomalies[0].explanation;
        let expected = "generate by process 1 (op 1) returned 1, and so did generate by process 0 \
                        (op 0).";
        assert!(explanation.starts_with(expected), "{explanation}");
    }
}
