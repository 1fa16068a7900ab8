//! What an endpoint of the legacy API is, and where it went.

use std::fmt;

use http::Method;

use super::envelope::Envelope;
use super::planning::Conversion;

/// An endpoint of v1 or v2, and what v3 has in its place. [`endpoints`](super::endpoints) lists them all.
///
/// ```
/// use heygen_ext::migrate::{self, Level};
///
/// for endpoint in migrate::endpoints() {
///     if endpoint.level() == Level::NoCounterpart {
///         println!("{endpoint}: {}", endpoint.counterpart());
///     }
/// }
/// ```
pub struct Endpoint {
    method: Method,
    path: &'static str,
    is_upload: bool,
    envelope: Envelope,
    level: Level,
    counterpart: &'static str,
    conversion: Option<Conversion>,
}

/// How much of an endpoint v3 can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// All documented inputs and outputs, except for the losses that a plan lists.
    Full,
    /// Some inputs or members of the answer have no counterpart.
    WithLosses,
    /// Several calls of v3, or work on this machine, have the same effect.
    Emulated,
    /// v3 has nothing like it.
    NoCounterpart,
}

impl Level {
    /// The level in words, such as `with losses`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::WithLosses => "with losses",
            Self::Emulated => "emulated",
            Self::NoCounterpart => "none",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Endpoint {
    pub(crate) const fn new(
        method: Method,
        path: &'static str,
        envelope: Envelope,
        level: Level,
        counterpart: &'static str,
        conversion: Conversion,
    ) -> Self {
        let conversion = Some(conversion);
        Self { method, path, is_upload: false, envelope, level, counterpart, conversion }
    }

    pub(crate) const fn without_counterpart(
        method: Method,
        path: &'static str,
        envelope: Envelope,
        nearest: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            is_upload: false,
            envelope,
            level: Level::NoCounterpart,
            counterpart: nearest,
            conversion: None,
        }
    }

    /// The same endpoint with a file as its body.
    pub(crate) const fn with_file(mut self) -> Self {
        self.is_upload = true;
        self
    }

    /// HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path template, such as `/v2/template/{template_id}`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Whether the body is the bytes of a file. These endpoints were on the host `upload.heygen.com`.
    pub fn is_upload(&self) -> bool {
        self.is_upload
    }

    /// The envelope of its answers.
    pub fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// How much of it v3 can carry.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The operations of v3 that replace it, or an alternative if nothing does.
    pub fn counterpart(&self) -> &'static str {
        self.counterpart
    }

    /// Whether v3 has nothing like it.
    pub(crate) fn is_without_counterpart(&self) -> bool {
        self.level == Level::NoCounterpart
    }

    pub(crate) fn conversion(&self) -> Option<Conversion> {
        self.conversion
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self}, {})", self.level)
    }
}

/// The error for an endpoint that has no counterpart in v3.
#[derive(Clone, Copy)]
pub struct NoCounterpart {
    endpoint: &'static Endpoint,
}

impl NoCounterpart {
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        Self { endpoint }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// What to use instead.
    pub fn alternative(&self) -> &'static str {
        self.endpoint.counterpart
    }
}

impl fmt::Display for NoCounterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no counterpart in v3; use instead: {}", self.endpoint, self.alternative())
    }
}

impl fmt::Debug for NoCounterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoCounterpart({})", self.endpoint)
    }
}

impl std::error::Error for NoCounterpart {}
