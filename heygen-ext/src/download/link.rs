//! The link of a file, and the resource that returns a fresh link.

use std::fmt;
use std::sync::Arc;

use heygen_api::{BoxFuture, Client};
use reqwest::Url;

use crate::address::{is_local, shown};
use crate::error::Error;

/// A file of the service: its link, and the resource from which the link is read again when it has expired.
///
/// [`HeyGen::download`](crate::HeyGen::download) takes everything that converts to a link:
///
/// | what | its main file | its other files |
/// |---|---|---|
/// | video | `&VideoDetail` | [`VideoFile`](crate::VideoFile) |
/// | video translation | `&VideoTranslationDetail` | [`TranslationFile`](crate::TranslationFile) |
/// | lipsync | `&LipsyncDetail` | [`LipsyncFile`](crate::LipsyncFile) |
/// | HyperFrames render | `&HyperframesRenderDetail` | [`RenderFile`](crate::RenderFile) |
/// | clip of AI clipping | | [`ClipFile`](crate::ClipFile) |
/// | proofread | | [`ProofreadFile`](crate::ProofreadFile) |
/// | video without filler words | `&FillerWordRemovalDetail` | |
/// | video of a model | `&ModelVideoDetail` | |
/// | speech | `&CreateSpeechResponse` | |
/// | asset | `&UploadedAsset`, `&Asset`, `&UploadAssetResponse`, `&CompleteAssetUploadResponse` | |
/// | podcast (feature `preview`) | `&PodcastDetail` | |
/// | speech of a model (feature `preview`) | `&GenerateModelSpeechResponse` | |
/// | background removal (feature `preview`) | | `LayerFile` |
/// | any other link of the service | [`Link::new`] | |
///
/// Links are signed: anyone who has the link can download the file. Errors and `Debug` omit its query.
///
/// ```
/// use heygen_ext::Link;
///
/// let link = Link::new("https://files.heygen.ai/logo.png?Signature=secret");
/// assert_eq!(format!("{link:?}"), "Link(\"https://files.heygen.ai/logo.png\")");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Link {
    /// The name of the file, for errors.
    name: String,
    current: Option<String>,
    read: Option<ReadResource>,
}

/// Reads the resource of a link again.
type ReadResource =
    Arc<dyn Fn(Client) -> BoxFuture<'static, Result<ResourceState, heygen_api::Error>> + Send + Sync>;

/// The state of the resource of a link.
#[derive(Debug, PartialEq)]
pub(super) struct ResourceState {
    pub(super) link: Option<String>,
    pub(super) status: ResourceStatus,
}

/// Whether a resource has files.
#[derive(Debug, PartialEq)]
pub(super) enum ResourceStatus {
    /// Not yet: the job is still running, with this status.
    Running(String),
    /// Never: the job failed, for this reason.
    Failed(String),
    /// The job is finished. Its links may appear a moment later.
    Finished { has_links: bool },
}

/// A resource with links, which is read by its id.
pub(super) trait Resource: Sized + Send + 'static {
    /// The name of this kind of resource, for errors.
    const KIND: &'static str;

    fn id(&self) -> &str;

    fn resource_status(&self) -> ResourceStatus;

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>>;
}

impl Link {
    /// Creates a link from a URL. Because its resource is unknown, an expired link cannot be read again: read its resource
    /// yourself for a fresh link.
    ///
    /// The URL must be https, or on this machine. The download checks this when it starts.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        Self { name: shown(&url).unwrap_or_else(|| "the file".to_owned()), current: Some(url), read: None }
    }

    /// Creates the link that `pick` returns for a resource, now and when it is read again. `name` is the name of the file; it
    /// is empty for the main file.
    pub(super) fn from_resource<R: Resource>(
        resource: &R,
        name: &str,
        pick: impl Fn(&R) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let current = pick(resource).map(str::to_owned);
        Self { current, ..Self::from_id(resource.id(), name, pick) }
    }

    /// Like [`from_resource`](Self::from_resource), for a resource that is read when the download starts.
    pub(super) fn from_id<R: Resource>(
        id: &str,
        name: &str,
        pick: impl Fn(&R) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let name = match name {
            "" => format!("{} {id}", R::KIND),
            name => format!("{name} of {} {id}", R::KIND),
        };
        let (id, pick) = (id.to_owned(), Arc::new(pick));
        let read: ReadResource = Arc::new(move |api| {
            let (read, pick) = (R::read(api, id.clone()), Arc::clone(&pick));
            Box::pin(async move {
                let resource = read.await?;
                Ok(ResourceState {
                    link: pick(&resource).map(str::to_owned),
                    status: resource.resource_status(),
                })
            })
        });
        Self { name, current: None, read: Some(read) }
    }

    /// Sets the current link.
    pub(super) fn with_current(self, url: &str) -> Self {
        Self { current: Some(url.to_owned()), ..self }
    }

    /// The name of the file, for errors.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The current link.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether the link can be read again.
    pub(super) fn is_renewable(&self) -> bool {
        self.read.is_some()
    }

    /// Reads the resource again. Returns `None` if the link has no resource.
    pub(super) async fn read_resource(
        &self,
        api: &Client,
    ) -> Option<Result<ResourceState, heygen_api::Error>> {
        Some(self.read.as_ref()?(api.clone()).await)
    }

    /// Parses the URL, and checks that it is safe to download from.
    pub(super) fn parse(&self, url: &str) -> Result<Url, Error> {
        let name = &self.name;
        let url = Url::parse(url).map_err(|problem| {
            Error::download(format!("{name}: its link is not an absolute URL: {problem}"))
        })?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_local(&url) => Ok(url),
            "http" => Err(Error::download(format!(
                "{name}: its link is plain http, which others on the network can read; download it with your own HTTP client if you accept that"
            ))),
            scheme => Err(Error::download(format!(
                "{name}: its link is `{scheme}:`, not https; report it to HeyGen"
            ))),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_links_are_accepted() {
        for url in [
            "https://files.heygen.ai/a.mp4?x=1",
            "http://127.0.0.1:8080/a",
            "http://localhost/a",
            "http://[::1]:80/a",
        ] {
            assert!(Link::new(url).parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://files.heygen.ai/marked?marked",
            "http://127.0.0.1.example.com/?marked",
            "http://[fe80::1]/?marked",
            "ftp://files.heygen.ai/?marked",
            "file:///etc/passwd?marked",
            "data:marked",
            "marked",
            "",
        ] {
            let error = Link::new(url).parse(url).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Download, "{url}");
            assert!(!error.to_string().contains("?marked"), "{error}");
        }
    }

    #[test]
    fn debug_omits_the_secrets_of_a_link() {
        let link = Link::new("https://user:marked@files.heygen.ai:444/v.mp4?Signature=marked#marked");
        assert_eq!(format!("{link:?}"), "Link(\"https://files.heygen.ai:444/v.mp4\")");
        assert_eq!(format!("{:?}", Link::new("marked")), "Link(\"the file\")");
    }
}
