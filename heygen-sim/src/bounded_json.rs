//! Parses JSON into a value of bounded memory, and estimates what a value occupies.
//!
//! A value may occupy fifty times the bytes of its text: `[[],[],…]` has three bytes for each element, and an element takes
//! more than thirty. So the size of a body does not bound the memory.

use std::cell::Cell;
use std::fmt;
use std::mem::size_of;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

/// Most memory that the value of one body may occupy, in bytes.
pub(crate) const MAX_MEMORY: usize = 96 * 1024 * 1024;

/// An element of an array. The array may have twice the capacity that it needs.
const ELEMENT: usize = 2 * size_of::<Value>();

/// An array with elements has room for at least four.
const ARRAY: usize = 4 * size_of::<Value>();

/// An object with members has a tree node with room for eleven.
const OBJECT: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 32;

/// A member of an object, without its name and its value's own memory.
const MEMBER: usize = 2 * (size_of::<String>() + size_of::<Value>());

/// The overhead of an allocation.
const ALLOCATION: usize = 16;

/// Why a text was not parsed.
#[derive(Debug)]
pub(crate) enum JsonError {
    /// It is not JSON. The message says where.
    Invalid(String),
    /// Its value would occupy more than the allowed memory.
    TooLarge,
}

/// Parses a JSON text whose value occupies at most `limit` bytes.
pub(crate) fn parse(text: &[u8], limit: usize) -> Result<Value, JsonError> {
    let budget = Budget { left: Cell::new(limit), exceeded: Cell::new(false) };
    let mut reader = Deserializer::from_slice(text);
    let value = Node(&budget).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match budget.exceeded.get() {
        true => JsonError::TooLarge,
        false => JsonError::Invalid(error.to_string()),
    })
}

/// The memory that a value occupies in addition to itself, in bytes. It is an estimate.
pub(crate) fn memory(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + ALLOCATION,
        Value::Array(items) if items.is_empty() => 0,
        Value::Array(items) => ARRAY + items.iter().map(|item| ELEMENT + memory(item)).sum::<usize>(),
        Value::Object(members) if members.is_empty() => 0,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| MEMBER + name.len() + ALLOCATION + memory(value);
            OBJECT + members.iter().map(member).sum::<usize>()
        }
        _ => 0,
    }
}

/// The memory that is left.
struct Budget {
    left: Cell<usize>,
    exceeded: Cell<bool>,
}

impl Budget {
    fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.exceeded.set(true);
                Err(E::custom("the value is too large"))
            }
        }
    }
}

/// Deserializes one value, and charges its memory.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Budget);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.charge(text.len() + ALLOCATION)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            self.0.charge(if items.is_empty() { ARRAY + ELEMENT } else { ELEMENT })?;
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let first = if members.is_empty() { OBJECT } else { 0 };
            self.0.charge(first + MEMBER + name.len() + ALLOCATION)?;
            let value = access.next_value_seed(self)?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Texts of this many bytes that cost far more memory than their size.
    fn hostile(bytes: usize) -> Vec<(&'static str, String)> {
        let list = |item: &str| format!("[{}{item}]", format!("{item},").repeat(bytes / (item.len() + 1)));
        let deep = format!("[{}{}]", "[".repeat(120), "]".repeat(120));
        vec![
            ("numbers", list("0")),
            ("empty arrays", list("[]")),
            ("arrays", list("[0]")),
            ("objects", list(r#"{"a":0}"#)),
            ("deep arrays", list(&deep)),
            ("texts", list(r#""""#)),
            ("escapes", format!("\"{}\"", "\\u00e9".repeat(bytes / 6))),
            ("a text", format!("\"{}\"", "x".repeat(bytes))),
        ]
    }

    #[test]
    fn a_value_is_parsed_as_serde_json_does() {
        for text in [
            r#"{"a": [1, -2, 3.5, true, null, "é\n"], "b": {}, "a": 7}"#,
            "18446744073709551615",
            "1e400",
            "[",
            "{\"a\"}",
            "[] x",
            "",
            "\"\\ud800\"",
        ] {
            let whole: Result<Value, _> = serde_json::from_str(text);
            match (parse(text.as_bytes(), MAX_MEMORY), whole) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected),
                (Err(JsonError::Invalid(message)), Err(error)) => assert_eq!(message, error.to_string()),
                (value, expected) => panic!("{text}: {value:?} instead of {expected:?}"),
            }
        }
        // The depth is limited.
        assert!(matches!(parse("[".repeat(100_000).as_bytes(), MAX_MEMORY), Err(JsonError::Invalid(_))));
    }

    #[test]
    fn thirty_one_megabytes_of_hostile_json_stay_under_300_megabytes() {
        for (label, text) in hostile(31 * 1024 * 1024) {
            let text = text.as_bytes();
            let measured = allocation_counter::measure(|| drop(parse(text, MAX_MEMORY)));
            // The text itself is in memory, too.
            let peak = measured.bytes_max + text.len() as u64;
            assert!(peak < 300 * 1024 * 1024, "{label}: {} MiB", peak >> 20);
        }
    }

    #[test]
    fn the_estimate_is_not_below_the_memory() {
        for (label, text) in hostile(100_000) {
            let mut value = Value::Null;
            let measured = allocation_counter::measure(|| {
                value = parse(text.as_bytes(), usize::MAX).unwrap_or_default();
            });
            let (actual, estimate) = (measured.bytes_current, memory(&value) as i64);
            assert!(estimate >= actual, "{label}: {estimate} instead of {actual}");
            assert!(estimate <= 4 * actual + 1000, "{label}: {estimate} instead of {actual}");
        }
        assert_eq!(memory(&json!({})), 0);
    }
}
