//! A request on its way to a transport.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method};
use reqwest::{Body, Url};

/// A request on its way out: what a [`Transport`](crate::Transport) sends, once or again.
///
/// It is a `reqwest::Request` that knows how to make its body anew. A file that is read as it is sent can so be sent a
/// second time from its beginning, and never as an empty body.
pub struct Request {
    inner: reqwest::Request,
    body: Option<MakeBody>,
}

pub(crate) type MakeBody = Arc<dyn Fn() -> Body + Send + Sync>;

impl Request {
    /// A request whose body is made by a function, each time that it is sent.
    pub(crate) fn with_body(inner: reqwest::Request, make: MakeBody) -> Self {
        let mut request = Self { inner, body: Some(make) };
        request.fill();
        request
    }

    fn fill(&mut self) {
        if let Some(make) = &self.body {
            *self.inner.body_mut() = Some(make());
        }
    }

    /// Method.
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// Address.
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Headers, to be added to.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.inner.headers_mut()
    }

    /// Body.
    pub fn body(&self) -> Option<&Body> {
        self.inner.body()
    }

    /// The same request once more, with its whole body; none when the body is a stream that can be read only once.
    pub fn try_clone(&self) -> Option<Self> {
        if self.body.is_none() && self.inner.body().is_some() {
            return Some(Self { inner: self.inner.try_clone()?, body: None });
        }
        let mut inner = reqwest::Request::new(self.inner.method().clone(), self.inner.url().clone());
        *inner.headers_mut() = self.inner.headers().clone();
        *inner.version_mut() = self.inner.version();
        // Even to set no timeout takes room.
        if let Some(timeout) = self.inner.timeout() {
            *inner.timeout_mut() = Some(*timeout);
        }
        let mut request = Self { inner, body: self.body.clone() };
        request.fill();
        Some(request)
    }

    /// The same request with its body changed, such as one that counts what passes. It is sent once: the change is not
    /// made again for a clone.
    pub fn map_body(mut self, change: impl FnOnce(Body) -> Body) -> Self {
        if let Some(body) = self.inner.body_mut().take() {
            *self.inner.body_mut() = Some(change(body));
        }
        self.body = None;
        self
    }

    /// The request for an HTTP client.
    pub fn into_inner(self) -> reqwest::Request {
        self.inner
    }
}

impl From<reqwest::Request> for Request {
    fn from(inner: reqwest::Request) -> Self {
        Self { inner, body: None }
    }
}

impl fmt::Debug for Request {
    /// Method and path: the query and the headers may hold secrets.
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
    fn a_made_body_is_made_again_and_a_stream_is_not_sent_empty() {
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
