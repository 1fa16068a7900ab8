//! Reads structs from JSON objects and writes them.
//!
//! serde's derive generates about ten functions for each struct, most of them for formats other than JSON. Compiling them
//! took most of this crate's build time.

use std::marker::PhantomData;

use serde::ser::SerializeMap;

/// The value of a required field. It is a function because a closure would be compiled once for each struct.
pub(crate) fn required<T, E: serde::de::Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::missing_field(name))
}

/// The visitor that reads a JSON object as a `T`.
pub(crate) struct Reading<T>(pub(crate) PhantomData<T>);

/// Writes the members of a JSON object, so that a union can write its tag first.
pub(crate) trait Members {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// Implements `Serialize` and `Deserialize` for a struct, from a table of its fields.
///
/// A field is `required`, `optional` (an `Option`, omitted when it is `None`) or `patch` (a `Patch`). Its JSON name follows
/// `=`, and defaults to the field's name. A member without a field is an error in a `request`, is ignored in a `reply`,
/// and is kept in `extra` by a struct for `both`.
macro_rules! object {
    ($name:ident: $way:ident { $($kind:ident $field:ident $(= $wire:literal)?,)* }) => {
        impl crate::object::Members for $name {
            #[allow(unused_variables, reason = "a struct may have no fields")]
            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $(object!(@write $kind map, &self.$field, object!(@name $field $($wire)?));)*
                object!(@write_rest $way map, self, &[$(object!(@name $field $($wire)?)),*]);
                Ok(())
            }
        }

        #[cfg(feature = "testing")]
        impl crate::testing::Named for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                crate::object::Members::write(self, &mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        object! { @read $name: $way { $($kind $field $(= $wire)?,)* } }
    };

    // Only `Deserialize`, for a type that is only received; it may have a type parameter.
    (@read $name:ident $(<$item:ident>)?: $way:ident { $($kind:ident $field:ident $(= $wire:literal)?,)* }) => {
        impl<'de $(, $item: serde::Deserialize<'de>)?> serde::Deserialize<'de> for $name $(<$item>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(crate::object::Reading::<Self>(std::marker::PhantomData))
            }
        }

        impl<'de $(, $item: serde::Deserialize<'de>)?> serde::de::Visitor<'de>
            for crate::object::Reading<$name $(<$item>)?>
        {
            type Value = $name $(<$item>)?;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!("a `", stringify!($name), "` object"))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                $(let mut $field = None;)*
                object!(@rest $way rest);
                while let Some(key) = map.next_key::<crate::open::Text<'_>>()? {
                    match &*key.0 {
                        $(object!(@name $field $($wire)?) => $field = Some(map.next_value()?),)*
                        other => object!(
                            @unknown $way map, other, rest, &[$(object!(@name $field $($wire)?)),*]
                        ),
                    }
                }
                object!(@made $way rest, $name {
                    $($field: object!(@taken $kind $field, object!(@name $field $($wire)?)),)*
                })
            }
        }
    };

    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };

    (@write required $map:ident, $value:expr, $name:expr) => {
        serde::ser::SerializeMap::serialize_entry($map, $name, $value)?
    };
    (@write optional $map:ident, $value:expr, $name:expr) => {
        if let Some(value) = $value {
            serde::ser::SerializeMap::serialize_entry($map, $name, value)?;
        }
    };
    (@write patch $map:ident, $value:expr, $name:expr) => {
        if !$value.is_absent() {
            serde::ser::SerializeMap::serialize_entry($map, $name, $value)?;
        }
    };

    (@write_rest both $map:ident, $whole:expr, $known:expr) => {
        let known: &[&str] = $known;
        // Skip a member with the name of a field, which would be written twice.
        for (name, value) in $whole.extra.iter().filter(|(name, _)| !known.contains(name)) {
            serde::ser::SerializeMap::serialize_entry($map, name, value)?;
        }
    };
    (@write_rest $way:ident $map:ident, $whole:expr, $known:expr) => {};

    (@taken required $value:expr, $name:expr) => {
        crate::object::required($value, $name)?
    };
    (@taken $kind:ident $value:expr, $name:expr) => { $value.unwrap_or_default() };

    (@rest both $rest:ident) => { let mut $rest = crate::open::Extra::default(); };
    (@rest $way:ident $rest:ident) => {};

    (@unknown both $map:ident, $other:ident, $rest:ident, $known:expr) => {
        $rest.insert($other, $map.next_value::<serde_json::Value>()?)
    };
    (@unknown request $map:ident, $other:ident, $rest:ident, $known:expr) => {
        return Err(<A::Error as serde::de::Error>::unknown_field($other, $known))
    };
    (@unknown reply $map:ident, $other:ident, $rest:ident, $known:expr) => {{
        let _ = $other;
        $map.next_value::<serde::de::IgnoredAny>()?;
    }};

    (@made both $rest:ident, $name:ident { $($field:ident: $value:expr,)* }) => {
        Ok($name { $($field: $value,)* extra: $rest })
    };
    (@made $way:ident $rest:ident, $name:ident { $($field:ident: $value:expr,)* }) => {
        Ok($name { $($field: $value,)* })
    };
}
pub(crate) use object;

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use crate::open::Extra;
    use crate::patch::Patch;

    #[derive(Debug, PartialEq)]
    struct Sent {
        id: String,
        kind: Option<u8>,
        title: Patch<String>,
    }

    #[derive(Debug, PartialEq)]
    struct Received {
        id: String,
        kind: Option<u8>,
    }

    #[derive(Debug, PartialEq)]
    struct Kept {
        id: Option<String>,
        extra: Extra,
    }

    object! { Sent: request { required id, optional kind = "type", patch title, } }
    object! { Received: reply { required id, optional kind = "type", } }
    object! { Kept: both { optional id, } }

    fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
        // Read from text, as a response is, and from a value, as the variant of a union is.
        let text: Result<T, _> = serde_json::from_str(&value.to_string());
        let read: Result<T, _> = serde_json::from_value(value);
        assert_eq!(text.is_ok(), read.is_ok());
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_read_and_written_under_their_names() {
        for value in [
            json!({"id": "a", "type": 7, "title": "t"}),
            json!({"id": "a", "title": null}),
            json!({"id": "a"}),
        ] {
            let sent: Sent = read(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(sent).unwrap(), value);
        }
        let received: Received = read(json!({"id": "a", "type": null})).unwrap();
        assert_eq!(serde_json::to_value(received).unwrap(), json!({"id": "a"}));
    }

    #[test]
    fn an_unknown_member_is_refused_ignored_or_kept() {
        let value = json!({"id": "a", "new": [1]});
        assert!(read::<Sent>(value.clone()).unwrap_err().starts_with("unknown field `new`, expected "));
        assert_eq!(
            serde_json::to_value(read::<Received>(value.clone()).unwrap()).unwrap(),
            json!({"id": "a"})
        );
        let mut kept = read::<Kept>(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&kept).unwrap(), value);
        kept.extra.insert("id", "another");
        assert_eq!(serde_json::to_string(&kept).unwrap(), value.to_string());
    }

    #[test]
    fn a_mismatch_is_named() {
        assert_eq!(read::<Received>(json!({})).unwrap_err(), "missing field `id`");
        let error = read::<Received>(json!("text")).unwrap_err();
        assert_eq!(error, "invalid type: string \"text\", expected a `Received` object");
        assert!(read::<Received>(json!({"id": 7})).unwrap_err().contains("expected a string"));
    }
}
