//! A text that can be added to, one a key.
use std::sync::Arc;

use serde::Deserialize;

use super::Model;

/// What a key-value store holds under one key: `get`, `put text`, `append text`. It is empty
/// unless told otherwise; a store that answers `null` for what was never put means the same.
#[derive(Clone, Debug, Default)]
pub struct Kv {
    init: Arc<str>,
}

/// What a key is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KvInput {
    /// What is there?
    Get,
    /// Hold this.
    Put(Arc<str>),
    /// Hold this after what is there.
    Append(Arc<str>),
}

impl Kv {
    /// A key that holds this at first, empty unless given.
    pub fn from_word(init: Option<&str>) -> Kv {
        Kv { init: init.unwrap_or_default().into() }
    }
}

impl Model for Kv {
    type Input = KvInput;
    type Output = Option<Arc<str>>;
    type State = Arc<str>;

    fn init(&self) -> Arc<str> {
        self.init.clone()
    }

    fn step(
        &self,
        state: &Arc<str>,
        input: &KvInput,
        output: Option<&Option<Arc<str>>>,
    ) -> Option<Arc<str>> {
        match (input, output) {
            (KvInput::Get, Some(seen)) => {
                (**state == *seen.as_deref().unwrap_or_default()).then(|| state.clone())
            }
            (KvInput::Get, None) => Some(state.clone()),
            (KvInput::Put(text), _) => Some(text.clone()),
            (KvInput::Append(text), _) => Some([&**state, text].concat().into()),
        }
    }

    fn describe(&self, input: &KvInput, output: Option<&Option<Arc<str>>>) -> String {
        match (input, output) {
            (KvInput::Get, Some(seen)) => {
                format!("get -> {:?}", seen.as_deref().unwrap_or_default())
            }
            (KvInput::Get, None) => "get".into(),
            (KvInput::Put(text), _) => format!("put {text:?}"),
            (KvInput::Append(text), _) => format!("append {text:?}"),
        }
    }

    fn is_read(&self, input: &KvInput) -> bool {
        *input == KvInput::Get
    }

    fn leaves(&self, input: &KvInput, output: &Option<Arc<str>>) -> Option<Arc<str>> {
        match input {
            KvInput::Get => Some(output.clone().unwrap_or_default()),
            KvInput::Put(text) => Some(text.clone()),
            KvInput::Append(_) => None,
        }
    }

    fn state_bytes(&self, state: &Arc<str>) -> usize {
        size_of::<Arc<str>>() + state.len()
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
    }

    #[test]
    fn a_crashed_append_may_have_happened() {
        for seen in [r#""a""#, r#""""#] {
            let picture = format!("0: |- append \"a\" -~\n1: {:20} |- get -> {seen} -|", "");
            check(None, &picture, Valid::Valid);
        }
    }
}
