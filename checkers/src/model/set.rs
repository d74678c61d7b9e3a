//! A set that can be read whole, or asked about one element.
use std::{collections::BTreeSet, fmt, sync::Arc};

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::{BadInit, Deed, DeedOf, Familiar, Known, Model, join, list};
use crate::Datum;

/// A set: `add v`, `remove v`, `contains v -> bool`, `read -> [..]`. Every element at once;
/// [`crate::set`] judges element by element, in near-linear time, and proves less.
#[derive(Clone, Debug, Default)]
pub struct Set {
    init: Elements,
}

/// What is in the set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Elements(Arc<BTreeSet<Datum>>);

/// What a set is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetInput {
    /// Contain this.
    Add(Datum),
    /// Contain this no more.
    Remove(Datum),
    /// Is this in it?
    Contains(Datum),
    /// What is in it?
    Read,
}

/// What a set answers: the elements, or whether one is there; to an add or a remove something
/// that proves nothing, such as `null`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub enum SetAnswer {
    /// What a read saw, in any order.
    Elements(Vec<Datum>),
    /// Anything else.
    Other(Datum),
}

impl Set {
    /// A set that contains these at first, from a JSON list.
    ///
    /// # Errors
    /// [`BadInit`] where it is no list.
    pub fn from_word(init: Option<&str>) -> Result<Set, BadInit> {
        list(init).map(|values| Set { init: values.into_iter().collect() })
    }
}

impl Elements {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this value is in it.
    pub(super) fn contains(&self, value: &Datum) -> bool {
        self.0.contains(value)
    }

    /// This with one value more.
    pub(super) fn with(&self, value: &Datum) -> Elements {
        self.0.iter().cloned().chain([value.clone()]).collect()
    }

    /// This without one value.
    fn without(&self, value: &Datum) -> Elements {
        self.0.iter().filter(|&element| element != value).cloned().collect()
    }

    /// Bytes that it occupies, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Elements>() + self.0.len() * size_of::<Datum>() * 2
    }
}

impl FromIterator<Datum> for Elements {
    fn from_iter<I: IntoIterator<Item = Datum>>(values: I) -> Elements {
        Elements(Arc::new(values.into_iter().collect()))
    }
}

impl Model for Set {
    type Input = SetInput;
    type Output = SetAnswer;
    type State = Elements;

    fn init(&self) -> Elements {
        self.init.clone()
    }

    fn step(
        &self,
        state: &Elements,
        input: &SetInput,
        output: Option<&SetAnswer>,
    ) -> Option<Elements> {
        match (input, output) {
            (SetInput::Add(value), _) if state.contains(value) => Some(state.clone()),
            (SetInput::Add(value), _) => Some(state.with(value)),
            (SetInput::Remove(value), _) => Some(state.without(value)),
            (SetInput::Contains(value), Some(SetAnswer::Other(Datum::Bool(is_there)))) => {
                (*is_there == state.contains(value)).then(|| state.clone())
            }
            (SetInput::Contains(_), Some(SetAnswer::Elements(_))) => None,
            (SetInput::Contains(_), _) => Some(state.clone()),
            (SetInput::Read, Some(SetAnswer::Elements(seen))) => {
                // A value seen twice makes the answer longer than any set that contains it.
                let same = seen.len() == state.0.len() && seen.iter().all(|v| state.contains(v));
                (same && is_distinct(seen)).then(|| state.clone())
            }
            (SetInput::Read, _) => Some(state.clone()),
        }
    }

    fn describe(&self, input: &SetInput, output: Option<&SetAnswer>) -> String {
        match (input, output) {
            (SetInput::Add(value), _) => format!("add {value}"),
            (SetInput::Remove(value), _) => format!("remove {value}"),
            (SetInput::Contains(value), Some(SetAnswer::Other(answer))) => {
                format!("contains {value} -> {answer}")
            }
            (SetInput::Contains(value), _) => format!("contains {value}"),
            (SetInput::Read, Some(SetAnswer::Elements(seen))) => {
                format!("read -> [{}]", join(seen))
            }
            (SetInput::Read, Some(SetAnswer::Other(other))) => format!("read -> {other}"),
            (SetInput::Read, None) => "read".into(),
        }
    }

    fn is_read(&self, input: &SetInput) -> bool {
        matches!(input, SetInput::Read | SetInput::Contains(_))
    }

    fn leaves(&self, input: &SetInput, output: &SetAnswer) -> Option<Elements> {
        match (input, output) {
            (SetInput::Read, SetAnswer::Elements(seen)) => Some(seen.iter().cloned().collect()),
            _ => None,
        }
    }

    /// Where nothing is removed, a crashed add matters if somebody saw its element; its remove, and
    /// so its add, might matter to who saw that it is not there.
    fn matter(&self, calls: &[Known<'_, SetInput, SetAnswer>]) -> Vec<bool> {
        if calls.iter().any(|call| matches!(call.input, SetInput::Remove(_))) {
            return vec![true; calls.len()];
        }
        let mut seen = FxHashSet::default();
        for call in calls {
            match (call.input, call.output) {
                (SetInput::Read, Some(SetAnswer::Elements(values))) => seen.extend(values),
                (SetInput::Contains(value), Some(SetAnswer::Other(Datum::Bool(true)))) => {
                    seen.insert(value);
                }
                _ => (),
            }
        }
        let matters = |call: &Known<'_, SetInput, SetAnswer>| match call.input {
            SetInput::Add(value) => seen.contains(value),
            _ => false,
        };
        calls.iter().map(matters).collect()
    }

    fn familiar<'a>(&self, state: &'a Elements) -> Option<Familiar<'a>> {
        state.is_empty().then_some(Familiar::EmptySet)
    }

    fn deed<'a>(&'a self, input: &'a SetInput, output: Option<&'a SetAnswer>) -> DeedOf<'a> {
        match (input, output) {
            (SetInput::Add(value), _) => Deed::Include(value),
            (SetInput::Read, Some(SetAnswer::Elements(seen))) => Deed::ReadSet(seen),
            (SetInput::Read, _) => Deed::Nothing,
            (SetInput::Remove(_) | SetInput::Contains(_), _) => Deed::Other,
        }
    }

    fn parts<'a>(&'a self, input: &'a SetInput) -> Option<Vec<&'a Datum>> {
        match input {
            SetInput::Add(value) | SetInput::Remove(value) | SetInput::Contains(value) => {
                Some(vec![value])
            }
            SetInput::Read => None,
        }
    }

    fn state_bytes(&self, state: &Elements) -> usize {
        state.bytes()
    }
}

fn is_distinct(values: &[Datum]) -> bool {
    values.iter().collect::<FxHashSet<_>>().len() == values.len()
}

impl fmt::Display for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", join(&*self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(Set::default()).check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, valid);
    }

    #[test]
    fn reads_must_agree_on_an_order_of_concurrent_adds() {
        let adds = "0: |-- add 1 --------------------|\n1: |-- add 2 -----------------------|\n";
        let reads = "2:  |- read -> [1] -|\n3:     |- read -> [2,1] ----|";
        check(&format!("{adds}{reads}"), Valid::Valid);
        let reads = "2:  |- read -> [1] -|\n3:     |- read -> [2] ----|";
        check(&format!("{adds}{reads}"), Valid::Invalid);
    }

    #[test]
    fn an_element_may_not_be_lost_nor_seen_twice() {
        check("0: |- add 1 -| |- read -> [] -|", Valid::Invalid);
        check("0: |- add 1 -| |- read -> [1,1] -|", Valid::Invalid);
        check("0: |- add 1 -| |- read -> null -|", Valid::Valid);
    }
}
