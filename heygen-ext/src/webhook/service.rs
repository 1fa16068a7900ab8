//! The receiver as a tower service.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;
use tower_service::Service;

use super::delivery_body::{BodyError, read};
use super::receiver::{Receiver, answer, full};

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
        let arrived = Instant::now();
        if let Some(answer) = self.answer_without_body(request.method(), request.headers()) {
            return answer;
        }
        let (head, body) = request.into_parts();
        match read(&head.headers, body, self.longest(), Some(self.room())).await {
            Ok(read) => self.admit(&head.headers, read, arrived).await,
            Err(BodyError::NoRoom) => full(),
            Err(unread) => answer(unread.status()),
        }
    }
}
