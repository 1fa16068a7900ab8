//! Reads tagged unions from JSON objects and writes them.

use serde::Serializer;
use serde::ser::SerializeMap;

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
