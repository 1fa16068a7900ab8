//! A service that answers the HTTP requests of v1 and v2 programs.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use secrecy::SecretString;
use serde_json::{Value, json};
use tower_service::Service;

use super::accounts::Accounts;
use super::cost::{Cost, CostChange};
use super::endpoint::Endpoint;
use super::envelope::Envelope;
use super::legacy::{Legacy, Migrated};
use super::loss::Loss;
use super::migrate_error::MigrateError;
use super::plan::{cost_to_json, loss_to_json};
use super::repeats::{Repeatable, Repeats};
use super::request::LegacyRequest;
use super::request_body::{BodyLimits, BodyProblem};
use crate::call::is_key;

/// The header by which a program names the outcome that it wants once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers the HTTP requests of programs that were written for v1 or v2, in any language: point the program's base URL at a
/// server with this service. It takes the paths of both old hosts, `api.heygen.com` and `upload.heygen.com`.
///
/// By default, each request is sent with the key of its caller, which is in `X-Api-Key` or `Authorization` as before; then the
/// credentials of the [`HeyGen`](crate::HeyGen) that the service was made from are not used. With
/// [`operator_key`](Self::operator_key), they are used for all requests.
///
/// Every answer has the header `Deprecation` and a member `warning`, as the old service sent them before its end. The warning
/// names the operation of v3, and lists what was lost (`losses`) and how the cost has changed (`costs`).
///
/// A program that repeats a request after its own timeout makes and pays a second video, as it did before. With the header
/// `Idempotency-Key`, 1 to 255 of the characters `A-Z a-z 0-9 _ : . -`, a request that is repeated within 24 hours has the
/// answer of the first, and makes nothing new. [`repeat_window`](Self::repeat_window) does this for programs that do not send
/// it. Neither holds for speech and for Video Agent, for which v3 takes no such key.
///
/// | problem | answer |
/// |---|---|
/// | a path that neither version had | 404, with similar paths |
/// | a wrong method | 405, with `Allow` |
/// | an endpoint without a counterpart | 410; the message says what to use instead |
/// | a body that is not JSON, is too large, or too slow | 400, 413, 408 |
/// | an invalid `Idempotency-Key` | 400 |
/// | more bodies at once than fit into memory | 503, with `Retry-After` |
/// | what v3 refuses | its status and `Retry-After`, in the envelope of the endpoint |
/// | an answer of v3 that cannot be read | 502 |
///
/// A call that v3 refuses for now, such as with 429, is repeated after its `Retry-After` first, as [`HeyGen`](crate::HeyGen) does
/// by default, so a program may wait for minutes. With `heygen.with(CallOptions::new().max_attempts(1)).legacy()`, every refusal
/// is answered at once.
///
/// Serve it on an interface that only your programs reach, or behind TLS: requests carry keys.
///
/// It does not answer the preflight requests of browsers: no documentation of v1 and v2 says that the old service did, and the
/// key in a web page is visible to everyone. Add a layer, such as `CorsLayer` of `tower-http`, if your pages need it; the example
/// `legacy_gateway` does with `--allow-origin`.
///
/// ```
/// use heygen_ext::HeyGen;
/// use heygen_ext::migrate::LegacyService;
///
/// # fn main() -> Result<(), heygen_ext::Error> {
/// let heygen = HeyGen::builder().api_key("unused").build()?;
/// let service = LegacyService::new(heygen.legacy());
/// // With axum: `Router::new().fallback_service(service)`.
/// # drop(service);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LegacyService(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    accounts: Accounts,
    limits: BodyLimits,
    repeats: Option<Arc<Repeats>>,
    errors_as_text: bool,
}

impl LegacyService {
    /// A service that sends each request with the key of its caller.
    pub fn new(legacy: Legacy) -> Self {
        let errors_as_text = legacy.options().has_errors_as_text();
        let (accounts, limits) = (Accounts::of_callers(legacy), BodyLimits::default());
        Self(Arc::new(Shared { accounts, limits, repeats: None, errors_as_text }))
    }

    /// Uses the credentials of the operator, those of the [`HeyGen`](crate::HeyGen), for every request. Callers present
    /// `caller_key` in the place of their own key; any other is refused.
    pub fn operator_key(self, caller_key: SecretString) -> Self {
        let accounts = self.0.accounts.of_operator(&caller_key);
        self.with(|shared| shared.accounts = accounts)
    }

    /// Sets the largest file of an upload, in bytes. The default is 100 MiB. JSON bodies have at most 4 MiB.
    pub fn max_file_size(self, bytes: usize) -> Self {
        self.with(|shared| shared.limits = shared.limits.clone().with_file(bytes))
    }

    /// Sets how much memory all bodies that are received at the same time may take, in bytes. The default is 512 MiB; a request
    /// that does not fit is answered with 503. It should be at least the largest file.
    pub fn body_memory(self, bytes: usize) -> Self {
        self.with(|shared| shared.limits = shared.limits.clone().with_memory(bytes))
    }

    /// Treats a `POST` as a repetition if the same caller sent the same path and body within this time, and answers it with the
    /// first answer. Off by default, because a program that means to make the same video
    /// twice gets one. The header `Idempotency-Key` is used instead where a program sends it.
    ///
    /// The time begins with the first request. A service forgets it when it is restarted, and two services do not share it.
    pub fn repeat_window(self, time: Duration) -> Self {
        self.with(|shared| shared.repeats = Some(Arc::new(Repeats::within(time))))
    }

