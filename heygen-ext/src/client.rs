//! The client that programs hold.

use std::fmt;
use std::sync::Arc;

use heygen_api::types::CreateVideoAgentRequest;
use heygen_api::{Client, IntoValue, Transport};
use http::HeaderValue;

use crate::call::surroundings::Surroundings;
use crate::call::{Policies, Shared, TRIES};
use crate::download::Means;
use crate::{Download, Error, File, HeyGenBuilder, Job, Link, Options, Upload, UploadAll};

/// The HeyGen API, for programs. Cheap to clone; clones share connections, limits and the budget for retries.
///
/// ```
/// let heygen = heygen_ext::HeyGen::builder().api_key("YOUR_API_KEY").build()?;
/// assert_eq!(heygen.api().base_url(), "https://api.heygen.com");
/// # Ok::<_, heygen_ext::Error>(())
/// ```
#[derive(Clone)]
pub struct HeyGen {
    api: Client,
    policies: Policies,
    files: reqwest::Client,
    storage: reqwest::Client,
}

impl HeyGen {
    pub(crate) fn new(
        api: &Client,
        shared: Shared,
        options: Options,
        files: reqwest::Client,
        storage: reqwest::Client,
    ) -> Self {
        let policies = Policies { shared: Arc::new(shared), options };
        Self { api: api.with_transport(policies.clone()), policies, files, storage }
    }

    /// A client for the environment: see [`HeyGenBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// There are no credentials, or the address is none.
    pub fn from_env() -> Result<Self, Error> {
        HeyGenBuilder::from_env()?.build()
    }

    /// Options.
    pub fn builder() -> HeyGenBuilder {
        HeyGenBuilder::default()
    }

    /// The generated client, with one method for each operation of the API and every policy on.
    pub fn api(&self) -> &Client {
        &self.api
    }

    /// The same client with other policies, for some calls.
    pub fn with(&self, options: Options) -> Self {
        let policies = Policies {
            shared: Arc::clone(&self.policies.shared),
            options: options.or(&self.policies.options),
        };
        Self { api: self.api.with_transport(policies.clone()), policies, ..self.clone() }
    }

    /// Starts a job. It takes a [`VideoAgent`](crate::VideoAgent), or the request itself or its builder.
    ///
    /// # Errors
    ///
    /// The service refused it, or did not answer; see [`Error::may_have_executed`].
    pub async fn submit(&self, request: impl IntoValue<CreateVideoAgentRequest>) -> Result<Job, Error> {
        let session = self.api.create_video_agent().body(request).await?;
        Ok(self.video_agent_job(&session.session_id))
    }

    /// A Video Agent session that was started before, to be waited for again.
    pub fn video_agent_job(&self, session_id: impl Into<String>) -> Job {
        Job::new(self.api.clone(), session_id.into())
    }

    /// A file of the service's: the main one of a resource, another of its files, or any link.
    ///
    /// [`Link`] lists all that can be downloaded.
    ///
    /// ```no_run
    /// # use heygen_ext::heygen_api::types::VideoDetail;
    /// use heygen_ext::{HeyGen, Link, VideoFile};
    ///
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// heygen.download(&video).to_path("launch.mp4").await?;
    /// let captioned = VideoFile::Captioned.of(&video);
    /// heygen.download(captioned).to_path("launch-captioned.mp4").await?;
    /// let logo = Link::new("https://files.heygen.ai/logo.png");
    /// heygen.download(logo).to_path("logo.png").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, what: impl Into<Link>) -> Download {
        let means = Means {
            files: self.files.clone(),
            api: self.api.clone(),
            surroundings: Arc::clone(self.surroundings()),
        };
        Download::new(means, what.into())
    }

    /// Uploads a file, to be used in requests.
    ///
    /// ```no_run
    /// use heygen_ext::{File, HeyGen};
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let photo = heygen.upload(File::path("photo.png")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(&self, file: impl Into<File>) -> Upload {
        Upload::new(self.clone(), file.into())
    }

    /// Uploads many files, with an outcome for each.
    ///
    /// ```no_run
    /// use heygen_ext::{File, HeyGen};
    ///
    /// # async fn example(heygen: HeyGen) {
    /// let outcomes = heygen.upload_all(["a.png", "b.png"].map(File::path)).await;
    /// # }
    /// ```
    pub fn upload_all(&self, files: impl IntoIterator<Item = impl Into<File>>) -> UploadAll {
        UploadAll::new(self.clone(), files.into_iter().map(Into::into).collect())
    }

    /// What sends to signed links: nothing of ours goes along.
    pub(crate) fn storage(&self) -> &reqwest::Client {
        &self.storage
    }

    pub(crate) fn surroundings(&self) -> &Arc<dyn Surroundings> {
        &self.policies.shared.surroundings
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.policies.shared
    }

    /// How often something is sent at most.
    pub(crate) fn tries(&self) -> u32 {
        self.policies.options.tries.unwrap_or(TRIES)
    }

    /// The caller's key for its calls.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.policies.options.idempotency_key.as_deref()
    }
}

impl fmt::Debug for HeyGen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeyGen").field("base_url", &self.api.base_url()).finish_non_exhaustive()
    }
}

/// The name under which requests go out.
pub(crate) const OWN_NAME: &str = concat!("heygen-ext/", env!("CARGO_PKG_VERSION"));

/// The same, with the caller's behind it.
pub(crate) fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, Error> {
    let text = suffix.map_or_else(|| OWN_NAME.to_owned(), |suffix| format!("{OWN_NAME} {suffix}"));
    HeaderValue::from_str(&text).map_err(|_| {
        Error::configuration("the suffix for the User-Agent has characters that no header takes")
    })
}

/// Stands in for the policies while the generated client checks the address.
pub(crate) struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(
        &'a self,
        _: heygen_api::Request,
        _: &'a heygen_api::Operation,
    ) -> heygen_api::BoxFuture<'a, Result<heygen_api::RawResponse, heygen_api::TransportError>> {
        Box::pin(async { Err(heygen_api::TransportError::not_sent("the client is not built yet")) })
    }
}
