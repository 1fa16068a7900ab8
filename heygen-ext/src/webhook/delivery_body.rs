//! Reads the body of a delivery. It limits the size and the time of one body, and the total size of all bodies that are being
//! read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum time to read a body.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Minimum of the read budget, in bytes.
const MIN_READ_BUDGET: usize = 64 << 20;

/// The read budget is sufficient for this many bodies of the maximum size.
const MIN_BODIES: usize = 64;

/// Creates the read budget: one permit for each byte of all bodies that are being read.
///
/// A client that stalls holds permits only for the bytes that it has sent. To block other clients, an attacker has to send the
/// whole budget again after every [`BODY_TIMEOUT`].
pub(super) fn read_budget(max_body_size: usize) -> Arc<Semaphore> {
    let bytes = max_body_size.saturating_mul(MIN_BODIES).clamp(MIN_READ_BUDGET, Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(bytes))
}

/// The error when a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    Broken,
    Timeout,
    BudgetExhausted,
    TooLarge,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "the connection broke before the end of the body",
            Self::Timeout => "the body did not arrive in time",
            Self::BudgetExhausted => "too many bodies are being read",
            Self::TooLarge => "the body is too large",
        })
    }
}

impl BodyError {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::BudgetExhausted => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// Reads a complete body. If there is a `budget`, the bytes are taken from it.
pub(super) async fn read_body<B: Body>(
    headers: &HeaderMap,
    body: B,
    max_size: usize,
    budget: Option<&Arc<Semaphore>>,
) -> Result<Bytes, BodyError> {
    let content_length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if content_length.is_some_and(|length: usize| length > max_size) {
        return Err(BodyError::TooLarge);
    }
    let read = collect(body, max_size, budget);
    tokio::time::timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(BodyError::Timeout))
}

async fn collect<B: Body>(
    body: B,
    max_size: usize,
    budget: Option<&Arc<Semaphore>>,
) -> Result<Bytes, BodyError> {
    let mut body = std::pin::pin!(body);
    let (mut bytes, mut permits) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let length = data.remaining();
        if length > max_size - bytes.len() {
            return Err(BodyError::TooLarge);
        }
        if let Some(budget) = budget {
            let length = u32::try_from(length).map_err(|_| BodyError::BudgetExhausted)?;
            let acquired = Arc::clone(budget).try_acquire_many_owned(length);
            let acquired = acquired.map_err(|_| BodyError::BudgetExhausted)?;
            match &mut permits {
                Some(permits) => permits.merge(acquired),
                None => permits = Some(acquired),
            }
        }
        bytes.put(data);
    }
    // The permits go: from here on, the number of deliveries is limited.
    drop(permits);
    Ok(bytes.freeze())
}
