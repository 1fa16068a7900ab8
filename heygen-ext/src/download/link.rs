//! Something that can be fetched: a link, and where a fresh one comes from.

use std::fmt;
use std::sync::Arc;

use heygen_api::{BoxFuture, Client};
use reqwest::Url;

use crate::address::{is_local, shown};
use crate::error::Error;

/// A file that the service holds: its link, and where it can be read again when that one has expired.
///
/// [`HeyGen::download`](crate::HeyGen::download) takes whatever becomes one:
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
/// A link is signed: anyone who has it has the file. Its query appears in no error, and not in `Debug`.
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
    what: String,
    current: Option<String>,
    look: Option<Look>,
}

/// Reads the resource of a link again.
type Look = Arc<dyn Fn(Client) -> BoxFuture<'static, Result<Seen, heygen_api::Error>> + Send + Sync>;

/// What a look at the resource of a link has shown.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) link: Option<String>,
    pub(super) standing: Standing,
}

/// Whether a resource has files.
#[derive(Debug, PartialEq)]
pub(super) enum Standing {
    /// Not yet; with its status.
    Running(String),
    /// Never; with the reason.
    Over(String),
    /// It is finished. Its links may lag behind that for a moment: then none of them is there.
    Finished { linked: bool },
}

/// A resource that is read by its id, and has links.
pub(super) trait Resource: Sized + Send + 'static {
    /// What people call it.
    const KIND: &'static str;

    fn id(&self) -> &str;

    fn standing(&self) -> Standing;

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>>;
}

impl Link {
    /// A link with nothing behind it: when it has expired, reading the resource it is of gives a fresh one.
    ///
    /// It must be https, or lead to this machine; that is looked at when the download begins.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        Self { what: shown(&url).unwrap_or_else(|| "the file".to_owned()), current: Some(url), look: None }
    }

    /// The link that `pick` finds in a resource, now and when it is read again. The main file of a resource has no name
    /// of its own.
    pub(super) fn of<R: Resource>(
        resource: &R,
        name: &str,
        pick: impl Fn(&R) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let current = pick(resource).map(str::to_owned);
        Self { current, ..Self::by_id(resource.id(), name, pick) }
    }

    /// The same of a resource that is read first.
    pub(super) fn by_id<R: Resource>(
        id: &str,
        name: &str,
        pick: impl Fn(&R) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let what = match name {
            "" => format!("{} {id}", R::KIND),
            name => format!("{name} of {} {id}", R::KIND),
        };
        let (id, pick) = (id.to_owned(), Arc::new(pick));
        let look: Look = Arc::new(move |api| {
            let (read, pick) = (R::read(api, id.clone()), Arc::clone(&pick));
            Box::pin(async move {
                let resource = read.await?;
                Ok(Seen { link: pick(&resource).map(str::to_owned), standing: resource.standing() })
            })
        });
        Self { what, current: None, look: Some(look) }
    }

    /// The same with this link at present.
    pub(super) fn at(self, url: &str) -> Self {
        Self { current: Some(url.to_owned()), ..self }
    }

    /// What it is, for people.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The link at present.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether a fresh link can be had.
    pub(super) fn is_renewable(&self) -> bool {
        self.look.is_some()
    }

    /// Looks at the resource again.
    pub(super) async fn look(&self, api: &Client) -> Option<Result<Seen, heygen_api::Error>> {
        Some(self.look.as_ref()?(api.clone()).await)
    }

    /// The address, if anything may be fetched from there.
    pub(super) fn checked(&self, url: &str) -> Result<Url, Error> {
        let what = &self.what;
        let url = Url::parse(url).map_err(|problem| {
            Error::download(format!("{what}: its link is not an absolute URL: {problem}"))
        })?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_local(&url) => Ok(url),
            "http" => Err(Error::download(format!(
                "{what}: its link is plain http, which anybody on the way can read"
            ))),
            scheme => Err(Error::download(format!("{what}: its link is `{scheme}:`, not https"))),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.what).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_links_are_followed() {
        for url in [
            "https://files.heygen.ai/a.mp4?x=1",
            "http://127.0.0.1:8080/a",
            "http://localhost/a",
            "http://[::1]:80/a",
        ] {
            assert!(Link::new(url).checked(url).is_ok(), "{url}");
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
            let error = Link::new(url).checked(url).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Download, "{url}");
            assert!(!error.to_string().contains("?marked"), "{error}");
        }
    }

    #[test]
    fn no_secret_of_a_link_shows() {
        let link = Link::new("https://user:marked@files.heygen.ai:444/v.mp4?Signature=marked#marked");
        assert_eq!(format!("{link:?}"), "Link(\"https://files.heygen.ai:444/v.mp4\")");
        assert_eq!(format!("{:?}", Link::new("marked")), "Link(\"the file\")");
    }
}
