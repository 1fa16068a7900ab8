//! The client: an address and a transport.

use std::fmt;
use std::sync::Arc;

use crate::operations::BASE_URL;
use crate::{Credentials, Error, HttpTransport, Operation, RawResponse, Request, Transport};

/// A client of the HeyGen API, with one method for each operation of the document.
///
/// Cheap to clone; clones share the transport. It retries nothing and waits for nothing: what a program wants around a
/// call belongs in the [`Transport`] that every request passes through.
///
/// ```no_run
/// # async fn example() -> Result<(), heygen_api::Error> {
/// let client = heygen_api::Client::builder().api_key("…").build()?;
/// let page = client.list_videos().limit(10).await?;
/// for video in &page.items {
///     println!("{} {}", video.id, video.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) baseurl: Arc<str>,
    transport: Arc<dyn Transport>,
}

impl Client {
    /// A client of the service that sends by `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self { baseurl: BASE_URL.into(), transport: Arc::new(transport) }
    }

    /// A client with options: another address, a key, an HTTP client of the caller's.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client of the same address that sends by another transport.
    pub fn with_transport(&self, transport: impl Transport) -> Self {
        Self { baseurl: Arc::clone(&self.baseurl), transport: Arc::new(transport) }
    }

    /// The address that paths are added to, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.baseurl
    }

    /// Sends a request of `operation` by the transport, and turns a refusal into an error.
    ///
    /// Every generated method ends here. Use it for a request that the generated code cannot express, so that it passes
    /// through the same seam.
    ///
    /// # Errors
    ///
    /// The request was not sent, was not answered, or was refused.
    pub async fn execute(
        &self,
        request: impl Into<Request>,
        operation: &Operation,
    ) -> Result<RawResponse, Error> {
        let answer = self.transport.send(request.into(), operation).await;
        let response = answer.map_err(|error| Error::transport(operation, error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Error::refused(operation, response).await)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.baseurl).finish_non_exhaustive()
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
    /// Another address than the service's own. Plain http is refused, except to this machine.
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
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sends by this HTTP client, with its timeouts, proxies and certificates. One that follows redirects would take
    /// the API key to wherever they lead; the default one follows none.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sends by this transport, which then has to see to credentials itself.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration): the address is no URL or is plain http to another
    /// machine; neither credentials nor a transport were given, or both; the key has characters that no header takes.
    pub fn build(self) -> Result<Client, Error> {
        let baseurl = match self.base_url {
            Some(url) => checked(&url)?,
            None => BASE_URL.to_owned(),
        };
        let transport: Arc<dyn Transport> = match (self.transport, self.credentials, self.http_client) {
            (Some(transport), None, None) => transport,
            (Some(_), _, _) => {
                return Err(Error::configuration(
                    "a transport of one's own sees to credentials and HTTP itself: give either it or these",
                ));
            }
            (None, None, _) => {
                return Err(Error::configuration("no credentials: call `api_key` or `bearer_token`"));
            }
            (None, Some(credentials), None) => {
                // What goes to this machine in the clear must not leave it by a proxy.
                let local = baseurl.starts_with("http:");
                Arc::new(HttpTransport::with_options(credentials, |options| match local {
                    true => options.no_proxy(),
                    false => options,
                })?)
            }
            (None, Some(credentials), Some(client)) => {
                Arc::new(HttpTransport::with_client(credentials, client)?)
            }
        };
        Ok(Client { baseurl: baseurl.into(), transport })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

fn checked(url: &str) -> Result<String, Error> {
    let parsed = reqwest::Url::parse(url)
        .map_err(|problem| Error::configuration(format!("the base URL is no URL: {problem}")))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::configuration(
            "the base URL holds a user or a password: give credentials by themselves",
        ));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(Error::configuration("the base URL has a query or a fragment: leave it out"));
    }
    let local = match parsed.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    match parsed.scheme() {
        "https" => {}
        "http" if local => {}
        _ => {
            return Err(Error::configuration(format!(
                "the base URL `{url}` would send the key in the clear: use https (plain http only to this machine)"
            )));
        }
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_configuration_says_what_to_do() {
        assert!(problem(Client::builder()).contains("api_key"));
        assert!(problem(Client::builder().api_key("k").base_url("http://api.heygen.com")).contains("https"));
        assert!(problem(Client::builder().api_key("k").base_url("nonsense")).contains("no URL"));
        for url in ["https://example.com?x=1", "https://example.com/#x"] {
            assert!(problem(Client::builder().api_key("k").base_url(url)).contains("leave it out"));
        }
        let with_password = problem(Client::builder().api_key("k").base_url("https://me:secret@example.com"));
        assert!(with_password.contains("password") && !with_password.contains("secret"), "{with_password}");
        assert!(problem(Client::builder().api_key("a\nb")).contains("header"));
        assert!(!problem(Client::builder().api_key("a\nb-secret")).contains("secret"));
    }

    #[test]
    fn plain_http_to_this_machine_will_do() {
        for url in ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:1"] {
            let client = Client::builder().api_key("k").base_url(url).build().unwrap();
            assert_eq!(client.base_url(), url.trim_end_matches('/'));
        }
    }
}
