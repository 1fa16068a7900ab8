//! Bodies of requests to the service: their size, their time, and the memory of all of them.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The unit of the memory budget, in bytes: a semaphore counts to `u32`.
const UNIT: usize = 1024;

const DEFAULT_FILE: usize = 100 * 1024 * 1024;
const DEFAULT_MEMORY: usize = 512 * 1024 * 1024;
/// A request with fifty scenes of 5000 characters has a quarter of a megabyte.
const MAX_JSON: usize = 4 * 1024 * 1024;
/// The longest time between two parts of a body.
const IDLE: Duration = Duration::from_secs(30);
/// The longest time of a JSON body.
const JSON_TIME: Duration = Duration::from_secs(60);
/// The longest time of a file.
const FILE_TIME: Duration = Duration::from_secs(1_800);

/// The limits of bodies.
#[derive(Clone)]
pub(crate) struct BodyLimits {
    file: usize,
    memory: Arc<Semaphore>,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { file: DEFAULT_FILE, memory: semaphore(DEFAULT_MEMORY) }
    }
}

fn semaphore(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS)))
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyProblem {
    TooLarge(usize),
    TooSlow,
    Incomplete,
    NoMemory,
}

impl BodyProblem {
    pub(crate) fn status_and_code(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "invalid_parameter"),
            Self::NoMemory => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        }
    }
}

impl fmt::Display for BodyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(limit) => write!(f, "the body is larger than {limit} bytes"),
            Self::TooSlow => f.write_str("the body did not arrive in time"),
            Self::Incomplete => f.write_str("the body ended before its length"),
            Self::NoMemory => f.write_str("too many large requests at once; send it again later"),
        }
    }
}

impl BodyLimits {
    pub(crate) fn with_file(self, bytes: usize) -> Self {
        Self { file: bytes, ..self }
    }

    pub(crate) fn with_memory(self, bytes: usize) -> Self {
        Self { memory: semaphore(bytes), ..self }
    }

    /// Reads a body. The permit stands for its memory.
    pub(crate) async fn read<B: Body>(
        &self,
        headers: &HeaderMap,
        body: B,
        is_file: bool,
    ) -> Result<(Bytes, OwnedSemaphorePermit), BodyProblem> {
        let limit = if is_file { self.file } else { MAX_JSON };
        let declared =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(BodyProblem::TooLarge(limit));
        }
        let total = if is_file { FILE_TIME } else { JSON_TIME };
        timeout(total, self.receive(body, limit, declared)).await.unwrap_or(Err(BodyProblem::TooSlow))
    }

    async fn receive<B: Body>(
        &self,
        body: B,
        limit: usize,
        declared: Option<usize>,
    ) -> Result<(Bytes, OwnedSemaphorePermit), BodyProblem> {
        // Memory is taken as it is needed, so that slow requests do not take what they may never send.
        let mut permit = self.permit(UNIT)?;
        let mut reserved = UNIT;
        let mut received = BytesMut::new();
        let mut body = pin!(body);
        loop {
            let frame = timeout(IDLE, body.frame()).await.map_err(|_| BodyProblem::TooSlow)?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| BodyProblem::Incomplete)?.into_data() else { continue };
            let length = received.len() + data.remaining();
            if length > limit {
                return Err(BodyProblem::TooLarge(limit));
            }
            if length > reserved {
                // Doubled, as the buffer is.
                let wanted = length.max(reserved * 2).min(limit.max(length));
                permit.merge(self.permit(wanted - reserved)?);
                reserved = wanted;
            }
            received.extend_from_slice(&copy(data));
        }
        if declared.is_some_and(|length| received.len() < length) {
            return Err(BodyProblem::Incomplete);
        }
        Ok((received.freeze(), permit))
    }

    fn permit(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyProblem> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| BodyProblem::NoMemory)?;
        Arc::clone(&self.memory).try_acquire_many_owned(units).map_err(|_| BodyProblem::NoMemory)
    }
}

fn copy(mut data: impl Buf) -> Bytes {
    data.copy_to_bytes(data.remaining())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn chunks(
        count: usize,
        size: usize,
    ) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>>> {
        StreamBody::new(stream::iter((0..count).map(move |_| Ok(Frame::data(Bytes::from(vec![b'x'; size]))))))
    }

    #[tokio::test]
    async fn a_body_is_limited_with_and_without_a_length() {
        let limits = BodyLimits::default().with_file(10_000);
        let none = HeaderMap::new();
        let (body, _permit) = limits.read(&none, chunks(10, 1_000), true).await.unwrap();
        assert_eq!(body.len(), 10_000);
        let problem = limits.read(&none, chunks(11, 1_000), true).await.unwrap_err();
        assert_eq!(problem, BodyProblem::TooLarge(10_000));
        let declared = |length: &str| HeaderMap::from_iter([(CONTENT_LENGTH, length.parse().unwrap())]);
        let problem = limits.read(&declared("99999999"), Full::new(Bytes::new()), true).await.unwrap_err();
        assert_eq!(problem, BodyProblem::TooLarge(10_000));
        let problem = limits.read(&declared("10"), Full::new(Bytes::from("half")), false).await.unwrap_err();
        assert_eq!(problem, BodyProblem::Incomplete);
    }

    #[tokio::test]
    async fn all_bodies_together_are_limited() {
        let limits = BodyLimits::default().with_memory(64 * 1024);
        let none = HeaderMap::new();
        let first = limits.read(&none, chunks(40, 1_000), true).await.unwrap();
        let problem = limits.read(&none, chunks(40, 1_000), true).await.unwrap_err();
        assert_eq!(problem, BodyProblem::NoMemory);
        drop(first);
        assert!(limits.read(&none, chunks(40, 1_000), true).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_ends_the_request() {
        let limits = BodyLimits::default();
        let stopped = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let problem = limits.read(&HeaderMap::new(), stopped, false).await.unwrap_err();
        assert_eq!(problem, BodyProblem::TooSlow);
        // One byte every 20 seconds keeps the connection busy, but not for ever.
        let slow = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), ()))
        });
        let problem = limits.read(&HeaderMap::new(), StreamBody::new(slow), false).await.unwrap_err();
        assert_eq!(problem, BodyProblem::TooSlow);
    }
}
