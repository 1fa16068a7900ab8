//! Shared code of the tests that involve several crates: valid and invalid values for schemas, a transport that records
//! requests, and tables over every operation and type, which `cargo xtask generate` writes.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use heygen_api::testing::{self, Sample};
use heygen_api::{Client, EventStream, FilePart, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub mod canonical;
mod capture;
#[rustfmt::skip]
#[allow(deprecated, reason = "the tables have every operation, deprecated ones too")]
pub mod generated;
pub mod invalid_values;

pub use capture::{Captured, Recorder};

/// The error of a call with arguments from JSON.
pub type CallError = Box<dyn StdError + Send + Sync>;

/// A call in progress.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<Reply, CallError>> + Send>>;

/// Calls one operation with arguments from JSON: `{"parameters": {…}, "body": …}`.
pub type Call = fn(&Client, &Value) -> CallFuture;

/// Decodes a value as one type. Returns it encoded again and as printed by Debug.
pub type Round = fn(&Value) -> Result<(Value, String), serde_json::Error>;

/// Makes the sample of one type: as JSON, and decoded and encoded again.
pub type Sampled = fn(Sample) -> (Value, Result<Value, serde_json::Error>);

/// An open enumeration: its name; a function that parses a value, and returns it as printed and whether it is unknown; and
/// the known values.
pub type OpenEnum = (&'static str, fn(&str) -> (String, bool), &'static [&'static str]);

/// An open union: its name, its tag, and a function that returns whether a member is unknown.
pub type OpenUnion = (&'static str, &'static str, fn(Value) -> Result<bool, serde_json::Error>);

/// The reply of a call: its value, encoded as JSON, and the body as received.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The value; null for an event stream.
    pub value: Value,
    /// The whole body.
    pub json: Value,
}

impl Reply {
    /// Creates the reply of a call whose response is JSON.
    ///
    /// # Errors
    ///
    /// The value cannot be encoded as JSON.
    pub fn of<T: Serialize>(reply: &Response<T>) -> Result<Self, CallError> {
        Ok(Self { value: serde_json::to_value(&**reply)?, json: reply.json() })
    }

    /// Creates the reply of a call whose response is neither text nor JSON.
    ///
    /// # Errors
    ///
    /// Never fails. The return type is that of [`Reply::of`].
    pub fn bytes<T>(reply: &Response<T>) -> Result<Self, CallError> {
        Ok(Self { value: Value::Null, json: reply.json() })
    }

    /// Creates the reply of a call whose response is an event stream.
    ///
    /// # Errors
    ///
    /// Never fails. The return type is that of [`Reply::of`].
    pub fn events<T>(reply: &Response<EventStream<T>>) -> Result<Self, CallError> {
        Ok(Self { value: Value::Null, json: reply.json() })
    }
}

/// Reads the arguments of a call from JSON.
pub struct Argument;

impl Argument {
    /// The body.
    pub fn body<T: DeserializeOwned>(arguments: &Value) -> Result<T, CallError> {
        Ok(T::deserialize(&arguments["body"]).map_err(|error| format!("body: {error}"))?)
    }

    /// A parameter.
    pub fn named<T: DeserializeOwned>(arguments: &Value, name: &str) -> Result<T, CallError> {
        Ok(T::deserialize(&arguments["parameters"][name]).map_err(|error| format!("{name}: {error}"))?)
    }

    /// The file of a form.
    pub fn file(arguments: &Value) -> FilePart {
        let content = arguments["file"].as_str().unwrap_or("content of the file").to_owned();
        FilePart::bytes("file.txt", "text/plain", content)
    }
}

/// Decodes a value, and returns it encoded again and as printed by Debug.
pub fn round<T: Serialize + DeserializeOwned + Debug>(
    value: &Value,
) -> Result<(Value, String), serde_json::Error> {
    let decoded = T::deserialize(value)?;
    Ok((serde_json::to_value(&decoded)?, format!("{decoded:?}")))
}

/// Makes the sample of a type: as JSON, and decoded and encoded again.
pub fn sampled<T: testing::Sampled + Serialize>(sample: Sample) -> (Value, Result<Value, serde_json::Error>) {
    (sample.json_of::<T>(), serde_json::to_value(sample.of::<T>()))
}
