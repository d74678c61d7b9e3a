//! What a key-value store holds under one key.
use std::sync::Arc;

use serde::Deserialize;

use super::{Deed, DeedOf, Familiar, Known, Model, familiar::observable};
use crate::Datum;

/// What a key-value store holds under one key: `get`, `put v`, `delete`, `cas [old,new]`, and for
/// texts `append text`. What was never put or was deleted is the empty text; a store that answers
/// `null` means the same.
#[derive(Clone, Debug)]
pub struct Kv {
    init: Datum,
    nothing: Datum,
}

/// What a key is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KvInput {
    /// What is there?
    Get,
    /// Hold this.
    Put(Datum),
    /// Hold this text after the text that is there.
    Append(Appended),
    /// Hold nothing.
    Delete,
    /// If the first is there, hold the second. It is `ok` only if it was.
    Cas(Datum, Datum),
}

/// A text to be appended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Datum")]
pub struct Appended(Datum);

impl TryFrom<Datum> for Appended {
    type Error = &'static str;

    fn try_from(datum: Datum) -> Result<Appended, Self::Error> {
        match datum {
            Datum::Text(_) => Ok(Appended(datum)),
            _ => Err("only a text can be appended"),
        }
    }
}

impl Appended {
    /// What is appended.
    pub fn text(&self) -> &str {
        match &self.0 {
            Datum::Text(text) => text,
            _ => "",
        }
    }
}

use KvInput::{Append, Cas, Delete, Get, Put};

impl Default for Kv {
    fn default() -> Kv {
        Kv::from_word(None)
    }
}

impl Kv {
    /// A key that holds this at first, JSON or else a text; nothing unless given.
    pub fn from_word(init: Option<&str>) -> Kv {
        let mut kv = Kv { init: Datum::Null, nothing: "".into() };
        let init = init.map_or(Datum::Null, Datum::from_word);
        kv.init = kv.held(&init).clone();
        kv
    }

    /// What is there where this was put.
    fn held<'a>(&'a self, value: &'a Datum) -> &'a Datum {
        if value.is_null() { &self.nothing } else { value }
    }
}

impl Model for Kv {
    type Input = KvInput;
    type Output = Datum;
    type State = Datum;

    fn init(&self) -> Datum {
        self.init.clone()
    }

    fn step(&self, state: &Datum, input: &KvInput, output: Option<&Datum>) -> Option<Datum> {
        match (input, state) {
            (Get, _) => output.is_none_or(|seen| self.held(seen) == state).then(|| state.clone()),
            (Put(value), _) => Some(self.held(value).clone()),
            (Delete, _) => Some(self.nothing.clone()),
            (Cas(old, new), _) => (self.held(old) == state).then(|| self.held(new).clone()),
            (Append(more), _) if more.text().is_empty() => Some(state.clone()),
            (Append(more), Datum::Text(text)) => {
                Some(Datum::Text(Arc::from([text, more.text()].concat())))
            }
            (Append(_), _) => None,
        }
    }

    fn describe(&self, input: &KvInput, output: Option<&Datum>) -> String {
        match (input, output) {
            (Get, Some(seen)) => format!("get -> {}", self.held(seen)),
            (Get, None) => "get".into(),
            (Put(value), _) => format!("put {value}"),
            (Delete, _) => "delete".into(),
            (Cas(old, new), _) => format!("cas [{old},{new}]"),
            (Append(more), _) => format!("append {}", more.0),
        }
    }

    fn is_read(&self, input: &KvInput) -> bool {
        match input {
            Get => true,
            Append(more) => more.text().is_empty(),
            Cas(old, new) => self.held(old) == self.held(new),
            Put(_) | Delete => false,
        }
    }

