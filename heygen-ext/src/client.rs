//! The client that programs hold.

use std::fmt;
use std::time::Duration;

use heygen_api::types::VideoDetail;
use heygen_api::{Client, ClientBuilder, Transport};

use crate::{Download, Error, Job, VideoAgent};

/// The HeyGen API, for programs. Cheap to clone; clones share their connections.
///
/// ```
/// let heygen = heygen_ext::HeyGen::builder().api_key("sk-…").build()?;
/// assert_eq!(heygen.api().base_url(), "https://api.heygen.com");
/// # Ok::<_, heygen_ext::Error>(())
/// ```
#[derive(Clone)]
pub struct HeyGen {
    api: Client,
    files: reqwest::Client,
}

impl HeyGen {
    /// A client with the key in `HEYGEN_API_KEY`, at the address in `HEYGEN_API_BASE` if there is one.
    ///
    /// # Errors
    ///
    /// There is no key, or the address is none.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let key = variable("HEYGEN_API_KEY").ok_or_else(|| {
            Error::configuration(
                "HEYGEN_API_KEY is not set: make a key in the provider's dashboard and export it",
            )
        })?;
        let mut builder = Self::builder().api_key(key.trim());
        if let Some(base) = variable("HEYGEN_API_BASE") {
            builder = builder.base_url(base.trim());
        }
        builder.build()
    }

    /// Options.
    pub fn builder() -> HeyGenBuilder {
        HeyGenBuilder::default()
    }

    /// The generated client, with one method for each operation of the API.
    pub fn api(&self) -> &Client {
        &self.api
    }

    /// Starts a job.
    ///
    /// # Errors
    ///
    /// The service refused it, or did not answer; see [`Error::may_have_executed`].
    pub async fn submit(&self, request: VideoAgent) -> Result<Job, Error> {
        let session = self.api.create_video_agent().body(request).send().await.map_err(Error::api)?;
        Ok(self.video_agent_job(session.into_inner().data.session_id))
    }

    /// A Video Agent session that was started before, to be waited for again.
    pub fn video_agent_job(&self, session_id: impl Into<String>) -> Job {
        Job::new(self.api.clone(), session_id.into())
    }

    /// The file of a video.
    pub fn download(&self, video: &VideoDetail) -> Download {
        Download::new(self.files.clone(), video.video_url.clone())
    }
}

impl fmt::Debug for HeyGen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeyGen").field("base_url", &self.api.base_url()).finish_non_exhaustive()
    }
}

/// Options of a [`HeyGen`].
#[derive(Debug, Default)]
#[must_use]
pub struct HeyGenBuilder {
    api: ClientBuilder,
    own_http: bool,
}

impl HeyGenBuilder {
    /// Uses this API key.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api = self.api.api_key(key);
        self
    }

    /// Uses this OAuth access token.
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.api = self.api.bearer_token(token);
        self
    }

    /// Talks to this address. Plain http is refused, except to this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.api = self.api.base_url(url);
        self
    }

    /// Calls by this HTTP client, with its timeouts, proxies and certificates; downloads have one of their own.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.api = self.api.http_client(client);
        self.own_http = true;
        self
    }

    /// Calls by this transport, which then has to see to credentials itself.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.api = self.api.transport(transport);
        self.own_http = true;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// There is no key, it fits into no header, or the address is none.
    pub fn build(self) -> Result<HeyGen, Error> {
        let api = match self.own_http {
            true => self.api,
            false => self.api.http_client(http_client(|options| {
                // No redirect: an API key must not follow one.
                options.read_timeout(Duration::from_secs(120)).redirect(reqwest::redirect::Policy::none())
            })?),
        };
        // Links to files are signed: nothing of ours goes along, and only idleness ends a transfer.
        let files = http_client(|options| options.read_timeout(Duration::from_secs(60)))?;
        Ok(HeyGen { api: api.build().map_err(Error::api)?, files })
    }
}

fn http_client(
    set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, Error> {
    let options = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("heygen-ext/", env!("CARGO_PKG_VERSION")));
    set(options)
        .build()
        .map_err(|problem| Error::configuration(format!("the HTTP client could not be set up: {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_who_and_where() {
        let from = |pairs: &'static [(&str, &str)]| {
            HeyGen::from_variables(|name| {
                pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
            })
        };
        assert!(from(&[]).unwrap_err().to_string().contains("HEYGEN_API_KEY is not set"));
        let heygen = from(&[("HEYGEN_API_KEY", " sk \n")]).unwrap();
        assert_eq!(heygen.api().base_url(), "https://api.heygen.com");
        let heygen = from(&[("HEYGEN_API_KEY", "sk"), ("HEYGEN_API_BASE", "http://127.0.0.1:1/")]).unwrap();
        assert_eq!(heygen.api().base_url(), "http://127.0.0.1:1");
        let error =
            from(&[("HEYGEN_API_KEY", "sk-marked"), ("HEYGEN_API_BASE", "http://example.com")]).unwrap_err();
        assert!(error.to_string().contains("https"), "{error}");
        assert!(!format!("{error:?}").contains("sk-marked"));
    }
}
