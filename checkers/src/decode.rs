//! `f` and `value` read together as one enum: `("cas", "[1,2]")` is `Cas(1, 2)`.
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
    value::StrDeserializer,
};
use serde_json::Error;

use crate::datum::number::exact;

/// Decodes an op's function and its value (JSON text) into an enum whose variants are functions.
/// A variant without fields takes any value: a read asks for nothing.
///
/// # Errors
/// An unknown function, or a value that does not fit it.
pub fn decode<I: DeserializeOwned>(f: &str, value: &[u8]) -> Result<I, Error> {
    I::deserialize(Tagged { f, value: &exact(value) })
}

/// Decodes an answer (JSON text).
///
/// # Errors
/// A value that does not fit.
pub(crate) fn answer<O: DeserializeOwned>(value: &[u8]) -> Result<O, Error> {
    serde_json::from_slice(&exact(value))
}

struct Tagged<'a> {
    f: &'a str,
    value: &'a [u8],
}

impl<'de> serde::Deserializer<'de> for Tagged<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.f.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let mut json = serde_json::Deserializer::from_slice(self.value);
        let value = seed.deserialize(&mut json)?;
        json.end().map(|()| value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let mut json = serde_json::Deserializer::from_slice(self.value);
        let value = serde::Deserializer::deserialize_any(&mut json, visitor)?;
        json.end().map(|()| value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.tuple_variant(0, visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Input {
        Read,
        Write(i64),
        Cas(i64, i64),
    }

    #[test]
    fn a_function_and_its_value_make_one_input() {
        let decode = |f, value: &str| super::decode::<Input>(f, value.as_bytes());
        assert_eq!(decode("read", "null").unwrap(), Input::Read);
        assert_eq!(decode("write", "3").unwrap(), Input::Write(3));
        assert_eq!(decode("cas", "[1, 2]").unwrap(), Input::Cas(1, 2));
        assert!(decode("cas", "[1]").is_err());
        assert!(decode("write", "\"x\"").is_err());
        assert!(decode("drop", "1").unwrap_err().to_string().contains("unknown variant"));
    }
}
