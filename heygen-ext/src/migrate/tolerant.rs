//! Reads JSON into types as tolerantly as the old service read requests.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// Reads a value of the old API: a number where a text belongs, a text where a number or a truth value belongs, and an empty
/// text for a missing value are accepted.
///
/// ```
/// use heygen_ext::migrate::from_value;
/// use heygen_ext::migrate::types::Voice;
/// use serde_json::json;
///
/// let sloppy = json!({"type": "text", "voice_id": 7, "speed": "1.2"});
/// let voice: Voice = from_value(&sloppy)?;
/// assert_eq!(voice.voice_id.as_deref(), Some("7"));
/// assert_eq!(voice.speed, Some(1.2));
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// # Errors
///
/// A value cannot be read in any of these ways.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(Tolerant(value))
}

/// Reads a value, and converts it to what the type asks for.
#[derive(Clone, Copy)]
struct Tolerant<'v>(&'v Value);

impl<'de> IntoDeserializer<'de, Error> for Tolerant<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Tolerant<'_> {
    fn number(self) -> Option<f64> {
        match self.0 {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    fn problem(self, wanted: &str) -> Error {
        Error::custom(format!("{} is not {wanted}", super::loss::shown(self.0)))
    }
}

impl<'de, 'v> Deserializer<'de> for Tolerant<'v> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => visitor.visit_i64(integer),
                (None, Some(integer)) => visitor.visit_u64(integer),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Tolerant::<'v>));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Tolerant(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::String(text) if text.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Number(number) => visitor.visit_string(number.to_string()),
            Value::Bool(value) => visitor.visit_string(value.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.number().ok_or_else(|| self.problem("a number"))?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(integer) = self.0.as_i64() {
            return visitor.visit_i64(integer);
        }
        match self.number().filter(|number| number.is_finite()) {
            // The old service reported some times with a fraction.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the fraction is dropped, and the cast saturates"
            )]
            Some(number) => visitor.visit_i64(number as i64),
            None => Err(self.problem("an integer")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visitor.visit_bool(number.as_f64() != Some(0.0)),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => visitor.visit_bool(true),
                "false" | "0" | "no" | "" => visitor.visit_bool(false),
                _ => Err(self.problem("a truth value")),
            },
            _ => Err(self.problem("a truth value")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 u32 u64 f32 char bytes byte_buf unit unit_struct newtype_struct seq tuple tuple_struct map struct
        enum identifier ignored_any
    }
}
