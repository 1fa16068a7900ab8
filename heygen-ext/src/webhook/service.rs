//! Implements the tower `Service` trait for the receiver.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;
use tower_service::Service;

use super::delivery_body::{BodyError, read_body};
use super::receiver::{Receiver, respond, respond_overloaded};

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
        // Always ready: an overloaded receiver answers 503 at once instead of making the service wait.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.read_and_process(request).await.map(Full::new)) })
    }
}

impl Receiver {
    async fn read_and_process<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Send,
    {
        let arrived = Instant::now();
        if let Some(response) = self.respond_without_body(request.method(), request.headers()) {
            return response;
        }
        let (head, body) = request.into_parts();
        match read_body(&head.headers, body, self.max_body_size(), Some(self.read_budget())).await {
            Ok(body) => self.process(&head.headers, body, arrived).await,
            Err(BodyError::BudgetExhausted) => respond_overloaded(),
            Err(error) => respond(error.status()),
        }
    }
}
