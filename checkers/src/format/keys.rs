//! Which object an op is about.
//!
//! Jepsen's `independent` workloads put the key into the value: every value is a pair
//! `[key value]`, and a read asks `[key nil]`. Nothing in the file says that they do, and a plain
//! `cas [old new]` is a pair as well. So a history is taken for one of many keys where **all** of
//! this holds:
//!
//! 1. no op names its key beside its value;
//! 2. every value that a client asks with is a pair;
//! 3. every `ok` answer is a pair with the same first part as its question;
//! 4. some op other than a `cas` asks `[key nil]`: only an op without an argument does.
//!
//! Without (4) there is no read, so nothing that a wrong guess could hide. Micro-operations of a
//! transaction never fulfil it. [`Keys`] overrules the guess.
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::foreign::{Foreign, Who};
use crate::Kind;

/// Where the keys of another tool's history are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// Beside the values or in them, as the history looks.
    #[default]
    Auto,
    /// In the values: each is a pair `[key value]`.
    Independent,
    /// Not in the values: a pair is a value.
    None,
}

/// What the values of a history say about where its keys are.
#[derive(Default)]
pub(super) struct Evidence {
    has_fields: bool,
    has_singles: bool,
    asks_without_argument: bool,
    has_other_keys: bool,
    asked: FxHashMap<u32, Option<Value>>,
}

impl Evidence {
    /// Takes one op into account.
    pub(super) fn note(&mut self, op: &Foreign<'_>) {
        let Who::Client(process) = op.process else { return };
        self.has_fields |= op.key.is_some();
        let pair = pair(&op.value);
        if op.kind == Kind::Invoke {
            self.has_singles |= pair.is_none();
            self.asks_without_argument |= op.f != "cas" && pair.is_some_and(|(_, v)| v.is_null());
            // Once the question is settled, nothing needs to be remembered.
            if !self.has_singles {
                self.asked.insert(process, pair.map(|(key, _)| key.clone()));
            }
        } else if op.kind == Kind::Ok && !self.has_singles {
            let asked = self.asked.get(&process).and_then(Option::as_ref);
            self.has_other_keys |= pair.map(|(key, _)| key) != asked;
        }
    }

    /// Whether values are pairs of a key and a value.
    pub(super) fn is_independent(&self, keys: Keys) -> bool {
        match keys {
            Keys::Independent => true,
            Keys::None => false,
            Keys::Auto => {
                let is_none = self.has_fields || self.has_singles || self.has_other_keys;
                self.asks_without_argument && !is_none
            }
        }
    }
}

/// The two parts of a pair, of which the first can be a key.
pub(super) fn pair(value: &Value) -> Option<(&Value, &Value)> {
    match value.as_array().map(Vec::as_slice) {
        Some([key, value]) if !key.is_null() => Some((key, value)),
        _ => None,
    }
}

/// Gives keys their numbers: its own to each, where all of them are numbers, or all are texts
/// that are numbers; else in order of appearance.
#[derive(Default)]
pub(super) struct Numbering {
    numbers: FxHashMap<String, u32>,
    has_names: bool,
    has_texts: bool,
    has_numbers: bool,
}

impl Numbering {
    /// Takes a key into account.
    pub(super) fn note(&mut self, key: &Value) {
        self.has_names |= own_number(key).is_none();
        self.has_texts |= key.is_string();
        self.has_numbers |= key.is_number();
    }

    /// Whether keys have names that are not their numbers.
    pub(super) fn has_names(&self) -> bool {
        self.has_names || (self.has_texts && self.has_numbers)
    }

    /// The number of a key.
    pub(super) fn number(&mut self, key: &Value) -> u32 {
        if !self.has_names() {
            return own_number(key).unwrap_or_default();
        }
        let next = self.numbers.len() as u32;
        *self.numbers.entry(key.to_string()).or_insert(next)
    }
}

/// The number that a key is, or spells; the largest stands for no key in a history.
fn own_number(key: &Value) -> Option<u32> {
    let number: u32 = match key.as_str() {
        Some(text) => text.parse().ok().filter(|number: &u32| number.to_string() == text)?,
        None => key.as_u64()?.try_into().ok()?,
    };
    (number != u32::MAX).then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn numbers(keys: &[Value], expected: &[u32], has_names: bool) {
        let mut numbering = Numbering::default();
        keys.iter().for_each(|key| numbering.note(key));
        let given: Vec<u32> = keys.iter().map(|key| numbering.number(key)).collect();
        assert_eq!((given.as_slice(), numbering.has_names()), (expected, has_names), "{keys:?}");
    }

    #[test]
    fn a_key_that_is_a_number_is_its_own() {
        numbers(&[json!(7), json!(3)], &[7, 3], false);
        numbers(&[json!("7"), json!("3")], &[7, 3], false);
        numbers(&[json!("7"), json!(7)], &[0, 1], true);
        numbers(&[json!("x"), json!("07"), json!("x")], &[0, 1, 0], true);
        numbers(&[json!(-1), json!(u32::MAX)], &[0, 1], true);
    }
}
