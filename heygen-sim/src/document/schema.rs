//! A compiled JSON Schema.

use std::io;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// Maximum length of a value in a message, in bytes.
const VALUE_LIMIT: usize = 200;

/// A schema that values are checked against.
pub(super) struct Schema(Validator);

impl Schema {
    /// Compiles a schema; `None` if it is invalid.
    pub(super) fn new(schema: &Value) -> Option<Self> {
        jsonschema::draft202012::new(schema).ok().map(Self)
    }

    pub(super) fn accepts(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// Checks a value. The error is the place and the text of the first problem.
    pub(super) fn check(&self, value: &Value) -> Result<(), (String, String)> {
        // `iter_errors` would collect the errors of all elements before it returns the first.
        self.0.validate(value).map_err(|error| {
            let value = shortened(error.instance());
            (error_place(&error), error.masked_with(value).to_string())
        })
    }

    /// If the first problem is that an object has unknown members: the JSON pointer of the object, and their names.
    pub(super) fn unexpected_members(&self, value: &Value) -> Option<(String, Vec<String>)> {
        let error = self.0.validate(value).err()?;
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                Some((error.instance_path().to_string(), unexpected.clone()))
            }
            _ => None,
        }
    }
}

/// The place of a problem in dot notation, such as `scenes.0.input.avatar_id`.
fn error_place(error: &ValidationError<'_>) -> String {
    let mut place = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
    let member = match error.kind() {
        ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.first().cloned(),
        _ => None,
    };
    if let Some(member) = member {
        place = if place.is_empty() { member } else { format!("{place}.{member}") };
    }
    place.replace("~1", "/").replace("~0", "~")
}

/// A value as JSON, cut to a maximum length. It is not serialized beyond that.
fn shortened(value: &Value) -> String {
    let mut text = Vec::with_capacity(VALUE_LIMIT);
    match serde_json::to_writer(Bounded(&mut text), value) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => format!("{}…", String::from_utf8_lossy(&text)),
    }
}

/// A writer that stops after [`VALUE_LIMIT`] bytes.
struct Bounded<'a>(&'a mut Vec<u8>);

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = VALUE_LIMIT.saturating_sub(self.0.len());
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let length = room.min(bytes.len());
        self.0.extend_from_slice(bytes.get(..length).unwrap_or_default());
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
