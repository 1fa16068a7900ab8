//! The receiver as a tower service: bodies are read here, so many bytes and so long at most.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tokio::time::Instant;
use tower_service::Service;

use super::receiver::{BODY, Receiver, answer, full};

impl<B> Service<Request<B>> for Receiver
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // It says no by an answer: who waited here would keep the service waiting.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.take(request).await.map(Full::new)) })
    }
}

impl Receiver {
    async fn take<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Send,
    {
        if let Some(answer) = self.at_once(request.method(), request.headers()) {
            return answer;
        }
        let arrived = Instant::now();
        let Some(place) = self.place() else { return full() };
        let (head, body) = request.into_parts();
        let longest = self.longest();
        let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if announced.and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > longest) {
            return answer(StatusCode::PAYLOAD_TOO_LARGE);
        }
        match tokio::time::timeout(BODY, read(body, longest)).await {
            Ok(Ok(body)) => self.admit(place, &head.headers, body, arrived).await,
            Ok(Err(status)) => answer(status),
            Err(_) => answer(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

/// The whole body, if it is not longer than that.
pub(super) async fn read<B: Body>(body: B, longest: usize) -> Result<Bytes, StatusCode> {
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(StatusCode::BAD_REQUEST) };
        let Ok(data) = frame.into_data() else { continue };
        if bytes::Buf::remaining(&data) > longest - whole.len() {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        bytes::BufMut::put(&mut whole, data);
    }
    Ok(whole.freeze())
}
