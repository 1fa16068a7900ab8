//! Distinguishes absent, null and a value in the body of a PATCH.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of a PATCH body, which null clears.
///
/// ```
/// use heygen_api::types::UpdateWebhookEndpointRequest;
///
/// let body = UpdateWebhookEndpointRequest::builder().clear_events().build()?;
/// assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"events":null}"#);
/// # Ok::<_, heygen_api::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Patch<T> {
    /// Not sent: the field keeps its value.
    #[default]
    Absent,
    /// Sent as null: the field is cleared.
    Null,
    /// Sent: the field is set to this value.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field is not sent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
