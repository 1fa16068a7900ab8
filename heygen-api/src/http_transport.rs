//! The transport that sends by HTTP, and the HTTP client that it sends with.

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

/// The plain transport: adds its credentials, if it has any, and sends, once.
///
/// Connecting is given 10 seconds; the answer may take as long as it takes. It follows no redirect, for the API has none
/// and an API key must not follow one.
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
    /// Sends with these credentials, instead of those that a request may have.
    ///
    /// # Errors
    ///
    /// The credentials are empty or fit into no header, or the TLS library could not be set up.
    pub fn new(credentials: impl Into<Credentials>) -> Result<Self, Error> {
        Self::with_client(credentials, http_client(options, false)?)
    }

    /// Sends what a request has, and adds nothing: the credentials come from the client or from another transport around
    /// this one.
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
    /// The TLS library could not be set up.
    pub fn without_credentials() -> Result<Self, Error> {
        http_client(options, false).map(Self::from)
    }

    /// Sends with these credentials by this HTTP client.
    ///
    /// # Errors
    ///
    /// The credentials are empty or fit into no header.
    pub fn with_client(credentials: impl Into<Credentials>, client: reqwest::Client) -> Result<Self, Error> {
        Ok(Self { client, credentials: Some(credentials.into().header()?) })
    }

    /// Sends without credentials to a loopback address, in plain HTTP.
    pub(crate) fn to_loopback() -> Result<Self, Error> {
        http_client(options, true).map(Self::from)
    }
}

impl From<reqwest::Client> for HttpTransport {
    /// Sends by this HTTP client, with the credentials that a request has.
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
        Box::pin(async move { Ok(self.client.execute(request.into_inner()).await?.into()) })
    }
}

/// Puts credentials on a request. The service takes one kind at a time.
pub(crate) fn set_credentials(request: &mut Request, (name, value): &(HeaderName, HeaderValue)) {
    let headers = request.headers_mut();
    headers.remove(API_KEY_HEADER);
    headers.remove(header::AUTHORIZATION);
    headers.insert(name.clone(), value.clone());
}

fn options() -> ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("heygen-api/", env!("CARGO_PKG_VERSION")))
}

/// Makes an HTTP client, and says what is missing when it cannot.
///
/// One that is for a loopback address uses no proxy, and needs no certificates: on a machine without any it is made all
/// the same, and then trusts nobody over TLS. `options` is called once for each attempt.
///
/// ```
/// let client = heygen_api::http_client(reqwest::Client::builder, false)?;
/// # Ok::<_, heygen_api::Error>(())
/// ```
///
/// # Errors
///
/// The options do not fit together, or the machine has no CA certificates.
pub fn http_client(options: impl Fn() -> ClientBuilder, loopback: bool) -> Result<reqwest::Client, Error> {
    if !loopback {
        return options().build().map_err(not_made);
    }
    match options().no_proxy().build() {
        Err(error) => without_certificates(options().no_proxy()).unwrap_or(Err(error)).map_err(not_made),
        made => made.map_err(not_made),
    }
}

/// A client that trusts no certificate; none without TLS.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn without_certificates(options: ClientBuilder) -> Option<reqwest::Result<reqwest::Client>> {
    Some(options.tls_certs_only([]).build())
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn without_certificates(_: ClientBuilder) -> Option<reqwest::Result<reqwest::Client>> {
    None
}

fn not_made(error: reqwest::Error) -> Error {
    let first: &(dyn StdError + 'static) = &error;
    let problem = if causes(first).any(|cause| cause.to_string().contains("No CA certificates")) {
        "the HTTP client cannot use TLS: install the package `ca-certificates`, or let `SSL_CERT_FILE` name a file of \
         certificates"
    } else {
        "the HTTP client could not be set up"
    };
    Error::configuration_by(problem, error)
}
