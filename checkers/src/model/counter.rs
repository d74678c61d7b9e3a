//! A number that is added to.
use serde::Deserialize;

use super::{BadInit, Deed, DeedOf, Familiar, Known, Model, Witness, words::name};
use crate::Datum;

/// A counter: `add n`, `increment [n]`, `decrement [n]` (one where the call says no number), and
/// `read -> v`. It has 64 bits and wraps around. A read that answers `null` proves nothing, and
/// neither does the answer to an add.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    init: i64,
}

/// What a counter is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Words")]
pub enum CounterInput {
    /// How much is it?
    Read,
    /// Become so much more, or less.
    Add(i64),
}

/// The same as people write it. Equal inputs are interchangeable to the search, so `increment`
/// and `add 1` should be equal.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Words {
    Read,
    Add(i64),
    Increment(Option<i64>),
    Decrement(Option<i64>),
}

use CounterInput::{Add, Read};

type CounterCall<'a> = Witness<'a, CounterInput, Datum>;

impl From<Words> for CounterInput {
    fn from(words: Words) -> CounterInput {
        match words {
            Words::Read => Read,
            Words::Add(n) => Add(n),
            Words::Increment(n) => Add(n.unwrap_or(1)),
            Words::Decrement(n) => Add(n.unwrap_or(1).wrapping_neg()),
        }
    }
}

impl Counter {
    /// A counter that starts here, at 0 unless given.
    ///
    /// # Errors
    /// [`BadInit`] where it is no whole number.
    pub fn from_word(init: Option<&str>) -> Result<Counter, BadInit> {
        let init = init.unwrap_or("0");
        let bad = |_| BadInit { init: init.to_owned(), message: "a whole number" };
        init.parse().map(|init| Counter { init }).map_err(bad)
    }

    /// The least and the greatest that the counter can have been during a call. An add counts
    /// where it was over before, and may count where it had begun by the end.
    fn bounds(&self, during: &CounterCall<'_>, calls: &[CounterCall<'_>]) -> (i128, i128) {
        let (mut least, mut most) = (i128::from(self.init), i128::from(self.init));
        for call in calls {
            let Add(n) = *call.input else { continue };
            let must = call.completed.is_some_and(|done| done.row < during.invoked.row);
            if must || n < 0 {
                least += i128::from(n);
            }
            if must || n > 0 {
                most += i128::from(n);
            }
        }
        (least, most)
    }
}

impl Model for Counter {
    type Input = CounterInput;
    type Output = Datum;
    type State = i64;

    fn init(&self) -> i64 {
        self.init
    }

    fn step(&self, state: &i64, input: &CounterInput, output: Option<&Datum>) -> Option<i64> {
        match (input, output) {
            (Add(n), _) => Some(state.wrapping_add(*n)),
            (Read, None | Some(Datum::Null)) => Some(*state),
            (Read, Some(seen)) => (*seen == Datum::Int(*state)).then_some(*state),
        }
    }

    fn describe(&self, input: &CounterInput, output: Option<&Datum>) -> String {
        match (input, output) {
            (Add(n), _) => format!("add {n}"),
            (Read, Some(seen)) => format!("read -> {seen}"),
            (Read, None) => "read".into(),
        }
    }

    fn is_read(&self, input: &CounterInput) -> bool {
        matches!(input, Read | Add(0))
    }

    fn leaves(&self, input: &CounterInput, output: &Datum) -> Option<i64> {
        match (input, output) {
            (Read, Datum::Int(seen)) => Some(*seen),
            _ => None,
        }
    }

    /// A crashed add matters if anything was read.
    fn matter(&self, calls: &[Known<'_, CounterInput, Datum>]) -> Vec<bool> {
        let proves = |call: &Known<'_, CounterInput, Datum>| {
            *call.input == Read && call.output.is_some_and(|seen| !seen.is_null())
        };
        vec![calls.iter().any(proves); calls.len()]
    }

    fn familiar<'a>(&self, state: &'a i64) -> Option<Familiar<'a>> {
        Some(Familiar::Counter { value: *state })
    }

    fn deed<'a>(&'a self, input: &'a CounterInput, output: Option<&'a Datum>) -> DeedOf<'a> {
        match (input, output) {
            (Add(0), _) | (Read, None | Some(Datum::Null)) => Deed::Nothing,
            (Add(n), _) => Deed::Add(*n),
            (Read, Some(Datum::Int(seen))) => Deed::See(*seen),
            (Read, Some(_)) => Deed::Other,
        }
    }

    /// A read beyond what the adds come to, whatever their order.
    fn explain(&self, culprit: &CounterCall<'_>, calls: &[CounterCall<'_>]) -> Option<String> {
        let (Read, Some(Datum::Int(seen))) = (culprit.input, culprit.output) else { return None };
        let (least, most) = self.bounds(culprit, calls);
        let fits_word = i64::try_from(least).is_ok() && i64::try_from(most).is_ok();
        if !fits_word || (least..=most).contains(&i128::from(*seen)) {
            return None;
        }
        let who = name(culprit);
        Some(format!(
            "{who} returned {seen}, but with what had been added by then the counter was between \
             {least} and {most}.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: Option<&str>, picture: &str) -> Verdict {
        let checker = Linearizable(Counter::from_word(init).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        assert_eq!(judge(None, picture).valid, valid, "{picture}");
    }

    #[test]
    fn a_read_sees_every_add_before_it_and_maybe_those_beside_it() {
        let beside = |seen| {
            format!("0: |- add 3 -| |-- decrement ------|\n1: {:12} |- read -> {seen} -|", "")
        };
        check(&beside(3), Valid::Valid);
        check(&beside(2), Valid::Valid);
        check(&beside(0), Valid::Invalid);
        check("0: |- increment -| |- increment 2 -| |- read -> 3 -|", Valid::Valid);
    }

    #[test]
    fn a_crashed_add_may_count_but_not_be_taken_back() {
        let reads = |a, b| format!("0: |- add 1 -~\n1: |- read -> {a} -| |- read -> {b} -|");
        check(&reads(0, 1), Valid::Valid);
        check(&reads(1, 1), Valid::Valid);
        check(&reads(1, 0), Valid::Invalid);
    }

    #[test]
    fn it_starts_where_it_is_told() {
        assert_eq!(judge(Some("5"), "0: |- read -> 5 -|").valid, Valid::Valid);
        assert!(Counter::from_word(Some("x")).is_err());
    }

    #[test]
    fn a_read_out_of_bounds_is_explained() {
        let verdict = judge(None, "0: |- add 2 -| |- read -> 7 -|\n1:   |- decrement -~");
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("returned 7"), "{explanation}");
        assert!(explanation.contains("between 1 and 2"), "{explanation}");
    }
}