    /// What was put may be seen as the beginning of what was read, once there are appends.
    fn matter(&self, calls: &[Known<'_, KvInput, Datum>]) -> Vec<bool> {
        let deeds: Vec<_> = calls.iter().map(|call| self.deed(call.input, call.output)).collect();
        if deeds.iter().any(|deed| matches!(deed, Deed::Extend(_))) {
            return vec![true; calls.len()];
        }
        let is_completed: Vec<_> = calls.iter().map(|call| call.output.is_some()).collect();
        observable(&deeds, &is_completed)
    }

    fn leaves(&self, input: &KvInput, output: &Datum) -> Option<Datum> {
        match input {
            Get => Some(self.held(output).clone()),
            Put(value) | Cas(_, value) => Some(self.held(value).clone()),
            Delete => Some(self.nothing.clone()),
            Append(_) => None,
        }
    }

    fn familiar<'a>(&self, state: &'a Datum) -> Option<Familiar<'a>> {
        Some(Familiar::Text { value: state })
    }

    fn deed<'a>(&'a self, input: &'a KvInput, output: Option<&'a Datum>) -> DeedOf<'a> {
        match input {
            Get => output.map_or(Deed::Nothing, |seen| Deed::Read(self.held(seen))),
            Put(value) => Deed::Write(self.held(value)),
            Delete => Deed::Write(&self.nothing),
            Append(more) if more.text().is_empty() => Deed::Nothing,
            Append(more) => Deed::Extend(&more.0),
            Cas(old, new) if !self.is_read(input) => Deed::Cas(self.held(old), self.held(new)),
            Cas(old, _) if output.is_some() => Deed::Read(self.held(old)),
            Cas(..) => Deed::Nothing,
        }
    }

    fn state_bytes(&self, state: &Datum) -> usize {
        let text = match state {
            Datum::Text(text) | Datum::Json(text) => text.len(),
            Datum::Null | Datum::Bool(_) | Datum::Int(_) => 0,
        };
        size_of::<Datum>() + text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(init: Option<&str>, picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let checker = Linearizable(Kv::from_word(init));
        assert_eq!(checker.check(&history, &Budget::unlimited()).valid, valid);
    }

    #[test]
    fn what_is_appended_stays_in_order() {
        let appends = r#"0: |- append "a" -| |- append "b" -|"#;
        let get = |seen| format!("{appends}\n1: {:32} |- get -> {seen} -|", "");
        check(None, &get(r#""ab""#), Valid::Valid);
        check(None, &get(r#""ba""#), Valid::Invalid);
        check(None, &get("null"), Valid::Invalid);
        check(Some("x"), &get(r#""xab""#), Valid::Valid);
    }

    #[test]
    fn what_is_put_replaces_all() {
        check(None, r#"0: |- append "a" -| |- put "b" -| |- get -> "b" -|"#, Valid::Valid);
        check(None, r#"0: |- append "a" -| |- put "b" -| |- get -> "ab" -|"#, Valid::Invalid);
        check(None, r#"0: |- get -> null -| |- get -> "" -|"#, Valid::Valid);
        check(Some("7"), "0: |- get -> 7 -| |- put 8 -| |- get -> 8 -|", Valid::Valid);
    }

    #[test]
    fn what_is_deleted_is_not_there() {
        check(None, r#"0: |- put 1 -| |- delete -| |- get -> null -|"#, Valid::Valid);
        check(None, r#"0: |- put 1 -| |- delete -| |- get -> 1 -|"#, Valid::Invalid);
        check(
            None,
            r#"0: |- put "b" -| |- delete -| |- append "a" -| |- get -> "a" -|"#,
            Valid::Valid,
        );
    }

    #[test]
    fn a_cas_finds_what_it_replaces() {
        check(None, "0: |- cas [null,1] -| |- cas [1,2] -| |- get -> 2 -|", Valid::Valid);
        check(None, "0: |- put 3 -| |- cas [1,2] -|", Valid::Invalid);
        check(None, r#"0: |- put "a" -| |- append "b" -| |- cas ["ab","c"] -|"#, Valid::Valid);
        check(None, r#"0: |- put "a" -| |- append "b" -| |- cas ["a","c"] -|"#, Valid::Invalid);
    }

    #[test]
    fn only_texts_are_appended_and_only_to_texts() {
        check(None, "0: |- append 1 -|", Valid::Unknown);
        check(None, r#"0: |- put 1 -| |- append "a" -|"#, Valid::Invalid);
        check(None, r#"0: |- put 1 -| |- append "" -| |- get -> 1 -|"#, Valid::Valid);
    }

    #[test]
    fn a_crashed_append_may_have_happened() {
        for seen in [r#""a""#, r#""""#] {
            let picture = format!("0: |- append \"a\" -~\n1: {:20} |- get -> {seen} -|", "");
            check(None, &picture, Valid::Valid);
        }
    }
}
