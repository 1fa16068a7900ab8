//! Direct uploads: opens a slot, sends the file to its signed link, and completes the slot.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::types::{
    AssetUploadBatchItem, CompleteAssetUploadRequest, CompleteAssetUploadResponse, CreateAssetUploadRequest,
    CreateAssetUploadResponse,
};
use heygen_api::{TransportError, is_retryable_refusal, redirect_location};
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

/// How often, and with which growing pause, an upload is completed again because the service does not see the file yet.
const MAX_NOT_FOUND: u32 = 5;
const NOT_FOUND_PAUSE: Duration = Duration::from_millis(500);

/// The maximum number of bytes of a refusal that are read.
const MAX_REFUSAL: usize = 16 * 1024;

/// A place for one file in the storage.
pub(super) struct Slot {
    pub(super) asset_id: String,
    url: String,
    headers: BTreeMap<String, String>,
    max_bytes: i64,
    /// The lifetime of the link, in seconds.
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
    body: &Arc<UploadBody>,
    progress: &UploadProgress,
) -> Result<UploadedAsset, Error> {
    let (checksum, mut round) = (Checksum::default(), 0);
    loop {
        let began = context.runtime.now();
        let slot = open(context, body, round).await?;
        let of_asset = |error: Error| error.of_asset(&slot.asset_id);
        match put(context, &slot, body, progress, Some(&checksum)).await {
            Ok(()) => {
                return Ok(complete(context, &slot.asset_id, checksum.get()).await.map_err(of_asset)?.into());
            }
            // The link may have expired before the last attempt. Then the upload starts again with another slot, once.
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

async fn open(context: &ClientContext, upload: &UploadBody, round: u32) -> Result<Slot, Error> {
    let body = CreateAssetUploadRequest::builder()
        .filename(upload.name.as_str())
        .content_type(upload.media.as_str())
        .size_bytes(upload.size);
    let mut call = context.api.create_asset_upload().body(body);
    // A second slot needs another key.
    if let Some(key) = context.idempotency_key.as_deref().filter(|_| round > 0) {
        call = call.idempotency_key(format!("{key}.{round}"));
    }
    Ok(call.await?.into_inner().into())
}

/// Why an attempt to send a file failed, and whether another attempt may succeed.
struct Failure {
    error: Error,
    is_retryable: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, is_retryable: false }
    }
}

/// Sends the file to a slot. Repeating the PUT has the same effect as one.
pub(super) async fn put(
    context: &ClientContext,
    slot: &Slot,
    body: &Arc<UploadBody>,
    progress: &UploadProgress,
    checksum: Option<&Checksum>,
) -> Result<(), Error> {
    if u64::try_from(slot.max_bytes).is_ok_and(|most| most < body.size) {
        return Err(Error::upload(format!(
            "the file has {} bytes, and the storage accepts {} at most: make it smaller",
            body.size, slot.max_bytes
        )));
    }
    let mut number = 1;
    loop {
        let sending = async { Ok(put_once(context, slot, body, progress, checksum).await) };
        match progress.guard(sending).await? {
            Ok(()) => return Ok(()),
            Err(Failure { error, is_retryable }) if !is_retryable || number >= context.max_attempts => {
                return Err(error);
            }
            Err(Failure { error, .. }) => {
                tracing::debug!(attempts = number, problem = %error, "sends the file again");
                pause(context, number).await;
                number += 1;
            }
        }
    }
}

/// Waits before the next attempt: 1, 2, 4 … seconds, with jitter.
async fn pause(context: &ClientContext, attempts: u32) {
    let runtime = &context.runtime;
    runtime.sleep(BACKOFF.pause(attempts.saturating_sub(1), runtime.random())).await;
}

async fn put_once(
    context: &ClientContext,
    slot: &Slot,
    body: &Arc<UploadBody>,
    progress: &UploadProgress,
    checksum: Option<&Checksum>,
) -> Result<(), Failure> {
    let content = Body::wrap_stream(body.open(progress, checksum));
    let request = request(context, slot, body.size, content)?;
    let retryable = |problem: TransportError| Failure {
        error: Error::upload_transfer("the file was not sent to the storage", problem),
        is_retryable: true,
    };
    let timeout = || {
        retryable(
            TransportError::no_answer(format!("no progress for {} s", IDLE_TIMEOUT.as_secs())).timed_out(),
        )
    };
    // The conversion omits the URL, because anyone who reads the signed link in an error could use it.
    let response = tokio::select! {
        sent = context.storage.execute(request) => sent.map_err(|error| retryable(error.into()))?,
        () = progress.idle_timeout() => return Err(timeout()),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let location = redirect_location(status, response.headers());
    let code = tokio::select! {
        code = storage_code(response) => code,
        () = progress.idle_timeout() => None,
    };
    let is_retryable = match status {
        // The storage answers with these codes if the body is incomplete.
        StatusCode::BAD_REQUEST => matches!(code.as_deref(), Some("RequestTimeout" | "IncompleteBody")),
        status => is_retryable_refusal(status, None),
    };
    Err(Failure { error: Error::storage_refused(status, code.as_deref(), location.as_deref()), is_retryable })
}

/// Builds the PUT as it was signed: with the headers of the slot and the exact length, and without headers of the client.
fn request(context: &ClientContext, slot: &Slot, size: u64, body: Body) -> Result<reqwest::Request, Error> {
    let invalid =
        || Error::upload("the service returned an invalid link for the upload: upload the file again");
    let url = Url::parse(&slot.url).map_err(|_| invalid())?;
    // Plain HTTP is allowed only if the base URL is plain HTTP too, which is a service on this machine.
    if url.scheme() != "https" && !context.api.base_url().starts_with("http:") {
        return Err(invalid());
    }
    let mut request = reqwest::Request::new(Method::PUT, url);
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_LENGTH, size.into());
    for (name, value) in &slot.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    *request.body_mut() = Some(body);
    Ok(request)
}

/// Returns the error code in a refusal of the storage. The rest is dropped, because it repeats the signed request.
async fn storage_code(mut response: reqwest::Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.chars().all(|one| one.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

/// Completes an upload. Completing it twice has the same effect as once, so lost answers and 5xx are retried although the
/// operation takes no idempotency key. The service may need some moments to see the file; then it answers 409.
async fn complete(
    context: &ClientContext,
    asset_id: &str,
    checksum: Option<String>,
) -> Result<CompleteAssetUploadResponse, Error> {
    let (mut not_found, mut attempts) = (0, 1);
    loop {
        let mut body = CompleteAssetUploadRequest::builder();
        if let Some(checksum) = &checksum {
            body = body.checksum_sha256(checksum.as_str());
        }
        let call = context.api.complete_asset_upload().asset_id(asset_id).body(body);
        let error = match call.send().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(error) => Error::from(error),
        };
        match error.status() {
            Some(StatusCode::CONFLICT) if not_found < MAX_NOT_FOUND => {
                not_found += 1;
                context.runtime.sleep(NOT_FOUND_PAUSE * not_found).await;
            }
            // The policies have already retried a 429.
            Some(StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) => return Err(error),
            _ if error.is_retryable() && attempts < context.max_attempts => {
                pause(context, attempts).await;
                attempts += 1;
            }
            _ => return Err(error),
        }
    }
}
