//! Types for values and members that this version does not know.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Implements `Serialize` and `Deserialize` for a type that wraps one value.
macro_rules! transparent {
    ($($name:ident),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(deserializer).map(Self)
            }
        })*
    };
}
transparent!(UnknownMember, Json, Extra);

/// The content of an enum's `Unknown`: a value that has no variant in this version. Only this crate can create one; use
/// `From<&str>` of the enum to convert text, and `as_str` to read it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(crate) fn new(value: &str) -> Self {
        Self(value.into())
    }

    /// The value as the service sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The content of a union's `Unknown`: the JSON of a variant that this version does not know.
#[derive(Clone, PartialEq)]
pub struct UnknownMember(Value);

impl UnknownMember {
    /// The JSON value.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The value of the tag `name`, if there is one.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Reads it as the struct of a variant, which does not contain the tag.
    pub(crate) fn read<T: DeserializeOwned>(mut self, tag: &str) -> Result<T, serde_json::Error> {
        if let Some(members) = self.0.as_object_mut() {
            members.remove(tag);
        }
        T::deserialize(self.0)
    }

    /// Deserializes it as another type.
    ///
    /// # Errors
    ///
    /// The JSON does not match the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0)
    }
}

impl fmt::Debug for UnknownMember {
    /// Shows only the number of members: an unknown member may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.0.as_object().map_or(0, Map::len);
        write!(f, "UnknownMember({members} members)")
    }
}

/// The text of a JSON string, borrowed if possible.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}

/// Defines an open enum: its values, and the traits of every open enum.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`")] $variant,)*
            /// A value that this version does not know; `as_str` returns it.
            Unknown(crate::open::UnknownValue),
        }

        impl $name {
            /// All values that this version knows.
            pub const VALUES: &'static [&'static str] = &[$($value),*];

            /// The value as it is sent.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        #[cfg(feature = "testing")]
        impl crate::testing::Named for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl From<&str> for $name {
            #[inline]
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(crate::open::UnknownValue::new(other)),
                }
            }
        }

        crate::open::open_enum_traits!($name);
    };
}
pub(crate) use open_enum;

/// Implements the traits of an open enum that has `From<&str>` and `as_str`.
///
/// They are inline so that a program compiles only those that it uses; so are the last functions of builders.
macro_rules! open_enum_traits {
    ($name:ident) => {
        impl From<String> for $name {
            #[inline]
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;
            #[inline]
            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(value))
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[cfg(feature = "client")]
        impl crate::into_text::IntoText for $name {
            #[inline]
            fn into_text(self) -> String {
                self.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            #[inline]
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::open::Text::deserialize(deserializer).map(|text| Self::from(text.0.as_ref()))
            }
        }
    };
}
pub(crate) use open_enum_traits;

/// Untyped JSON: the response to a request that the document does not have.
///
/// It derefs to the value: `reply["data"]["id"]`.
#[derive(Clone, PartialEq)]
pub struct Json(Value);

impl Json {
    /// Returns the JSON value.
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl std::ops::Deref for Json {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Json {
    /// Shows only the top-level names: an unknown member may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.as_object().map(|members| members.keys().collect::<Vec<_>>());
        write!(f, "Json({:?})", names.unwrap_or_default())
    }
}

/// Members of an object that have no field in this version.
///
/// A value that is read, changed and sent back keeps them.
#[derive(Clone, PartialEq, Default)]
pub struct Extra(Map<String, Value>);

impl Extra {
    /// Returns `true` if it has no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Adds or replaces a member.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Iterates over the members and their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for Extra {
    /// Shows only the names: an unknown member may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_members_are_kept_and_not_shown() {
        let mut extra: Extra = serde_json::from_str(r#"{"token":"secret"}"#).unwrap();
        extra.insert("n", 1);
        assert_eq!(extra.get("n"), Some(&Value::from(1)));
        assert_eq!(extra.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["n", "token"]);
        assert_eq!(format!("{extra:?}"), r#"{"n", "token"}"#);
        assert!(!extra.is_empty() && Extra::default().is_empty());
    }
}
