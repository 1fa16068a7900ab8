//! The HTTP clients that the library makes: for calls, for files, for the storage, for tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::http_client;
use reqwest::ClientBuilder;

use crate::error::Error;

/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What all of them have in common.
#[derive(Clone, Default)]
pub(crate) struct HttpClientFactory {
    /// The caller's options: certificates, proxies.
    pub(crate) options: Option<Options>,
    /// Whether they talk to this machine. What goes there in the clear must not leave it by a proxy.
    pub(crate) local: bool,
}

type Options = Arc<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>;

impl HttpClientFactory {
    /// A client with further options, which come after the caller's: what keeps secrets at home is not his to change.
    pub(crate) fn make(
        &self,
        further: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<reqwest::Client, Error> {
        let options = || {
            let options = reqwest::Client::builder().connect_timeout(CONNECT);
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
