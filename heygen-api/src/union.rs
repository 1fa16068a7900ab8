//! Reads unions from JSON and writes them: those with a tag, and those whose members have different JSON types.

use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;

use crate::object::Members;
use crate::open::UnknownMember;

/// Writes the tag and the members of a variant.
pub(crate) fn serialize<S: Serializer>(
    tag: &'static str,
    value: &'static str,
    members: &impl Members,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(tag, value)?;
    members.write(&mut map)?;
    map.end()
}

/// The error of an object whose tag is missing or unknown.
pub(crate) fn tag_error<E: serde::de::Error>(
    member: &UnknownMember,
    tag: &'static str,
    known: &'static [&'static str],
) -> E {
    match member.tag(tag) {
        Some(value) => E::unknown_variant(value, known),
        None => E::missing_field(tag),
    }
}

/// Implements `Serialize` and `Deserialize` for a union, from a table of its variants and the values of its tag.
///
/// An object whose tag is not in the table is kept in the variant after `or`. A union without that variant returns an
/// error that names the tag.
macro_rules! union {
    ($name:ident by $tag:literal $(or $unknown:ident)? { $($variant:ident = $value:literal,)* }) => {
        #[cfg(feature = "testing")]
        impl crate::testing::Named for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(members) => crate::union::serialize($tag, $value, members, serializer),)*
                    $(Self::$unknown(member) => member.serialize(serializer),)?
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let member = crate::open::UnknownMember::deserialize(deserializer)?;
                match member.tag($tag) {
                    $(Some($value) => {
                        member.read($tag).map(Self::$variant).map_err(<D::Error as serde::de::Error>::custom)
                    })*
                    $(_ => Ok(Self::$unknown(member)),)?
                    #[allow(unreachable_patterns, reason = "a union may keep unknown variants")]
                    _ => Err(crate::union::tag_error(&member, $tag, &[$($value),*])),
                }
            }
        }
    };
}
pub(crate) use union;

/// A type of JSON values, which tells the variants of a union without a tag apart.
#[allow(dead_code, reason = "the document has no such union today; the next one may have some")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonType {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

impl JsonType {
    /// The type of a value; `None` for null.
    #[allow(dead_code, reason = "the document has no such union today; the next one may have some")]
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::String),
            Value::Array(_) => Some(Self::Array),
            Value::Object(_) => Some(Self::Object),
        }
    }
}

/// Implements `Serialize` and `Deserialize` for a union whose variants have different JSON types.
///
/// A value of another type is kept in the variant after `or`. A union without that variant returns an error.
#[allow(unused_macros, reason = "the document has no such union today; the next one may have some")]
macro_rules! value_union {
    ($name:ident $(or $unknown:ident)? { $($variant:ident: $kind:ident,)* }) => {
        #[cfg(feature = "testing")]
        impl crate::testing::Named for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => serde::Serialize::serialize(value, serializer),)*
                    $(Self::$unknown(value) => serde::Serialize::serialize(value, serializer),)?
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let member = <crate::open::UnknownMember as serde::Deserialize>::deserialize(deserializer)?;
                match crate::union::JsonType::of(member.as_json()) {
                    $(Some(crate::union::JsonType::$kind) => {
                        member.decode().map(Self::$variant).map_err(<D::Error as serde::de::Error>::custom)
                    })*
                    $(_ => Ok(Self::$unknown(member)),)?
                    #[allow(unreachable_patterns, reason = "a union may keep unknown variants")]
                    _ => Err(<D::Error as serde::de::Error>::custom(concat!(
                        "expected a value of type", $(" ", stringify!($kind)),*
                    ))),
                }
            }
        }
    };
}
#[allow(unused_imports, reason = "the document has no such union today; the next one may have some")]
pub(crate) use value_union;

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use crate::object::object;
    use crate::open::UnknownMember;

    #[derive(Debug, PartialEq)]
    struct Color {
        color: String,
    }

    object! { Color: reply { required color, } }

    #[derive(Debug, PartialEq)]
    enum Closed {
        Color(Color),
    }

    #[derive(Debug, PartialEq)]
    enum Open {
        Color(Color),
        Unknown(UnknownMember),
    }

    #[derive(Debug, PartialEq)]
    enum OneOrMany {
        Text(String),
        List(Vec<String>),
        Unknown(UnknownMember),
    }

    #[derive(Debug, PartialEq)]
    enum TextOrNumber {
        Text(String),
        Number(f64),
    }

    value_union! { OneOrMany or Unknown { Text: String, List: Array, } }
    value_union! { TextOrNumber { Text: String, Number: Number, } }

    #[test]
    fn the_json_type_selects_the_variant() {
        for (wire, expected) in [
            (json!("en"), OneOrMany::Text("en".to_owned())),
            (json!(["en", "de"]), OneOrMany::List(vec!["en".to_owned(), "de".to_owned()])),
        ] {
            assert_eq!(OneOrMany::deserialize(&wire).unwrap(), expected);
            assert_eq!(serde_json::to_value(expected).unwrap(), wire);
        }
        let odd = json!({ "a": 1 });
        let open = OneOrMany::deserialize(&odd).unwrap();
        assert!(matches!(open, OneOrMany::Unknown(_)));
        assert_eq!(serde_json::to_value(open).unwrap(), odd);
        assert!(OneOrMany::deserialize(json!([1])).is_err());
        assert_eq!(TextOrNumber::deserialize(json!(2)).unwrap(), TextOrNumber::Number(2.0));
        let refusal = TextOrNumber::deserialize(json!([])).unwrap_err().to_string();
        assert_eq!(refusal, "expected a value of type String Number");
    }

    union! { Closed by "type" { Color = "color", } }
    union! { Open by "type" or Unknown { Color = "color", } }

    #[test]
    fn a_variant_is_written_as_its_tag_and_members() {
        let wire = json!({ "type": "color", "color": "#fff" });
        let color = || Color { color: "#fff".to_owned() };
        assert_eq!(Closed::deserialize(&wire).unwrap(), Closed::Color(color()));
        assert_eq!(Open::deserialize(&wire).unwrap(), Open::Color(color()));
        assert_eq!(
            serde_json::to_string(&Closed::Color(color())).unwrap(),
            r##"{"type":"color","color":"#fff"}"##
        );
        assert_eq!(serde_json::to_value(Open::Color(color())).unwrap(), wire);
    }

    #[test]
    fn an_open_union_keeps_unknown_variants() {
        for wire in [
            json!({ "type": "sound", "url": "u" }),
            json!({ "color": "#fff" }),
            json!({ "type": 1 }),
            json!("x"),
        ] {
            let open = Open::deserialize(&wire).unwrap();
            assert!(matches!(open, Open::Unknown(_)), "{wire}");
            assert_eq!(serde_json::to_value(open).unwrap(), wire);
        }
    }

    #[test]
    fn a_closed_union_names_the_unknown_tag() {
        let refusal = |wire: Value| Closed::deserialize(wire).unwrap_err().to_string();
        assert_eq!(refusal(json!({ "type": "sound" })), "unknown variant `sound`, expected `color`");
        assert_eq!(refusal(json!({ "color": "#fff" })), "missing field `type`");
        assert_eq!(refusal(json!({ "type": "color" })), "missing field `color`");
    }
}
