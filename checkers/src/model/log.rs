//! A list that only grows, read by position.
use std::{fmt, sync::Arc};

use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::Value;

use super::{BadInit, Deed, DeedOf, Familiar, Known, Model, Witness, join, list, words::name};
use crate::Datum;

/// A log: `append v -> offset`, `read -> [..]` for all of it, `read offset -> v` for one entry
/// (`null`: none there yet). Offsets count from 0, without gaps. An append whose answer is not a
/// whole number, and a read of all whose answer is not a list, prove nothing.
#[derive(Clone, Debug, Default)]
pub struct Log {
    init: Entries,
}

/// What was appended, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entries(Arc<Vec<Datum>>);

/// What a log is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogInput {
    /// Hold this at the end.
    Append(Datum),
    /// What is there, at this offset or in all?
    Read(Option<u32>),
}

/// What a log answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub enum LogAnswer {
    /// Entries, or one entry that is a list.
    List(Vec<Datum>),
    /// An offset, an entry, or nothing.
    One(Datum),
}

use LogInput::{Append, Read};

type LogCall<'a> = Witness<'a, LogInput, LogAnswer>;

impl LogAnswer {
    /// The answer as one value.
    fn to_datum(&self) -> Datum {
        match self {
            LogAnswer::One(value) => value.clone(),
            LogAnswer::List(values) => values.iter().map(Value::from).collect::<Value>().into(),
        }
    }

    fn offset(&self) -> Option<i64> {
        match self {
            LogAnswer::One(Datum::Int(offset)) => Some(*offset),
            _ => None,
        }
    }
}

impl Log {
    /// A log that holds these at first, from a JSON list.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list.
    pub fn from_word(init: Option<&str>) -> Result<Log, BadInit> {
        list(init).map(|entries| Log { init: Entries(Arc::new(entries)) })
    }
}

impl Model for Log {
    type Input = LogInput;
    type Output = LogAnswer;
    type State = Entries;

    fn init(&self) -> Entries {
        self.init.clone()
    }

    fn step(
        &self,
        state: &Entries,
        input: &LogInput,
        output: Option<&LogAnswer>,
    ) -> Option<Entries> {
        let fits = match (input, output) {
            (Append(value), answer) => {
                let offset = answer.and_then(LogAnswer::offset);
                let fits = offset.is_none_or(|offset| offset == state.0.len() as i64);
                let longer = || state.0.iter().cloned().chain([value.clone()]).collect();
                return fits.then(|| Entries(Arc::new(longer())));
            }
            (Read(Some(at)), Some(seen)) => {
                *state.0.get(*at as usize).unwrap_or(&Datum::Null) == seen.to_datum()
            }
            (Read(None), Some(LogAnswer::List(seen))) => *seen == *state.0,
            (Read(_), _) => true,
        };
        fits.then(|| state.clone())
    }

    fn describe(&self, input: &LogInput, output: Option<&LogAnswer>) -> String {
        let asked = match input {
            Append(value) => format!("append {value}"),
            Read(Some(at)) => format!("read {at}"),
            Read(None) => "read".into(),
        };
        match output {
            Some(LogAnswer::List(seen)) => format!("{asked} -> [{}]", join(seen)),
            Some(LogAnswer::One(answer)) => format!("{asked} -> {answer}"),
            None => asked,
        }
    }

    fn is_read(&self, input: &LogInput) -> bool {
        matches!(input, Read(_))
    }

    fn leaves(&self, input: &LogInput, output: &LogAnswer) -> Option<Entries> {
        match (input, output) {
            (Read(None), LogAnswer::List(seen)) => Some(Entries(Arc::new(seen.clone()))),
            _ => None,
        }
    }

    /// Where an answer depends on how many entries there are, every crashed append matters; else
    /// one whose entry a read of all saw.
    fn matter(&self, calls: &[Known<'_, LogInput, LogAnswer>]) -> Vec<bool> {
        let mut seen = FxHashSet::default();
        for call in calls {
            match (call.input, call.output) {
                (Read(None), Some(LogAnswer::List(entries))) => seen.extend(entries),
                (Read(None), _) | (_, None) => (),
                (Append(_), Some(answer)) if answer.offset().is_none() => (),
                (Append(_) | Read(Some(_)), Some(_)) => return vec![true; calls.len()],
            }
        }
        let matters = |call: &Known<'_, LogInput, LogAnswer>| match call.input {
            Append(value) => seen.contains(value),
            Read(_) => false,
        };
        calls.iter().map(matters).collect()
    }

