//! Several registers, read and written together.
use std::{collections::BTreeMap, fmt};

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::{BadInit, Known, Model};
use crate::Datum;

/// Registers by name: `txn [["read","x",null],["write","y",3]]`, all of it at one instant. Each
/// holds `null` unless told otherwise.
///
/// As with a single register, a read that answers `null` proves nothing where the register was
/// given another initial value.
#[derive(Clone, Debug, Default)]
pub struct MultiRegister {
    init: Contents,
}

/// What each register holds; one that was never written is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Contents(BTreeMap<Datum, Datum>);

/// What the registers are asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TxnInput {
    /// Do all of this, in this order, as one.
    Txn(Vec<(Access, Datum, Datum)>),
}

/// What is done to one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// What does it hold?
    #[serde(alias = "r")]
    Read,
    /// Hold this.
    #[serde(alias = "w")]
    Write,
}

/// The accesses with the values that were read; `None` proves nothing.
type Answer = Option<Vec<(Access, Datum, Datum)>>;

impl MultiRegister {
    /// Registers from initial values as a person writes them: `x=0,y=0`.
    ///
    /// # Errors
    /// [`BadInit`] where a part has no `=`.
    pub fn from_word(init: Option<&str>) -> Result<MultiRegister, BadInit> {
        let mut contents = BTreeMap::new();
        for part in init.unwrap_or("").split(',').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| BadInit {
                init: init.unwrap_or("").to_owned(),
                message: "pairs such as x=0,y=0",
            })?;
            contents.insert(Datum::from_word(name.trim()), Datum::from_word(value.trim()));
        }
        Ok(MultiRegister { init: Contents(contents) })
    }

    /// Whether an answer proves that the register held it.
    fn is_proof(&self, name: &Datum, value: &Datum) -> bool {
        !value.is_null() || self.init.0.get(name).is_none_or(Datum::is_null)
    }
}

impl Model for MultiRegister {
    type Input = TxnInput;
    type Output = Answer;
    type State = Contents;

    fn init(&self) -> Contents {
        self.init.clone()
    }

    fn step(
        &self,
        state: &Contents,
        TxnInput::Txn(asked): &TxnInput,
        output: Option<&Answer>,
    ) -> Option<Contents> {
        let answered = output.and_then(Option::as_ref);
        if answered.is_some_and(|answered| answered.len() != asked.len()) {
            return None; // An answer to another question.
        }
        let mut contents = state.0.clone();
        for (i, (access, name, value)) in asked.iter().enumerate() {
            match (access, answered.map(|answered| &answered[i].2)) {
                (Access::Write, _) => drop(contents.insert(name.clone(), value.clone())),
                (Access::Read, Some(seen)) if self.is_proof(name, seen) => {
                    if contents.get(name).unwrap_or(&Datum::Null) != seen {
                        return None;
                    }
                }
                (Access::Read, _) => (),
            }
        }
        Some(Contents(contents))
    }

    fn describe(&self, TxnInput::Txn(asked): &TxnInput, output: Option<&Answer>) -> String {
        let accesses = output.and_then(Option::as_ref).unwrap_or(asked);
        let each = accesses.iter().map(|(access, name, value)| match access {
            Access::Read if output.is_some() => format!("read {} -> {value}", bare(name)),
            Access::Read => format!("read {}", bare(name)),
            Access::Write => format!("write {} {value}", bare(name)),
        });
        format!("txn {}", each.collect::<Vec<_>>().join(", "))
    }

    fn is_read(&self, TxnInput::Txn(asked): &TxnInput) -> bool {
        asked.iter().all(|(access, ..)| *access == Access::Read)
    }

    /// A crashed transaction matters if a completed one read a value that it writes.
    fn matter(&self, calls: &[Known<'_, TxnInput, Answer>]) -> Vec<bool> {
        let mut seen = FxHashSet::default();
        for call in calls {
            for (access, name, value) in call.output.into_iter().flatten().flatten() {
                if *access == Access::Read && self.is_proof(name, value) {
                    seen.insert((name, value));
                }
            }
        }
        let writes_seen = |(access, name, value): &(Access, Datum, Datum)| {
            *access == Access::Write && seen.contains(&(name, value))
        };
        let matters = |call: &Known<'_, TxnInput, Answer>| {
            let TxnInput::Txn(asked) = call.input;
            asked.iter().any(writes_seen)
        };
        calls.iter().map(matters).collect()
    }

    fn parts<'a>(&'a self, TxnInput::Txn(asked): &'a TxnInput) -> Option<Vec<&'a Datum>> {
        Some(asked.iter().map(|(_, name, _)| name).collect())
    }

    fn state_bytes(&self, state: &Contents) -> usize {
        size_of::<Contents>() + state.0.len() * size_of::<(Datum, Datum)>() * 2
    }
}

/// A register's name without the quotes of JSON.
fn bare(name: &Datum) -> String {
    match name {
        Datum::Text(text) => text.to_string(),
        _ => name.to_string(),
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> = self.0.iter().map(|(name, v)| format!("{} = {v}", bare(name))).collect();
        let all = each.join(", ");
        f.write_str(if all.is_empty() { "nothing written" } else { &all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(init: Option<&str>, picture: &str, valid: Valid) {
        let model = MultiRegister::from_word(init).unwrap();
        let history = notation::history(picture);
        assert_eq!(Linearizable(model).check(&history, &Budget::unlimited()).valid, valid);
    }

    const BOTH: &str = r#"0: |- txn [["write","x",1],["write","y",1]] -| "#;

    #[test]
    fn a_transaction_is_seen_whole() {
        let read = |x: u8, y: u8| {
            let asked = r#"txn [["read","x",null],["read","y",null]]"#;
            format!(r#"{BOTH}|- {asked} -> [["read","x",{x}],["read","y",{y}]] -|"#)
        };
        check(Some("x=0,y=0"), &read(1, 1), Valid::Valid);
        check(Some("x=0,y=0"), &read(1, 0), Valid::Invalid);
    }

    #[test]
    fn null_is_the_value_of_a_register_without_another() {
        let read = r#"|- txn [["read","x",null]] -> [["read","x",null]] -|"#;
        check(None, &format!("0: {read}"), Valid::Valid);
        check(None, &format!("{BOTH}{read}"), Valid::Invalid);
        check(Some("x=0"), &format!("{BOTH}{read}"), Valid::Valid);
    }

    #[test]
    fn a_transaction_reads_its_own_writes() {
        let asked = r#"txn [["write","x",2],["read","x",null]]"#;
        let answered = |x: u8| format!(r#"0: |- {asked} -> [["write","x",2],["read","x",{x}]] -|"#);
        check(None, &answered(2), Valid::Valid);
        check(None, &answered(1), Valid::Invalid);
    }
}
