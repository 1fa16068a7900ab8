//! A request that got no answer: what happened, and why.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::call_record::CallRecord;
use crate::causes::causes;

/// A request that got no answer.
///
/// It prints what happened and what it was made of: `not sent: no route`. Of a [`reqwest::Error`] it prints what
/// happened alone (`no answer in time`), and [`source`](StdError::source) goes on from there.
///
/// ```
/// use heygen_api::TransportError;
///
/// let error = TransportError::no_answer("after 30 s").timed_out();
/// assert_eq!(error.to_string(), "no answer in time: after 30 s");
/// assert!(error.is_timeout() && error.may_have_executed());
/// ```
#[derive(Debug, Clone)]
pub struct TransportError {
    sent: bool,
    connect: bool,
    timeout: bool,
    record: Option<CallRecord>,
    cause: Arc<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// The request never left: the service cannot have executed it.
    pub fn not_sent(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: false, connect: false, timeout: false, record: None, cause: shared(cause.into()) }
    }

    /// No connection was made, so the request never left: the service cannot have executed it.
    ///
    /// ```
    /// let error = heygen_api::TransportError::no_connection("no route");
    /// assert!(error.is_connect() && !error.may_have_executed());
    /// ```
    pub fn no_connection(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { connect: true, ..Self::not_sent(cause) }
    }

    /// The request may have arrived: the service may have executed it.
    pub fn no_answer(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: true, ..Self::not_sent(cause) }
    }

    /// The same error, because the time was over.
    pub fn timed_out(mut self) -> Self {
        self.timeout = true;
        self
    }

    /// The same error, with what the transport tells of the call.
    pub fn with_record(mut self, record: CallRecord) -> Self {
        self.record = Some(record);
        self
    }

    /// What the transport tells of the call.
    pub fn record(&self) -> Option<&CallRecord> {
        self.record.as_ref()
    }

    /// Whether the service may have executed the request.
    pub fn may_have_executed(&self) -> bool {
        self.sent
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        self.timeout
    }

    /// Whether no connection was made: the host name is unknown, the port is closed, the certificate is not trusted.
    pub fn is_connect(&self) -> bool {
        self.connect
    }

    /// What the error was made of.
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// Whether the cause prints less than [`what`](Self::what) and its own causes do.
    fn is_silent(&self) -> bool {
        self.cause.is::<reqwest::Error>()
    }

    fn what(&self) -> &'static str {
        match (self.timeout, self.connect, self.sent) {
            (true, true, _) => "no connection in time",
            (true, false, true) => "no answer in time",
            (true, false, false) => "not sent in time",
            (false, true, _) => self.why_unconnected(),
            (false, false, true) => "the connection broke",
            (false, false, false) => "not sent",
        }
    }

    /// Why no connection was made, as far as the causes show.
    fn why_unconnected(&self) -> &'static str {
        let first: &(dyn StdError + 'static) = &*self.cause;
        for cause in causes(first) {
            let refused = io::ErrorKind::ConnectionRefused;
            if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == refused) {
                return "no connection (nothing listens there)";
            }
            // These types are private to the crates that made them.
            let text = cause.to_string();
            if text.starts_with("dns error") {
                return "no connection (unknown host name)";
            }
            if text.contains("certificate") {
                return "no connection (untrusted certificate)";
            }
        }
        "no connection"
    }
}

/// A cause that can be cloned. The address is left out of it: a signed one is a secret.
fn shared(cause: Box<dyn StdError + Send + Sync>) -> Arc<dyn StdError + Send + Sync> {
    match cause.downcast::<reqwest::Error>() {
        Ok(error) => Arc::new(error.without_url()),
        Err(cause) => Arc::from(cause),
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        if self.is_silent() { Ok(()) } else { write!(f, ": {}", self.cause) }
    }
}

impl StdError for TransportError {
    /// What the text does not say yet.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if self.is_silent() { Some(&*self.cause) } else { self.cause.source() }
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let (timeout, connect, builder) = (error.is_timeout(), error.is_connect(), error.is_builder());
        Self { timeout, connect, sent: !(connect || builder), ..Self::not_sent(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_happened_and_then_why() {
        let broken = io::Error::from(io::ErrorKind::ConnectionRefused);
        let text = broken.to_string();
        for (error, wanted) in [
            (TransportError::not_sent("x"), "not sent: x".to_owned()),
            (TransportError::not_sent("x").timed_out(), "not sent in time: x".to_owned()),
            (TransportError::no_answer("x"), "the connection broke: x".to_owned()),
            (TransportError::no_answer("x").timed_out(), "no answer in time: x".to_owned()),
            (TransportError::no_connection("x"), "no connection: x".to_owned()),
            (TransportError::no_connection("x").timed_out(), "no connection in time: x".to_owned()),
            (TransportError::no_connection(broken), format!("no connection (nothing listens there): {text}")),
        ] {
            assert_eq!(error.to_string(), wanted);
            assert!(error.source().is_none());
        }
    }

    #[test]
    fn the_causes_of_a_cause_follow() {
        let outer = io::Error::other(io::Error::other(fmt::Error));
        let error = TransportError::no_answer(outer);
        assert!(error.get_ref().is::<io::Error>());
        let next = error.source().map(ToString::to_string);
        assert_ne!(Some(error.to_string()), next);
    }
}
