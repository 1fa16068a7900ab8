//! Straight to the storage: a slot is opened, filled behind its signed link, and finished.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::types::{
    AssetUploadBatchItem, CompleteAssetUploadRequest, CompleteAssetUploadResponse, CreateAssetUploadRequest,
    CreateAssetUploadResponse,
};
use heygen_api::{TransportError, is_retryable_refusal};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Body, Url};

use super::UploadedAsset;
use super::body::UploadBody;
use super::checksum::Checksum;
use super::progress::UploadProgress;
use crate::call::BACKOFF;
use crate::client_context::ClientContext;
use crate::error::Error;
use crate::idle_timeout::IDLE_TIMEOUT;

/// How often, and with which growing pause, an upload is finished again because the service does not see its bytes yet.
const MOST_EARLY: u32 = 5;
const EARLY_PAUSE: Duration = Duration::from_millis(500);

/// Most of a refusal that is read.
const REFUSAL: usize = 16 * 1024;

/// A place for one file.
pub(super) struct Slot {
    pub(super) asset_id: String,
    url: String,
    headers: BTreeMap<String, String>,
    max_bytes: i64,
    /// Seconds that the link holds.
    lifetime: i64,
}

impl From<CreateAssetUploadResponse> for Slot {
    fn from(answer: CreateAssetUploadResponse) -> Self {
        Self {
            asset_id: answer.asset_id,
            url: answer.upload_url,
            headers: answer.upload_headers,
            max_bytes: answer.max_bytes,
            lifetime: answer.expires_in_seconds,
        }
    }
}

impl From<AssetUploadBatchItem> for Slot {
    fn from(item: AssetUploadBatchItem) -> Self {
        Self {
            asset_id: item.asset_id,
            url: item.upload_url,
            headers: item.upload_headers,
            max_bytes: item.max_bytes,
            lifetime: item.expires_in_seconds,
        }
    }
}

pub(super) async fn upload(
    context: &ClientContext,
    prepared: &Arc<UploadBody>,
    watch: &UploadProgress,
) -> Result<UploadedAsset, Error> {
    let (sum, mut round) = (Checksum::default(), 0);
    loop {
        let began = context.runtime.now();
        let slot = open(context, prepared, round).await?;
        let of_asset = |error: Error| error.of_asset(&slot.asset_id);
        match put(context, &slot, prepared, watch, Some(&sum)).await {
            Ok(()) => {
                return Ok(complete(context, &slot.asset_id, sum.get()).await.map_err(of_asset)?.into());
            }
            // The link of a slow upload may have lapsed before its next attempt: one more slot, and no further.
            Err(error) if round == 0 && error.status() == Some(StatusCode::FORBIDDEN) => {
                let age = context.runtime.now().saturating_duration_since(began);
                if u64::try_from(slot.lifetime).is_ok_and(|seconds| age < Duration::from_secs(seconds)) {
                    return Err(of_asset(error));
                }
                round += 1;
            }
            Err(error) => return Err(of_asset(error)),
        }
    }
}

async fn open(context: &ClientContext, prepared: &UploadBody, round: u32) -> Result<Slot, Error> {
    let body = CreateAssetUploadRequest::builder()
        .filename(prepared.name.as_str())
        .content_type(prepared.media.as_str())
        .size_bytes(prepared.size);
    let mut call = context.api.create_asset_upload().body(body);
    // One key is one slot.
    if let Some(key) = context.idempotency_key.as_deref().filter(|_| round > 0) {
        call = call.idempotency_key(format!("{key}.{round}"));
    }
    Ok(call.await?.into_inner().into())
}

/// Why an attempt to fill a slot failed, and whether another may mend it.
struct Failure {
    error: Error,
    again: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, again: false }
    }
}

