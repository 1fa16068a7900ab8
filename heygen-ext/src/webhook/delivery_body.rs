//! Reading the body of a delivery: so many bytes and so long at most, and so many bytes of all bodies at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Time for a body to arrive.
pub(super) const BODY: Duration = Duration::from_secs(5);

/// Room for what is being read, in bytes, and in bodies of the greatest length if these are longer. Who stalls holds the room of
/// what he has sent, so that keeping others out takes as many bytes as fill it, time and again.
const ROOM: usize = 64 << 20;
const BODIES: usize = 64;

/// Room for what is being read, in bytes.
pub(super) fn room(longest: usize) -> Arc<Semaphore> {
    let bytes = longest.saturating_mul(BODIES).clamp(ROOM, Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(bytes))
}

/// A body, and the room that it holds.
pub(super) struct DeliveryBody {
    pub(super) body: Bytes,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Why a body is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    Broken,
    Late,
    NoRoom,
    TooLarge,
}

impl BodyError {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// The whole body, in room of its own or of this.
pub(super) async fn read<B: Body>(
    headers: &HeaderMap,
    body: B,
    longest: usize,
    room: Option<&Arc<Semaphore>>,
) -> Result<DeliveryBody, BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > longest) {
        return Err(BodyError::TooLarge);
    }
    tokio::time::timeout(BODY, collect(body, longest, room)).await.unwrap_or(Err(BodyError::Late))
}

async fn collect<B: Body>(
    body: B,
    longest: usize,
    room: Option<&Arc<Semaphore>>,
) -> Result<DeliveryBody, BodyError> {
    let mut body = std::pin::pin!(body);
    let (mut whole, mut held) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let length = data.remaining();
        if length > longest - whole.len() {
            return Err(BodyError::TooLarge);
        }
        if let Some(room) = room {
            let length = u32::try_from(length).map_err(|_| BodyError::NoRoom)?;
            let more = Arc::clone(room).try_acquire_many_owned(length).map_err(|_| BodyError::NoRoom)?;
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
        }
        whole.put(data);
    }
    Ok(DeliveryBody { body: whole.freeze(), room: held })
}
