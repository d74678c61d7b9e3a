//! Whether everybody would read the same from a value. JSON's grammar allows a key twice in an
//! object (most readers keep one of the two, so that values that differ become equal), half a
//! character (`"\ud800"`), and any depth.
use std::fmt;

use rustc_hash::FxHashSet;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Error;

use super::number::exact;

/// Checks the text of a value.
///
/// # Errors
/// What can be read in more ways than one, or in none.
pub(crate) fn unambiguous(json: &str) -> Result<(), Error> {
    serde_json::from_slice::<Read>(&exact(json.as_bytes())).map(drop)
}

/// That a value was read.
struct Read;

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Read, D::Error> {
        d.deserialize_any(Reader)
    }
}

/// Its depth is what serde allows, 128.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_str<E>(self, _: &str) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Read, A::Error> {
        while list.next_element::<Read>()?.is_some() {}
        Ok(Read)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let mut keys = FxHashSet::default();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Read>()?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format!("a value has the key `{twice}` twice")));
            }
        }
        Ok(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (json, part) in [
            (r#"{"a":1,"a":2}"#, "`a` twice"),
            (r#"[{"b":{"a":1,"\u0061":1}}]"#, "`a` twice"),
            (r#""\ud800""#, "hex escape"),
            (r#"["\udc00\ud800"]"#, "hex escape"),
            (&"[".repeat(200), "recursion limit"),
            ("1e99999999999999999999", "out of range"),
        ] {
            let error = unambiguous(json).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
        for json in [r#"[{"a":1},{"a":2}]"#, "1e400", "-0", r#""\u0000\ud83d\ude00""#, "{}"] {
            assert!(unambiguous(json).is_ok(), "{json}");
        }
    }
}
