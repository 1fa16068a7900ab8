//! Builds the HTTP clients of the library: for calls, downloads, the storage, and the token endpoint.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::http_client;
use reqwest::ClientBuilder;

use crate::error::Error;

/// Timeout of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The options that all HTTP clients share.
#[derive(Clone, Default)]
pub(crate) struct HttpClientFactory {
    /// Options that the program set, such as certificates and proxies.
    pub(crate) options: Option<Options>,
    /// Whether the requests stay on this machine. Then no proxy is used, because plain HTTP must not leave the machine.
    pub(crate) local: bool,
}

type Options = Arc<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>;

impl HttpClientFactory {
    /// Builds a client. `further` is applied after the options of the program, so that the program cannot disable what
    /// protects secrets.
    pub(crate) fn build(
        &self,
        further: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<reqwest::Client, Error> {
        let options = || {
            let options = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT);
            further(match &self.options {
                Some(set) => set(options),
                None => options,
            })
        };
        Ok(http_client(options, self.local)?)
    }
}

impl fmt::Debug for HttpClientFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientFactory").field("local", &self.local).finish_non_exhaustive()
    }
}
