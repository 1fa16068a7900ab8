//! The request that a transport sends.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method};
use reqwest::{Body, Url};

/// A request that a [`Transport`](crate::Transport) sends, once or repeatedly.
///
/// It is a `reqwest::Request` that can create its body again, so that a retry sends a streamed file from its beginning,
/// and never as an empty body.
pub struct Request {
    // In a box, because a call moves it repeatedly before it is sent.
    inner: Box<reqwest::Request>,
    body: Option<MakeBody>,
}

pub(crate) type MakeBody = Arc<dyn Fn() -> Body + Send + Sync>;

impl Request {
    /// Creates a request whose body is created by `make` for each clone.
    pub(crate) fn with_body(inner: reqwest::Request, make: MakeBody) -> Self {
        let mut request = Self { inner: Box::new(inner), body: Some(make) };
        request.fill();
        request
    }

    fn fill(&mut self) {
        if let Some(make) = &self.body {
            *self.inner.body_mut() = Some(make());
        }
    }

    /// HTTP method.
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// URL.
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Mutable headers.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.inner.headers_mut()
    }

    /// Body.
    pub fn body(&self) -> Option<&Body> {
        self.inner.body()
    }

    /// Clones the request with its whole body; `None` if the body is a stream that can be read only once.
    pub fn try_clone(&self) -> Option<Self> {
        if self.body.is_none() && self.inner.body().is_some() {
            return Some(self.inner.try_clone()?.into());
        }
        let mut inner =
            Box::new(reqwest::Request::new(self.inner.method().clone(), self.inner.url().clone()));
        *inner.headers_mut() = self.inner.headers().clone();
        *inner.version_mut() = self.inner.version();
        // Setting `None` allocates too.
        if let Some(timeout) = self.inner.timeout() {
            *inner.timeout_mut() = Some(*timeout);
        }
        let mut request = Self { inner, body: self.body.clone() };
        request.fill();
        Some(request)
    }

    /// Replaces the body, for example with one that counts its bytes. A streamed body can then be sent only once: a clone
    /// cannot repeat the change.
    pub fn map_body(mut self, change: impl FnOnce(Body) -> Body) -> Self {
        if let Some(body) = self.inner.body_mut().take() {
            *self.inner.body_mut() = Some(change(body));
        }
        self.body = None;
        self
    }

    /// Returns the request for an HTTP client.
    pub fn into_inner(self) -> reqwest::Request {
        *self.inner
    }
}

impl From<reqwest::Request> for Request {
    fn from(inner: reqwest::Request) -> Self {
        Self { inner: Box::new(inner), body: None }
    }
}

impl fmt::Debug for Request {
    /// Shows only method and path: query and headers may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", self.inner.method())
            .field("path", &self.inner.url().path())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_has_the_whole_body_and_a_stream_is_not_cloned() {
        let url: Url = "https://example.com/a?b=marked".parse().unwrap();
        let plain = || reqwest::Request::new(Method::POST, url.clone());
        let made = Request::with_body(plain(), Arc::new(|| Body::from("whole")));
        let again = made.try_clone().unwrap().try_clone().unwrap();
        assert_eq!(again.body().and_then(Body::as_bytes), Some(&b"whole"[..]));
        let mut once = plain();
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("part")]);
        *once.body_mut() = Some(Body::wrap_stream(chunks));
        assert!(Request::from(once).try_clone().is_none());
        assert!(Request::from(plain()).try_clone().is_some());
        assert!(!format!("{made:?}").contains("marked"));
    }
}