    fn familiar<'a>(&self, state: &'a Entries) -> Option<Familiar<'a>> {
        state.0.is_empty().then_some(Familiar::EmptyLog)
    }

    fn deed<'a>(&'a self, input: &'a LogInput, output: Option<&'a LogAnswer>) -> DeedOf<'a> {
        match (input, output) {
            // That an entry is `null` looks like its absence.
            (Append(Datum::Null), _) => Deed::Other,
            (Append(value), answer) => match answer.and_then(LogAnswer::offset) {
                None => Deed::Append(value),
                Some(at) => u32::try_from(at).map_or(Deed::Other, |at| Deed::AppendAt(value, at)),
            },
            (Read(None), Some(LogAnswer::List(seen))) => Deed::ReadList(seen),
            (Read(Some(at)), Some(LogAnswer::One(Datum::Null))) => Deed::FindEnd(*at),
            (Read(Some(at)), Some(LogAnswer::One(seen))) => Deed::ReadAt(*at, seen),
            (Read(Some(_)), Some(LogAnswer::List(_))) => Deed::Other,
            (Read(_), _) => Deed::Nothing,
        }
    }

    fn state_bytes(&self, state: &Entries) -> usize {
        size_of::<Entries>() + state.0.len() * size_of::<Datum>()
    }

    /// An offset that was given out twice.
    fn explain(&self, culprit: &LogCall<'_>, calls: &[LogCall<'_>]) -> Option<String> {
        let offset = given(culprit)?;
        let row = culprit.invoked.row;
        let is_same = |call: &&LogCall<'_>| call.invoked.row != row && given(call) == Some(offset);
        let other = name(calls.iter().find(is_same)?);
        Some(format!("{} was given offset {offset}, and so was {other}.", name(culprit)))
    }
}

/// The offset that an append was given.
fn given(call: &LogCall<'_>) -> Option<i64> {
    call.output.filter(|_| matches!(call.input, Append(_))).and_then(LogAnswer::offset)
}

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", join(&*self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: &str, picture: &str) -> Verdict {
        let checker = Linearizable(Log::from_word(Some(init)).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        assert_eq!(judge("[]", picture).valid, valid, "{picture}");
    }

    #[test]
    fn offsets_count_what_was_appended() {
        check("0: |- append 7 -> 0 -| |- append 8 -> 1 -|", Valid::Valid);
        check("0: |- append 7 -> 0 -| |- append 8 -> 2 -|", Valid::Invalid);
        check("0: |- append 7 -> null -| |- append 8 -> 1 -|", Valid::Valid);
        assert_eq!(judge("[5]", "0: |- append 7 -> 1 -|").valid, Valid::Valid);
    }

    #[test]
    fn a_read_sees_all_of_it_in_order() {
        let appended = "0: |- append 1 -| |- append [2] -|";
        check(&format!("{appended} |- read -> [1,[2]] -|"), Valid::Valid);
        check(&format!("{appended} |- read -> [[2],1] -|"), Valid::Invalid);
        check(&format!("{appended} |- read -> [1] -|"), Valid::Invalid);
    }

    #[test]
    fn a_read_of_one_entry_sees_it_or_null() {
        let appended = "0: |- append 1 -| |- append [2] -|";
        check(&format!("{appended} |- read 1 -> [2] -| |- read 2 -> null -|"), Valid::Valid);
        check(&format!("{appended} |- read 0 -> [2] -|"), Valid::Invalid);
        check(&format!("{appended} |- read 1 -> null -|"), Valid::Invalid);
    }

    #[test]
    fn a_crashed_append_may_take_an_offset() {
        let then = format!("\n1: {:20}", "");
        check(&format!("0: |- append 1 -~{then} |- append 2 -> 1 -|"), Valid::Valid);
        check(&format!("0: |- append 1 -~{then} |- append 2 -> 0 -|"), Valid::Valid);
        check(&format!("0: |- append 1 -~{then} |- append 2 -| |- read -> [2,1] -|"), Valid::Valid);
        check(&format!("0: |- append 1 -x{then} |- append 2 -> 1 -|"), Valid::Invalid);
    }

    #[test]
    fn an_offset_given_twice_is_explained() {
        let verdict = judge("[]", "0: |- append 1 -> 0 -| |- append 2 -> 0 -|");
        let explanation = &verdict.anomalies[0].explanation;
        let expected = "append by process 0 (op 2) was given offset 0, and so was append by process \
                        0 (op 0).";
        assert!(explanation.starts_with(expected), "{explanation}");
    }
}
