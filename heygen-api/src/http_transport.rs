//! The transport that sends over HTTP, and its HTTP client.

use std::error::Error as StdError;
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use reqwest::ClientBuilder;

use crate::causes::causes;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::operation::Operation;
use crate::operations::API_KEY_HEADER;
use crate::raw::RawResponse;
use crate::request::Request;
use crate::transport::{BoxFuture, Transport};
use crate::transport_error::TransportError;

/// A transport that adds its credentials, if it has any, and sends each request once.
///
/// The connect timeout is 10 seconds; the response has no timeout. Redirects are not followed: the API does not
/// use them, and an API key must not be sent to another host.
///
/// ```
/// use heygen_api::{Client, HttpTransport};
///
/// let client = Client::new(HttpTransport::new("YOUR_API_KEY")?);
/// # Ok::<_, heygen_api::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    credentials: Option<(HeaderName, HeaderValue)>,
}

impl HttpTransport {
    /// Creates a transport that sends these credentials, and replaces those that a request already has.
    ///
    /// # Errors
    ///
    /// The credentials are empty or not a valid header value, or the HTTP client cannot be created.
    pub fn new(credentials: impl Into<Credentials>) -> Result<Self, Error> {
        Self::with_client(credentials, http_client(options, false)?)
    }

    /// Creates a transport that adds no credentials: they come from the client, or from another transport that wraps this
    /// one.
    ///
    /// ```
    /// use heygen_api::{Client, HttpTransport};
    ///
    /// let transport = HttpTransport::without_credentials()?;
    /// let client = Client::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .transport(transport)
    ///     .build()?;
    /// # Ok::<_, heygen_api::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The HTTP client cannot be created, for example because the machine has no CA certificates.
    pub fn without_credentials() -> Result<Self, Error> {
        http_client(options, false).map(Self::from)
    }

    /// Creates a transport that sends these credentials with this HTTP client.
    ///
    /// # Errors
    ///
    /// The credentials are empty, or not a valid header value.
    pub fn with_client(credentials: impl Into<Credentials>, client: reqwest::Client) -> Result<Self, Error> {
        Ok(Self { client, credentials: Some(credentials.into().header()?) })
    }

    /// Creates a transport for a loopback address, which uses no proxy and adds no credentials.
    pub(crate) fn to_loopback() -> Result<Self, Error> {
        http_client(options, true).map(Self::from)
    }
}

impl From<reqwest::Client> for HttpTransport {
    /// Sends with this HTTP client, and adds no credentials.
    fn from(client: reqwest::Client) -> Self {
        Self { client, credentials: None }
    }
}

impl Transport for HttpTransport {
    fn send<'a>(
        &'a self,
        mut request: Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        if let Some(credentials) = &self.credentials {
            set_credentials(&mut request, credentials);
        }
        refuse_content_codings(&mut request);
        Box::pin(async move { Ok(self.client.execute(request.into_inner()).await?.into()) })
    }
}

/// Sets the credentials of a request. The service accepts one kind per request.
pub(crate) fn set_credentials(request: &mut Request, (name, value): &(HeaderName, HeaderValue)) {
    let headers = request.headers_mut();
    headers.remove(API_KEY_HEADER);
    headers.remove(header::AUTHORIZATION);
    headers.insert(name.clone(), value.clone());
}

/// Asks for an answer without a content coding, such as gzip, unless the request has an `Accept-Encoding`. Without the header,
/// a server may choose any coding, and a JSON body would not be readable.
///
/// [`HttpTransport`] does this; a transport of your own may.
pub fn refuse_content_codings(request: &mut Request) {
    let identity = HeaderValue::from_static("identity");
    request.headers_mut().entry(header::ACCEPT_ENCODING).or_insert(identity);
}

fn options() -> ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("heygen-api/", env!("CARGO_PKG_VERSION")))
}

/// Creates an HTTP client; the error says what the machine lacks.
///
/// With `loopback`, the client uses no proxy and needs no CA certificates: on a machine without any, it trusts no TLS
/// server. `options` is called once for each attempt. The client sends each request once: repeating requests is up to the
/// [`Transport`], which counts the attempts.
///
/// ```
/// let client = heygen_api::http_client(reqwest::Client::builder, false)?;
/// # Ok::<_, heygen_api::Error>(())
/// ```
///
/// # Errors
///
/// The options contradict each other, or the machine has no CA certificates.
pub fn http_client(options: impl Fn() -> ClientBuilder, loopback: bool) -> Result<reqwest::Client, Error> {
    // `never` alone would still copy each request, for a retry that it does not make.
    let options = || options().retry(reqwest::retry::never().max_retries_per_request(0));
    if !loopback {
        return options().build().map_err(creation_error);
    }
    match options().no_proxy().build() {
        Err(error) => {
            without_certificates(options().no_proxy()).unwrap_or(Err(error)).map_err(creation_error)
        }
        made => made.map_err(creation_error),
    }
}

/// A client that trusts no certificate; `None` without TLS.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn without_certificates(options: ClientBuilder) -> Option<reqwest::Result<reqwest::Client>> {
    Some(options.tls_certs_only([]).build())
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn without_certificates(_: ClientBuilder) -> Option<reqwest::Result<reqwest::Client>> {
    None
}

fn creation_error(error: reqwest::Error) -> Error {
    let first: &(dyn StdError + 'static) = &error;
    let problem = if causes(first).any(|cause| cause.to_string().contains("No CA certificates")) {
        "the HTTP client cannot use TLS: no CA certificates found; install the package `ca-certificates`, or set \
         `SSL_CERT_FILE` to a file of certificates"
    } else {
        "cannot create the HTTP client"
    };
    Error::configuration_with_cause(problem, error)
}
