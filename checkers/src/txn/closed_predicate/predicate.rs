//! Which objects a read asks for.
use serde_json::Value;

use crate::Datum;

/// A predicate on the value of an object. What is not there matches none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Predicate {
    /// Every object.
    True,
    /// Those with this value.
    Is(Datum),
    /// Those whose value leaves this remainder.
    Mod { modulus: i64, remainder: i64 },
}

impl Predicate {
    /// Reads `"true"`, `["=",v]` or `["mod",m,r]`.
    pub(super) fn read(value: &Value) -> Option<Predicate> {
        if let Some(text) = value.as_str() {
            return (word(text) == "true").then_some(Predicate::True);
        }
        let parts = value.as_array()?;
        match (word(parts.first()?.as_str()?), &parts[1..]) {
            ("=", [wanted]) => Some(Predicate::Is(Datum::from(wanted.clone()))),
            ("mod", [modulus, remainder]) => {
                let (modulus, remainder) = (modulus.as_i64()?, remainder.as_i64()?);
                (modulus > 0).then_some(Predicate::Mod { modulus, remainder })
            }
            _ => None,
        }
    }

    pub(super) fn matches(&self, value: &Datum) -> bool {
        match (self, value) {
            (Predicate::True, _) => true,
            (Predicate::Is(wanted), value) => wanted == value,
            (Predicate::Mod { modulus, remainder }, Datum::Int(number)) => {
                number.rem_euclid(*modulus) == *remainder
            }
            (Predicate::Mod { .. }, _) => false,
        }
    }
}

/// A word, which in EDN is a keyword.
pub(super) fn word(text: &str) -> &str {
    text.trim_start_matches(':')
}
