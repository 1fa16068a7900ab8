//! The one seam that every request passes through.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::{Credentials, Error, Operation, RawResponse, Request};

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests. Authentication, retries, timeouts and tracing live in here and nowhere else.
///
/// An answer of any status is `Ok`: what a refusal means is the client's to say.
///
/// ```
/// use heygen_api::{BoxFuture, Operation, RawResponse, Request, Transport, TransportError};
///
/// /// Counts the calls on their way to another transport.
/// struct Counting<T>(T, std::sync::atomic::AtomicU64);
///
/// impl<T: Transport> Transport for Counting<T> {
///     fn send<'a>(
///         &'a self,
///         request: Request,
///         operation: &'a Operation,
///     ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
///         self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         self.0.send(request, operation)
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends one request of `operation`.
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        (**self).send(request, operation)
    }
}

/// What a transport that repeats requests tells of a call: in the [`RawResponse`], or in the [`TransportError`]. Every
/// error of the call then has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallRecord {
    /// The `Idempotency-Key` that was sent; with it the call can be repeated safely.
    pub idempotency_key: Option<String>,
    /// How often the request was sent.
    pub attempts: u32,
    /// Whether a try before the last may have been executed, whatever became of the last.
    pub earlier_may_have_executed: bool,
}

impl CallRecord {
    /// A record of so many attempts under that key.
    pub fn new(idempotency_key: Option<String>, attempts: u32) -> Self {
        Self { idempotency_key, attempts, earlier_may_have_executed: false }
    }

    /// The same, when a try before the last may have been executed.
    pub fn after_a_doubtful_try(mut self, doubtful: bool) -> Self {
        self.earlier_may_have_executed = doubtful;
        self
    }
}

/// A request that got no answer.
#[derive(Debug, Clone)]
pub struct TransportError {
    sent: bool,
    timeout: bool,
    record: Option<CallRecord>,
    source: Arc<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// The request never left: the service cannot have executed it.
    pub fn not_sent(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: false, timeout: false, record: None, source: Arc::from(source.into()) }
    }

    /// The request may have arrived: the service may have executed it.
    pub fn no_answer(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: true, timeout: false, record: None, source: Arc::from(source.into()) }
    }

    /// The same, for want of time.
    pub fn timed_out(mut self) -> Self {
        self.timeout = true;
        self
    }

    /// The same, with what the transport tells of the call.
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
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.timeout, self.sent) {
            (true, true) => "no answer in time",
            (true, false) => "no connection in time",
            (false, true) => "the connection broke",
            (false, false) => "not sent",
        };
        // One line has to say it: the innermost cause is the one that names it ("connection refused").
        let mut innermost: &(dyn StdError + 'static) = &*self.source;
        while let Some(next) = innermost.source() {
            innermost = next;
        }
        write!(f, "{what}: {innermost}")
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl From<reqwest::Error> for TransportError {
    /// The address is left out of it: a signed one is a secret.
    fn from(error: reqwest::Error) -> Self {
        let timeout = error.is_timeout();
        let sent = !(error.is_connect() || error.is_builder());
        Self { sent, timeout, record: None, source: Arc::new(error.without_url()) }
    }
}

/// The plain transport: adds the credentials and sends, once.
///
/// Connecting is given 10 seconds; the answer may take as long as it takes. It follows no redirect, for the API has none
/// and an API key must not follow one.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    name: HeaderName,
    value: HeaderValue,
}

impl HttpTransport {
    /// Sends with these credentials.
    ///
    /// # Errors
    ///
    /// The credentials fit into no header, or the TLS library could not be set up.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::with_options(credentials, |options| options)
    }

    pub(crate) fn with_options(
        credentials: Credentials,
        set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self, Error> {
        let options = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("heygen-api/", env!("CARGO_PKG_VERSION")));
        let client = set(options).build().map_err(|problem| {
            Error::configuration(format!("the HTTP client could not be set up: {problem}"))
        })?;
        Self::with_client(credentials, client)
    }

    /// Sends with these credentials by an HTTP client of the caller's.
    ///
    /// # Errors
    ///
    /// The credentials fit into no header.
    pub fn with_client(credentials: Credentials, client: reqwest::Client) -> Result<Self, Error> {
        let (name, value) = credentials.header()?;
        Ok(Self { client, name, value })
    }
}

impl Transport for HttpTransport {
    fn send<'a>(
        &'a self,
        mut request: Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        request.headers_mut().insert(self.name.clone(), self.value.clone());
        Box::pin(async move { Ok(self.client.execute(request.into_inner()).await?.into()) })
    }
}
