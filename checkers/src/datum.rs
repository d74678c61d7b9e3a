//! A JSON value as the content of an object: cheap to clone, to compare and to hash.
//!
//! Two are equal exactly where their JSON means the same: numbers by their value, however large or
//! precise, objects whatever the order of their keys, texts however they are escaped.
pub(crate) mod number;
pub(crate) mod unambiguous;

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::Value;

/// What a register holds, what a set contains, what a queue carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Datum {
    /// `null`: nothing was written yet.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// A string.
    Text(Arc<str>),
    /// Any other JSON, as canonical text: no blanks, object keys sorted.
    Json(Arc<str>),
}

impl Datum {
    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        *self == Datum::Null
    }

    /// Reads what a person types: JSON, and where it is not JSON, the text itself.
    pub fn from_word(word: &str) -> Datum {
        serde_json::from_slice(&number::exact(word.as_bytes()))
            .unwrap_or_else(|_| Datum::Text(word.into()))
    }
}

impl From<i64> for Datum {
    fn from(number: i64) -> Datum {
        Datum::Int(number)
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Datum {
        Datum::Text(text.into())
    }
}

impl From<Value> for Datum {
    fn from(mut value: Value) -> Datum {
        match value {
            Value::Null => Datum::Null,
            Value::Bool(b) => Datum::Bool(b),
            Value::String(text) => Datum::Text(text.into()),
            Value::Number(ref number) if number.is_i64() => {
                number.as_i64().map_or(Datum::Null, Datum::Int)
            }
            Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.sort_all_objects();
                let text = value.to_string();
                let text = number::exact(text.as_bytes());
                let text = number::spell(&String::from_utf8_lossy(&text));
                text.parse().map_or_else(|_| Datum::Json(text.into()), Datum::Int)
            }
        }
    }
}

impl From<&Datum> for Value {
    fn from(datum: &Datum) -> Value {
        match datum {
            Datum::Null => Value::Null,
            Datum::Bool(b) => Value::Bool(*b),
            Datum::Int(number) => Value::from(*number),
            Datum::Text(text) => Value::from(&**text),
            Datum::Json(json) => {
                serde_json::from_slice(&number::exact(json.as_bytes())).unwrap_or(Value::Null)
            }
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Null => f.write_str("null"),
            Datum::Bool(b) => write!(f, "{b}"),
            Datum::Int(number) => write!(f, "{number}"),
            Datum::Text(text) => write!(f, "{}", Value::from(&**text)),
            Datum::Json(json) => f.write_str(json),
        }
    }
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Datum::Null => s.serialize_unit(),
            Datum::Bool(b) => s.serialize_bool(*b),
            Datum::Int(number) => s.serialize_i64(*number),
            Datum::Text(text) => s.serialize_str(text),
            Datum::Json(_) => Value::from(self).serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Datum {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Datum, D::Error> {
        d.deserialize_any(AnyJson)
    }
}

/// Takes scalars directly, since histories are made of them; the rest by way of a [`Value`].
struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_none<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Datum, D::Error> {
        Datum::deserialize(d)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(b))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Datum, E> {
        Ok(Datum::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Datum, E> {
        Ok(i64::try_from(number).map_or_else(|_| Value::from(number).into(), Datum::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Datum, E> {
        Ok(Value::from(number).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Datum, E> {
        Ok(Datum::Text(text.into()))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Datum, A::Error> {
        Ok(Value::deserialize(SeqAccessDeserializer::new(list))?.into())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Datum, A::Error> {
        Ok(Value::deserialize(MapAccessDeserializer::new(map))?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datum(json: &str) -> Datum {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_json_value_survives_a_round_trip() {
        for json in ["null", "true", "-7", "18446744073709551615", "1.5", "\"a b\"", "[1,[2]]"] {
            assert_eq!(serde_json::to_string(&datum(json)).unwrap(), json);
            assert_eq!(datum(json).to_string(), json);
        }
    }

    #[test]
    fn numbers_are_equal_where_their_values_are() {
        for (a, b) in [("1", "1.0"), ("0", "-0.0"), ("1.5", "15e-1"), ("[1.0]", "[1]")] {
            assert_eq!(Datum::from_word(a), Datum::from_word(b));
        }
        let big = "18446744073709551616";
        assert_ne!(Datum::from_word(big), Datum::from_word("18446744073709551617"));
        assert_ne!(Datum::from_word(big), Datum::from_word("1.8446744073709552e19"));
        for json in [big, "[1e400,{\"a\":-1e-400}]", "0.1000000000000000055511"] {
            let datum = Datum::from_word(json);
            assert_eq!(Datum::from_word(&datum.to_string()), datum, "{datum}");
            assert_eq!(Datum::from(Value::from(&datum)), datum);
        }
        assert_eq!(Datum::from_word(big).to_string(), big);
    }

    #[test]
    fn equal_json_is_equal_however_it_is_spelt() {
        assert_eq!(datum(r#"{"a":1, "b":[2]}"#), datum(r#"{"b":[2],"a":1}"#));
        assert_ne!(datum("1"), datum("\"1\""));
    }

    #[test]
    fn a_word_that_is_not_json_is_text() {
        assert_eq!(Datum::from_word("5"), Datum::Int(5));
        assert_eq!(Datum::from_word("abc"), Datum::from("abc"));
    }
}
