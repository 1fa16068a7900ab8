//! Room for what the service may say tomorrow.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The content of an enumeration's `Unknown`: a value that this version has no variant for. It cannot be made outside of
/// this crate; `From<&str>` of the enumeration is the way in, and `as_str` the way out.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(crate) fn new(value: &str) -> Self {
        Self(value.into())
    }

    /// The value as it came over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The content of a union's `Unknown`: a member that this version has no variant for, as it came.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownMember(Value);

impl UnknownMember {
    /// The member.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The value of its tag, when it has one.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Reads it as a type of the caller's.
    ///
    /// # Errors
    ///
    /// It does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0)
    }
}

impl fmt::Debug for UnknownMember {
    /// Only its size: what the members are is unknown, so one may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.0.as_object().map_or(0, serde_json::Map::len);
        write!(f, "UnknownMember({members} members)")
    }
}

/// Text of a JSON string, borrowed where it can be.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// What every open enumeration can do, given `From<&str>` and `as_str`.
macro_rules! open_enum {
    ($name:ident) => {
        const _: () = {
            impl From<String> for $name {
                fn from(value: String) -> Self {
                    Self::from(value.as_str())
                }
            }

            impl std::str::FromStr for $name {
                type Err = std::convert::Infallible;
                fn from_str(value: &str) -> Result<Self, Self::Err> {
                    Ok(Self::from(value))
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.pad(self.as_str())
                }
            }

            impl AsRef<str> for $name {
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
    };
}
pub(crate) use open_enum;
