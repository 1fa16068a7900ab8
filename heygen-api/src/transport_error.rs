//! The error of a transport.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::call_record::CallRecord;
use crate::causes::causes;

/// Why a request got no complete response.
///
/// It prints the failure and its cause: `not sent: no route`. When the cause is a [`reqwest::Error`], it prints only the
/// failure (`timed out waiting for a response`), and the cause is in [`source`](StdError::source).
///
/// ```
/// use heygen_api::TransportError;
///
/// let error = TransportError::no_answer("after 30 s").timed_out();
/// assert_eq!(error.to_string(), "timed out waiting for a response: after 30 s");
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
    /// The request was not sent: the service cannot have executed it.
    pub fn not_sent(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: false, connect: false, timeout: false, record: None, cause: shared(cause.into()) }
    }

    /// Connecting failed, so the request was not sent: the service cannot have executed it.
    ///
    /// ```
    /// let error = heygen_api::TransportError::no_connection("no route");
    /// assert!(error.is_connect() && !error.may_have_executed());
    /// ```
    pub fn no_connection(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { connect: true, ..Self::not_sent(cause) }
    }

    /// The request may have arrived, but got no response: the service may have executed it.
    pub fn no_answer(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: true, ..Self::not_sent(cause) }
    }

    /// Marks the error as a timeout.
    pub fn timed_out(mut self) -> Self {
        self.timeout = true;
        self
    }

    /// Adds the transport's record of the call.
    pub fn with_record(mut self, record: CallRecord) -> Self {
        self.record = Some(record);
        self
    }

    /// The transport's record of the call.
    pub fn record(&self) -> Option<&CallRecord> {
        self.record.as_ref()
    }

    /// Whether the service may have executed the request.
    pub fn may_have_executed(&self) -> bool {
        self.sent
    }

    /// Whether the request timed out.
    pub fn is_timeout(&self) -> bool {
        self.timeout
    }

    /// Whether connecting failed: the host name is unknown, the port is closed, or the certificate is not trusted.
    pub fn is_connect(&self) -> bool {
        self.connect
    }

    /// The cause, as it was passed to the constructor.
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// Whether `Display` omits the cause, because it adds nothing to [`failure`](Self::failure).
    fn omits_cause(&self) -> bool {
        self.cause.is::<reqwest::Error>()
    }

    fn failure(&self) -> &'static str {
        match (self.timeout, self.connect, self.sent) {
            (true, true, _) => "timed out while connecting",
            (true, false, true) => "timed out waiting for a response",
            (true, false, false) => "timed out before sending",
            (false, true, _) => self.connect_failure(),
            (false, false, true) => "the connection was lost",
            (false, false, false) if self.was_rejected() => "the server rejected the request unread",
            (false, false, false) => "not sent",
        }
    }

    /// Whether the request was sent, although the service cannot have executed it.
    fn was_rejected(&self) -> bool {
        self.cause.downcast_ref::<reqwest::Error>().is_some_and(was_rejected_unread)
    }

    /// Why connecting failed, as far as the causes show.
    fn connect_failure(&self) -> &'static str {
        let first: &(dyn StdError + 'static) = &*self.cause;
        for cause in causes(first) {
            let refused = io::ErrorKind::ConnectionRefused;
            if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == refused) {
                return "cannot connect (connection refused)";
            }
            // These types are private to the crates that made them.
            let text = cause.to_string();
            if text.starts_with("dns error") {
                return "cannot connect (unknown host name)";
            }
            if text.contains("certificate") {
                return "cannot connect (untrusted certificate)";
            }
        }
        "cannot connect"
    }
}

/// A cause that can be cloned. It omits the URL, because a signed URL is a secret.
fn shared(cause: Box<dyn StdError + Send + Sync>) -> Arc<dyn StdError + Send + Sync> {
    match cause.downcast::<reqwest::Error>() {
        Ok(error) => Arc::new(error.without_url()),
        Err(cause) => Arc::from(cause),
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.failure())?;
        if self.omits_cause() { Ok(()) } else { write!(f, ": {}", self.cause) }
    }
}

impl StdError for TransportError {
    /// The first cause that `Display` does not print.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if self.omits_cause() { Some(&*self.cause) } else { self.cause.source() }
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let (timeout, connect, builder) = (error.is_timeout(), error.is_connect(), error.is_builder());
        let sent = !(connect || builder || was_rejected_unread(&error));
        Self { timeout, connect, sent, ..Self::not_sent(error) }
    }
}

/// Whether the server rejected the request over HTTP/2 before it processed it (RFC 9113, section 8.7). HTTP/2 is in use if
/// another package of the program enables it in reqwest.
fn was_rejected_unread(error: &reqwest::Error) -> bool {
    // The type of such an error belongs to a crate that is absent without HTTP/2.
    let rejected = |cause: &(dyn StdError + 'static)| {
        let text = cause.to_string();
        text.starts_with("stream error received: refused stream")
            || text.starts_with("connection error received: not a result of an error")
    };
    error.is_request() && causes(error).any(rejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_its_failure_and_its_cause() {
        let broken = io::Error::from(io::ErrorKind::ConnectionRefused);
        let text = broken.to_string();
        for (error, wanted) in [
            (TransportError::not_sent("x"), "not sent: x".to_owned()),
            (TransportError::not_sent("x").timed_out(), "timed out before sending: x".to_owned()),
            (TransportError::no_answer("x"), "the connection was lost: x".to_owned()),
            (TransportError::no_answer("x").timed_out(), "timed out waiting for a response: x".to_owned()),
            (TransportError::no_connection("x"), "cannot connect: x".to_owned()),
            (TransportError::no_connection("x").timed_out(), "timed out while connecting: x".to_owned()),
            (TransportError::no_connection(broken), format!("cannot connect (connection refused): {text}")),
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
