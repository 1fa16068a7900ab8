//! Reads members of an event by any of the names that the service uses for them.

use std::fmt;

use serde_json::{Map, Value};

#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The first of the members that is a non-empty string or a number, as a string.
    pub(super) fn text(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::Number(number) => Some(number.to_string()),
            value => value.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        })
    }

    /// The first of the members that is a non-empty string.
    pub(super) fn string(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str().filter(|text| !text.is_empty()))
    }

    pub(super) fn url(self, names: &[&str]) -> Option<EventUrl> {
        self.string(names).map(|url| EventUrl(url.to_owned()))
    }

    /// The first of the members that is a whole number; it may be written with a decimal point.
    pub(super) fn count(self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| {
            let value = self.0.get(*name)?;
            let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number));
            value.as_u64().or(whole.map(|number| number as u64))
        })
    }

    pub(super) fn number(self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| self.0.get(*name)?.as_f64())
    }
}

/// A URL from an event, which `Debug` does not print.
///
/// It is signed: anyone who has it can download the file until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct EventUrl(pub(super) String);

impl EventUrl {
    /// The complete URL, with its signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "client")]
impl From<&EventUrl> for crate::download::Link {
    /// A link that cannot be refreshed: once it has expired, read the resource for a new one.
    fn from(url: &EventUrl) -> Self {
        Self::new(url.as_str())
    }
}

impl fmt::Debug for EventUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventUrl")
    }
}