/// Fills a slot. A second PUT of the same bytes is the same as one.
pub(super) async fn put(
    context: &ClientContext,
    slot: &Slot,
    prepared: &Arc<UploadBody>,
    watch: &UploadProgress,
    sum: Option<&Checksum>,
) -> Result<(), Error> {
    if u64::try_from(slot.max_bytes).is_ok_and(|most| most < prepared.size) {
        return Err(Error::upload(format!(
            "the file has {} bytes, and the storage takes {} at most: make it smaller",
            prepared.size, slot.max_bytes
        )));
    }
    let mut number = 1;
    loop {
        let sending = async { Ok(put_once(context, slot, prepared, watch, sum).await) };
        match watch.guard(sending).await? {
            Ok(()) => return Ok(()),
            Err(Failure { error, again }) if !again || number >= context.max_attempts => return Err(error),
            Err(Failure { error, .. }) => {
                tracing::debug!(attempts = number, problem = %error, "sends the file again");
                pause(context, number).await;
                number += 1;
            }
        }
    }
}

/// Waits before the next attempt: a second, two, four, each a little longer or shorter.
async fn pause(context: &ClientContext, attempts: u32) {
    let runtime = &context.runtime;
    runtime.sleep(BACKOFF.pause(attempts.saturating_sub(1), runtime.random())).await;
}

async fn put_once(
    context: &ClientContext,
    slot: &Slot,
    prepared: &Arc<UploadBody>,
    watch: &UploadProgress,
    sum: Option<&Checksum>,
) -> Result<(), Failure> {
    let body = Body::wrap_stream(prepared.open(watch, sum));
    let request = request(context, slot, prepared.size, body)?;
    let again = |problem: TransportError| Failure {
        error: Error::upload_transfer("the file did not reach the storage", problem),
        again: true,
    };
    let late = || {
        again(
            TransportError::no_answer(format!("nothing moved for {} s", IDLE_TIMEOUT.as_secs())).timed_out(),
        )
    };
    // The link is signed, so anyone who reads it in an error can use it: the conversion leaves it out.
    let response = tokio::select! {
        sent = context.storage.execute(request) => sent.map_err(|error| again(error.into()))?,
        () = watch.idle() => return Err(late()),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let code = tokio::select! {
        code = storage_code(response) => code,
        () = watch.idle() => None,
    };
    let again = match status {
        // A storage answers so when a body stops coming.
        StatusCode::BAD_REQUEST => matches!(code.as_deref(), Some("RequestTimeout" | "IncompleteBody")),
        status => is_retryable_refusal(status, None),
    };
    Err(Failure { error: Error::storage_refused(status, code.as_deref()), again })
}

/// The PUT as it was signed: the headers that came with the link, the exact length, and nothing of ours.
fn request(context: &ClientContext, slot: &Slot, size: u64, body: Body) -> Result<reqwest::Request, Error> {
    let wrong = || Error::upload("the service gave a link for the upload that cannot be used");
    let url = Url::parse(&slot.url).map_err(|_| wrong())?;
    // Plain http is for a service on this machine alone.
    if url.scheme() != "https" && !context.api.base_url().starts_with("http:") {
        return Err(wrong());
    }
    let mut request = reqwest::Request::new(Method::PUT, url);
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_LENGTH, size.into());
    for (name, value) in &slot.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    *request.body_mut() = Some(body);
    Ok(request)
}

/// The code in a storage's refusal. Nothing else of it is kept: it repeats what was signed.
async fn storage_code(mut response: reqwest::Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > REFUSAL {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.chars().all(|one| one.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

/// Finishes an upload. To do so twice is the same as once, so that lost answers and 5xx are followed by another attempt
/// although the operation takes no key; and for some moments the service may not see the bytes yet.
async fn complete(
    context: &ClientContext,
    asset_id: &str,
    sum: Option<String>,
) -> Result<CompleteAssetUploadResponse, Error> {
    let (mut early, mut attempts) = (0, 1);
    loop {
        let mut body = CompleteAssetUploadRequest::builder();
        if let Some(sum) = &sum {
            body = body.checksum_sha256(sum.as_str());
        }
        let call = context.api.complete_asset_upload().asset_id(asset_id).body(body);
        let error = match call.send().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(error) => Error::from(error),
        };
        match error.status() {
            Some(StatusCode::CONFLICT) if early < MOST_EARLY => {
                early += 1;
                context.runtime.sleep(EARLY_PAUSE * early).await;
            }
            // The seam has tried again by itself where it was turned away.
            Some(StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) => return Err(error),
            _ if error.is_retryable() && attempts < context.max_attempts => {
                pause(context, attempts).await;
                attempts += 1;
            }
            _ => return Err(error),
        }
    }
}
