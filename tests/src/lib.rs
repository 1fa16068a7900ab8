//! What the tests across crates share: values made from schemas, a transport that keeps what it is given, and tables
//! over every operation and type, which `cargo xtask generate` writes.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use heygen_api::{Client, EventStream, FilePart, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Values that a schema refuses, each with the place that is wrong.
pub mod broken;
pub mod canonical;
mod capture;
#[rustfmt::skip]
pub mod generated;

pub use capture::{Captured, Recorder};

/// Why a call from JSON failed.
pub type CallError = Box<dyn StdError + Send + Sync>;

/// A call on its way; it ends with its reply.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<Reply, CallError>> + Send>>;

/// Calls one operation with arguments from JSON: `{"parameters": {…}, "body": …}`.
pub type Call = fn(&Client, &Value) -> CallFuture;

/// Decodes a value as one type and encodes it again.
pub type Round = fn(&Value) -> Result<(Value, String), serde_json::Error>;

/// An open enumeration: its name, how it reads a text (what it prints, whether it did not know it), and what it knows.
pub type OpenEnum = (&'static str, fn(&str) -> (String, bool), &'static [&'static str]);

/// An open union: its name, its tag, and whether it did not know a member.
pub type OpenUnion = (&'static str, &'static str, fn(Value) -> Result<bool, serde_json::Error>);

/// What a call answered: its value, written as JSON, and the body as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The value; null for a stream of events.
    pub value: Value,
    /// The whole body.
    pub json: Value,
}

impl Reply {
    /// The reply of a call that answers JSON.
    ///
    /// # Errors
    ///
    /// Its value cannot be written as JSON.
    pub fn of<T: Serialize>(reply: &Response<T>) -> Result<Self, CallError> {
        Ok(Self { value: serde_json::to_value(&**reply)?, json: reply.json() })
    }

    /// The reply of a call that answers with a stream of events.
    ///
    /// # Errors
    ///
    /// None: it has the type of the other.
    pub fn events<T>(reply: &Response<EventStream<T>>) -> Result<Self, CallError> {
        Ok(Self { value: Value::Null, json: reply.json() })
    }
}

/// Reads arguments of a call.
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

    /// The part of a form.
    pub fn file(arguments: &Value) -> FilePart {
        let content = arguments["file"].as_str().unwrap_or("content of the file").to_owned();
        FilePart::bytes("file.txt", "text/plain", content)
    }
}

/// Decodes and encodes, and prints what was decoded.
pub fn round<T: Serialize + DeserializeOwned + Debug>(
    value: &Value,
) -> Result<(Value, String), serde_json::Error> {
    let decoded = T::deserialize(value)?;
    Ok((serde_json::to_value(&decoded)?, format!("{decoded:?}")))
}
