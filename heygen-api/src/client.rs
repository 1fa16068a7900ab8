//! The client: a base URL and a transport.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::base_url::BaseUrl;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::http_transport::{HttpTransport, set_credentials};
use crate::operation::Operation;
use crate::raw::RawResponse;
use crate::request::Request;
use crate::transport::{BoxFuture, Transport};
use crate::transport_error::TransportError;

/// A client of the HeyGen API, with one method for each operation of the document.
///
/// Cheap to clone; clones share the transport. It does not retry calls or wait for jobs: such policies belong in the
/// [`Transport`], through which every request is sent.
///
/// ```no_run
/// # async fn example() -> Result<(), heygen_api::Error> {
/// let client = heygen_api::Client::builder().api_key("YOUR_API_KEY").build()?;
/// let page = client.list_videos().limit(10).await?;
/// for video in &page.items {
///     println!("{} {}", video.id, video.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) base_url: Arc<BaseUrl>,
    transport: Arc<dyn Transport>,
}

impl Client {
    /// Creates a client that sends requests to the service with `transport`, and adds no credentials.
    pub fn new(transport: impl Transport) -> Self {
        Self { base_url: Arc::new(BaseUrl::of_service()), transport: Arc::new(transport) }
    }

    /// Creates a builder, which sets the base URL, the credentials and the HTTP client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns a client with the same base URL and another transport, without this client's credentials.
    pub fn with_transport(&self, transport: impl Transport) -> Self {
        Self { base_url: Arc::clone(&self.base_url), transport: Arc::new(transport) }
    }

    /// The base URL, to which paths are appended; it has no trailing slash.
    pub fn base_url(&self) -> &str {
        self.base_url.as_str()
    }

    /// Sends a request of `operation` with the transport, and turns an error status into an [`Error`].
    ///
    /// Every generated method calls this one. Use it for a request that the generated code cannot express.
    ///
    /// # Errors
    ///
    /// The request was not sent, got no response, or was refused.
    pub async fn execute(
        &self,
        request: impl Into<Request>,
        operation: &Operation,
    ) -> Result<RawResponse, Error> {
        self.start(request.into(), operation).await
    }

    /// Hands a request to the transport, and turns an error status into an [`Error`]. The future does not contain the request.
    pub(crate) fn start<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> impl Future<Output = Result<RawResponse, Error>> {
        let sending = self.transport.send(request, operation);
        async move {
            let response = sending.await.map_err(|error| Error::transport(operation, error))?;
            if response.status().is_success() {
                return Ok(response);
            }
            // Refusals are rare, but the future of every call would have room for one.
            Err(Box::pin(Error::refused(operation, response)).await)
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// Options of a [`Client`].
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    base_url: Option<String>,
    credentials: Option<Credentials>,
    http_client: Option<reqwest::Client>,
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    /// Sets the base URL; the default is the service's. It has a scheme and a host, but not `/v3`, which the paths already
    /// begin with. Plain HTTP is allowed only to this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sends this API key with each request.
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.credentials(Credentials::api_key(key))
    }

    /// Sends this OAuth access token with each request.
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.credentials(Credentials::bearer_token(token))
    }

    /// Sends these credentials with each request.
    pub fn credentials(mut self, credentials: impl Into<Credentials>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// Sends with this HTTP client, and so with its timeouts, proxies and certificates. A client that follows redirects may
    /// send the API key to another host; the default client does not follow them.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sends with this transport. When the builder has no credentials, the transport is responsible for them; a transport
    /// for a test needs none.
    ///
    /// ```
    /// use heygen_api::{Client, RawResponse, TransportError, transport_fn};
    ///
    /// let offline = transport_fn(|_request, _operation| async {
    ///     Err::<RawResponse, _>(TransportError::not_sent("offline"))
    /// });
    /// let client = Client::builder().transport(offline).build()?;
    /// # Ok::<_, heygen_api::Error>(())
    /// ```
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration): the base URL is invalid, or is plain HTTP to another
    /// machine; neither credentials nor a transport were given; both a transport and an HTTP client were given; the key is
    /// empty or contains characters that are invalid in a header; the HTTP client cannot be created.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = match self.base_url {
            Some(url) => BaseUrl::validated(&url)?,
            None => BaseUrl::of_service(),
        };
        let header = self.credentials.map(|credentials| credentials.header()).transpose()?;
        let inner: Arc<dyn Transport> = match (self.transport, self.http_client) {
            (Some(_), Some(_)) => {
                return Err(Error::configuration(
                    "both a transport and an HTTP client: pass the HTTP client to `HttpTransport`, or remove one",
                ));
            }
            (Some(transport), None) => transport,
            (None, _) if header.is_none() => {
                return Err(Error::configuration("no credentials: call `api_key` or `bearer_token`"));
            }
            (None, Some(client)) => Arc::new(HttpTransport::from(client)),
            // Unencrypted requests to this machine must not go through a proxy.
            (None, None) if base_url.is_loopback() => Arc::new(HttpTransport::to_loopback()?),
            (None, None) => Arc::new(HttpTransport::without_credentials()?),
        };
        let transport = match header {
            Some(header) => Arc::new(WithCredentials { inner, header }),
            None => inner,
        };
        Ok(Client { base_url: Arc::new(base_url), transport })
    }
}

/// Adds the credentials of a client to each request.
struct WithCredentials {
    inner: Arc<dyn Transport>,
    header: (HeaderName, HeaderValue),
}

impl Transport for WithCredentials {
    fn send<'a>(
        &'a self,
        mut request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        set_credentials(&mut request, &self.header);
        self.inner.send(request, operation)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::transport_fn;

    fn problem(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn an_invalid_configuration_names_the_remedy() {
        assert_eq!(problem(Client::builder()), "no credentials: call `api_key` or `bearer_token`");
        let url = problem(Client::builder().api_key("k").base_url("localhost:80"));
        assert_eq!(url, "invalid base URL `localhost:80`: missing scheme; write `http://localhost:80`");
        let key = problem(Client::builder().api_key("a\nb-secret"));
        assert_eq!(key, "invalid API key: contains a line break; copy it again as one line");
        let offline =
            transport_fn(|_, _| async { Err::<RawResponse, _>(TransportError::not_sent("offline")) });
        let both = Client::builder().transport(offline).http_client(reqwest::Client::new());
        assert!(problem(both).contains("remove one"));
    }

    #[test]
    fn plain_http_to_this_machine_is_allowed() {
        for url in ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:1"] {
            let client = Client::builder().api_key("k").base_url(url).build().unwrap();
            assert_eq!(client.base_url(), url.trim_end_matches('/'));
        }
    }

    #[test]
    fn the_future_of_a_call_takes_little_space_in_the_futures_of_programs() {
        let client = Client::builder().api_key("k").build().unwrap();
        let size = size_of_val(&client.get_video().video_id("v").send());
        assert!(size <= 1200, "{size} bytes");
    }
}
