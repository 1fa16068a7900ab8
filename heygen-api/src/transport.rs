//! The trait through which every request is sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::operation::Operation;
use crate::raw::RawResponse;
use crate::request::Request;
use crate::transport_error::TransportError;

/// A boxed future that is `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests. Authentication, retries, timeouts and tracing belong here.
///
/// A response with any status is `Ok`: the client turns an error status into an error. [`transport_fn`] makes a transport
/// from a closure.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use heygen_api::{
///     BoxFuture, Operation, RawResponse, Request, Transport, TransportError,
/// };
///
/// /// Counts the calls that it passes to another transport.
/// struct Counting<T>(T, AtomicU64);
///
/// impl<T: Transport> Transport for Counting<T> {
///     fn send<'a>(
///         &'a self,
///         request: Request,
///         operation: &'a Operation,
///     ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
///         self.1.fetch_add(1, Ordering::Relaxed);
///         self.0.send(request, operation)
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends a request of `operation`.
    ///
    /// # Errors
    ///
    /// The request was not sent, or got no response.
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        (**self).send(request, operation)
    }
}

/// Makes a transport from a closure, for example to return fixed responses in a test. It needs no key.
///
/// The future cannot borrow the operation: the closure reads what it needs before it returns the future.
///
/// ```
/// use heygen_api::{Client, TransportError, transport_fn};
///
/// # async fn example() -> Result<(), heygen_api::Error> {
/// let client = Client::new(transport_fn(|_request, operation| {
///     let body = format!(r#"{{"data":{{"id":"{}"}}}}"#, operation.id());
///     async move { Ok::<_, TransportError>(http::Response::new(body)) }
/// }));
/// let deleted = client.delete_video().video_id("v").await?;
/// assert_eq!(deleted.id, "delete_video");
/// # Ok(())
/// # }
/// # futures_executor(example());
/// # fn futures_executor(work: impl Future<Output = Result<(), heygen_api::Error>>) {
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     match std::pin::pin!(work).poll(&mut context) {
/// #         std::task::Poll::Ready(done) => done.unwrap(),
/// #         std::task::Poll::Pending => unreachable!(),
/// #     }
/// # }
/// ```
pub fn transport_fn<F, Answer, R>(send: F) -> TransportFn<F>
where
    F: Fn(Request, &Operation) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<R, TransportError>> + Send + 'static,
    R: Into<RawResponse>,
{
    TransportFn(send)
}

/// The transport that [`transport_fn`] returns.
#[derive(Clone, Copy)]
pub struct TransportFn<F>(F);

impl<F, Answer, R> Transport for TransportFn<F>
where
    F: Fn(Request, &Operation) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<R, TransportError>> + Send + 'static,
    R: Into<RawResponse>,
{
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let answer = (self.0)(request, operation);
        Box::pin(async move { Ok(answer.await?.into()) })
    }
}

impl<F> fmt::Debug for TransportFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportFn")
    }
}