    fn with(self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = Shared::clone(&self.0);
        change(&mut shared);
        Self(Arc::new(shared))
    }

    async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Send,
    {
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let found = match LegacyRequest::new(&head.method, target) {
            Ok(found) => found,
            Err(error) => return self.respond_error(&error, None, head.uri.path()),
        };
        let endpoint = found.endpoint();
        let Some(legacy) = self.0.accounts.find(&head.headers) else {
            return self.respond_unauthorized(endpoint);
        };
        let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // The permit for the memory is kept until the answer is made.
        let (body, _permit) = match self.0.limits.read(&head.headers, body, endpoint.is_upload()).await {
            Ok(read) => read,
            Err(problem) => return self.respond_body_problem(endpoint, problem),
        };
        let key = head.headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str().unwrap_or_default());
        if key.is_some_and(|key| !is_key(key)) {
            return self.respond_invalid_key(endpoint);
        }
        let repeat = self.0.repeats.as_deref().filter(|_| key.is_none() && head.method == Method::POST);
        let repeat = repeat.map(|repeats| {
            let caller = ["x-api-key", "authorization"].into_iter().find_map(|name| head.headers.get(name));
            let caller = caller.map(HeaderValue::as_bytes);
            let now = legacy.heygen().context().runtime.now();
            (repeats, repeats.key(&Repeatable { caller, target, media_type, body: &body }, now))
        });
        let key = key.or(repeat.as_ref().map(|(_, repeat)| repeat.key.as_str()));
        let outcome = match found.body(media_type, body) {
            Ok(request) => legacy.run_with_key(&request, key).await,
            Err(error) => Err(error),
        };
        if let (Some((repeats, repeat)), Err(error)) = (&repeat, &outcome)
            && error.has_made_nothing()
        {
            repeats.forget(repeat);
        }
        match outcome {
            Ok(Migrated { value, losses, costs }) => {
                respond(StatusCode::OK, Some(endpoint), value, &losses, &costs)
            }
            Err(error) => self.respond_error(&error, Some(endpoint), endpoint.path()),
        }
    }
}

fn respond(
    status: StatusCode,
    endpoint: Option<&Endpoint>,
    mut body: Value,
    losses: &[Loss],
    costs: &[Cost],
) -> Response<Full<Bytes>> {
    if let (Some(endpoint), Some(members)) = (endpoint, body.as_object_mut()) {
        let message = format!("{endpoint} is retired; use {}", endpoint.counterpart());
        let mut warning = json!({"message": message});
        if !losses.is_empty() {
            warning["losses"] = losses.iter().map(loss_to_json).collect();
        }
        let changed: Vec<Value> =
            costs.iter().filter(|cost| cost.change != CostChange::Same).map(cost_to_json).collect();
        if !changed.is_empty() {
            warning["costs"] = changed.into();
        }
        members.insert("warning".to_owned(), warning);
    }
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(DEPRECATION, HeaderValue::from_static("true"));
    response
}

impl LegacyService {
    fn respond_error(
        &self,
        error: &MigrateError,
        endpoint: Option<&Endpoint>,
        path: &str,
    ) -> Response<Full<Bytes>> {
        let mut body = error.to_legacy(endpoint, path);
        if self.0.errors_as_text && endpoint.is_none_or(|one| one.envelope() != Envelope::Later) {
            // v1 has no member `error`.
            if let Some(message) = body.pointer("/error/message").cloned() {
                body["error"] = message;
            }
        }
        let mut response = respond(error.status(), endpoint, body, &[], &[]);
        let headers = response.headers_mut();
        let cause = match error {
            MigrateError::Interrupted { error, .. } => error,
            error => error,
        };
        match cause {
            MigrateError::UnknownEndpoint(unknown) if !unknown.methods().is_empty() => {
                let methods: Vec<&str> = unknown.methods().iter().map(Method::as_str).collect();
                if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
                    headers.insert(ALLOW, value);
                }
            }
            MigrateError::Service(error) => {
                if let Some(time) = error.retry_after() {
                    headers.insert(RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
                }
                if let Some(id) = error.request_id().and_then(|id| HeaderValue::from_str(id).ok()) {
                    headers.insert(REQUEST_ID, id);
                }
            }
            _ => {}
        }
        response
    }

    fn respond_unauthorized(&self, endpoint: &Endpoint) -> Response<Full<Bytes>> {
        let error = MigrateError::Answer {
            status: StatusCode::UNAUTHORIZED,
            code: "unauthorized",
            message: "the request has no valid key; send it in the header `X-Api-Key`".to_owned(),
        };
        self.respond_error(&error, Some(endpoint), endpoint.path())
    }

    fn respond_invalid_key(&self, endpoint: &Endpoint) -> Response<Full<Bytes>> {
        let error = MigrateError::Answer {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_parameter",
            message: "the header `Idempotency-Key` is invalid: write 1 to 255 letters, digits, `_`, `-`, `:` or `.`"
                .to_owned(),
        };
        self.respond_error(&error, Some(endpoint), endpoint.path())
    }

    fn respond_body_problem(&self, endpoint: &Endpoint, problem: BodyProblem) -> Response<Full<Bytes>> {
        let (status, code) = problem.status_and_code();
        let error = MigrateError::Answer { status, code, message: problem.to_string() };
        let mut response = self.respond_error(&error, Some(endpoint), endpoint.path());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl<B> Service<Request<B>> for LegacyService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Always ready: a request that does not fit is answered with 503.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

impl fmt::Debug for LegacyService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyService").finish_non_exhaustive()
    }
}
