//! Carries out the requests of a plan.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use heygen_api::{IdempotencyKey, Operation};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::agents::failure_of_session;
use super::cache::Cache;
use super::fallback::Fallback;
use super::look_up::LookUp;
use super::migrate_error::MigrateError;
use super::options::MigrateOptions;
use super::planned_request::{Action, PlannedRequest};
use super::silence::silent_file;
use crate::call_options::CallOptions;
use crate::client::HeyGen;
use crate::error::Error;
use crate::jobs::{AvatarLook, Video};
use crate::upload::FileSource;

/// The number of requests of one plan that run at once, where it sends one for each item of a list.
const AT_ONCE: usize = 4;

/// The pause between reads of a session that has not named its video.
const SESSION_PAUSE: Duration = Duration::from_secs(5);

/// How long a call waits for the id of the video of a session. Sessions take 20 to 45 minutes, and programs and proxies often
/// stop waiting after 30 seconds; a program that then sends the prompt again pays for a second session.
const SESSION_WAIT: Duration = Duration::from_secs(20);

/// The largest number of pages of a list. Ten thousand looks have two hundred.
const MAX_PAGES: usize = 10_000;

/// What a request of a plan is carried out with.
pub(crate) struct Runner<'a> {
    pub(crate) heygen: &'a HeyGen,
    pub(crate) cache: &'a Cache,
    pub(crate) options: &'a MigrateOptions,
    /// The idempotency key of the whole legacy call.
    pub(crate) key: Option<&'a str>,
    /// The file of an upload, and its media type.
    pub(crate) file: Option<(&'a Bytes, Option<&'a str>)>,
}

impl Runner<'_> {
    /// Sends the requests of a plan in their order, and returns the whole bodies of their answers.
    pub(crate) async fn run(&self, requests: &[PlannedRequest]) -> Result<Vec<Value>, MigrateError> {
        let mut bodies: Vec<Value> = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let key = self.key.map(|key| sub_key(key, index, requests.len()));
            let answer = self.answer(request, &bodies, key.as_deref()).await;
            let body = answer.map_err(|error| interrupted(requests, &bodies, error))?;
            if *request.operation().method() != Method::GET {
                self.cache.forget(&family_of(request.operation()));
            }
            bodies.push(body);
        }
        Ok(bodies)
    }

    async fn answer(
        &self,
        request: &PlannedRequest,
        bodies: &[Value],
        key: Option<&str>,
    ) -> Result<Value, MigrateError> {
        if request.action() == Action::SendForEach {
            return self.send_for_each(request, bodies).await;
        }
        if request.action() == Action::AwaitVideoOfSession && names_video(bodies.last()) {
            return Ok(Value::Null);
        }
        let Some(request) = request.filled(bodies) else { return Err(incomplete(request).into()) };
        match request.action() {
            Action::Upload => self.upload(self.file_of_request()?, key).await,
            Action::UploadSilence => {
                let file = silent_file(request.silence().unwrap_or_default());
                self.upload(FileSource::bytes("silence.wav", file), key).await
            }
            Action::AwaitLook => self.await_look(&request).await,
            Action::AwaitVideo => self.await_video(&request).await,
            Action::AwaitVideoOfSession => self.await_video_of_session(&request).await,
            Action::Send | Action::AllPages | Action::SendForEach => {
                self.send_or_fall_back(&request, key).await
            }
        }
    }

    pub(super) async fn send(&self, request: &PlannedRequest, key: Option<&str>) -> Result<Value, Error> {
        let operation = request.operation();
        let mut call = self.heygen.api().request(operation.method().clone(), operation.path());
        for (name, value) in request.parameters() {
            call = call.path(*name, value);
        }
        for (name, value) in request.query() {
            call = call.query(*name, value);
        }
        if let Some(body) = request.body() {
            call = call.json(body);
        }
        if let Some(key) = key.filter(|_| operation.idempotency_key() != IdempotencyKey::None) {
            call = call.idempotency_key(key);
        }
        // In the heap, because the future of a whole plan has that of a call in many places.
        Ok(Box::pin(call.send()).await?.into_inner().into_value())
    }

    async fn send_for_each(&self, request: &PlannedRequest, bodies: &[Value]) -> Result<Value, MigrateError> {
        let list = request.list_index().and_then(|index| bodies.get(index)).and_then(|body| body.get("data"));
        let items = list.and_then(Value::as_array).into_iter().flatten();
        let requests: Option<Vec<PlannedRequest>> = items.map(|item| request.for_item(item)).collect();
        let Some(requests) = requests else { return Err(incomplete(request).into()) };
        let sent = requests.into_iter().map(|request| async move {
            let body = self.send(&request, None).await?;
            Ok::<Value, Error>(body.get("data").cloned().unwrap_or_default())
        });
        let data: Vec<Value> = stream::iter(sent).buffered(AT_ONCE).try_collect().await?;
        Ok(json!({"data": data}))
    }

    /// The items of all pages. A list of what the provider offers to everyone is kept for some time.
    pub(super) async fn all_pages(&self, request: &PlannedRequest) -> Result<Value, MigrateError> {
        if !request.query().iter().any(|(_, value)| value == "public") {
            return self.fetch_pages(request).await;
        }
        let key = format!("{} {}", family_of(request.operation()), request.path());
        let answer = self.cached(&key, self.fetch_pages(request)).await?;
        Ok((*answer).clone())
    }

    async fn cached(
        &self,
        key: &str,
        fetch: impl Future<Output = Result<Value, MigrateError>>,
    ) -> Result<Arc<Value>, MigrateError> {
        let context = self.heygen.context();
        self.cache.get(key, || context.runtime.now(), self.options.age_limit(), fetch).await
    }

    async fn fetch_pages(&self, request: &PlannedRequest) -> Result<Value, MigrateError> {
        let mut items: Vec<Value> = Vec::new();
        let mut next = request.clone();
        for _ in 0..MAX_PAGES {
            let mut page = self.send(&next, None).await?;
            if let Some(Value::Array(more)) = page.get_mut("data").map(Value::take) {
                items.extend(more);
            }
            let token = page.get("next_token").and_then(Value::as_str).filter(|token| !token.is_empty());
            match token {
                Some(token) if page.get("has_more") != Some(&Value::Bool(false)) => {
                    next = request.clone().with_query("token", token);
                }
                _ => return Ok(json!({"data": items, "has_more": false, "next_token": null})),
            }
        }
        Err(Error::pages(request.operation(), "the list does not end").into())
    }

    fn file_of_request(&self) -> Result<FileSource, MigrateError> {
        let (content, media_type) = self.file.ok_or_else(no_file)?;
        let media_type = media_type.map(|kind| kind.split(';').next().unwrap_or(kind).trim());
        // The content decides about the type. The service refuses a file that is called something else than it is.
        Ok(FileSource::bytes(format!("upload.{}", extension_of(media_type)), content.clone()))
    }

    async fn upload(&self, file: FileSource, key: Option<&str>) -> Result<Value, MigrateError> {
        let heygen = match key {
            Some(key) => self.heygen.with(CallOptions::new().idempotency_key(key)),
            None => self.heygen.clone(),
        };
        let asset = heygen.upload(file).await?;
        Ok(json!({"data": {
            "asset_id": asset.asset_id,
            "url": asset.url,
            "mime_type": asset.mime_type,
            "size_bytes": asset.size_bytes,
        }}))
    }

    async fn await_look(&self, request: &PlannedRequest) -> Result<Value, MigrateError> {
        let job = self.heygen.job::<AvatarLook>(id_of(request)).deadline(self.options.deadline_of_look());
        let look = job.wait().await?;
        Ok(json!({"data": serde_json::to_value(look).unwrap_or_default()}))
    }

    async fn await_video(&self, request: &PlannedRequest) -> Result<Value, MigrateError> {
        let deadline = self.options.deadline_of_parts().unwrap_or_default();
        let video = self.heygen.job::<Video>(id_of(request)).deadline(deadline).wait().await?;
        Ok(json!({"data": serde_json::to_value(video).unwrap_or_default()}))
    }

    async fn await_video_of_session(&self, request: &PlannedRequest) -> Result<Value, MigrateError> {
        let context = self.heygen.context();
        let began = context.runtime.now();
        loop {
            // The session runs and is charged, so a read that fails does not fail the call.
            let Ok(body) = self.send(request, None).await else { return Ok(Value::Null) };
            let has_failed = body.get("data").and_then(failure_of_session).is_some();
            let waited = context.runtime.now().saturating_duration_since(began);
            if names_video(Some(&body)) || has_failed || waited >= SESSION_WAIT {
                return Ok(body);
            }
            context.runtime.sleep(SESSION_PAUSE).await;
        }
    }

    /// Reads what a plan has to know: its data, or `None` if the service does not have it.
    pub(crate) async fn look_up(&self, look_up: &LookUp) -> Result<Option<Value>, MigrateError> {
        let operation = look_up.operation();
        let request = look_up.request();
        let read = async {
            let body = match look_up {
                LookUp::LooksOfGroup(id) => {
                    let request = request.with_fallback(Fallback::GroupOfLook(id.clone()));
                    self.send_or_fall_back(&request.with_action(Action::AllPages), None).await?
                }
                _ => self.send(&request, None).await?,
            };
            Ok(body.get("data").cloned().unwrap_or_default())
        };
        let outcome = match look_up {
            // These change rarely, and are needed by most calls.
            LookUp::Look(_) | LookUp::Account => {
                let key = format!("{} {look_up}", family_of(operation));
                let answer = self.cached(&key, read).await;
                if answer.as_ref().is_ok_and(|data| is_unfinished(data)) {
                    self.cache.forget(&key);
                }
                answer.map(|data| (*data).clone())
            }
            LookUp::LooksOfGroup(_) | LookUp::Template(_) => read.await,
        };
        match outcome {
            Ok(data) => Ok(Some(data)),
            Err(MigrateError::Service(error)) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The first two parts of the path of an operation, such as `/v3/avatars`: what a change of one of them may affect.
fn family_of(operation: &Operation) -> String {
    operation.path().split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Whether a look will change soon.
fn is_unfinished(look: &Value) -> bool {
    look.get("status").and_then(Value::as_str).is_some_and(|status| status != "completed")
}

/// The id of the resource that a request reads.
fn id_of(request: &PlannedRequest) -> String {
    request.parameters().first().map(|(_, id)| id.clone()).unwrap_or_default()
}

/// The idempotency key of one request of a plan, from that of the legacy call.
fn sub_key(key: &str, index: usize, requests: usize) -> String {
    if requests == 1 && key.len() <= 200 {
        return key.to_owned();
    }
    let key = if key.len() > 200 { const_hex::encode(Sha256::digest(key)) } else { key.to_owned() };
    format!("{key}:{}", index + 1)
}

/// Adds what the earlier requests made to the error of a later one.
fn interrupted(sent: &[PlannedRequest], bodies: &[Value], error: MigrateError) -> MigrateError {
    let ids = ["/data/avatar_item/id", "/data/asset_id", "/data/session_id", "/data/video_id"];
    let made: Vec<String> = sent
        .iter()
        .zip(bodies)
        .filter(|(request, _)| *request.operation().method() != Method::GET)
        .filter_map(|(request, body)| {
            let id = ids.iter().find_map(|pointer| body.pointer(pointer)?.as_str())?;
            Some(format!("{}: {id}", request.operation().id()))
        })
        .collect();
    if made.is_empty() { error } else { MigrateError::Interrupted { made, error: Box::new(error) } }
}

/// Whether an answer about a session has the id of its video.
fn names_video(body: Option<&Value>) -> bool {
    body.and_then(|body| body.pointer("/data/video_id")).is_some_and(Value::is_string)
}

fn incomplete(request: &PlannedRequest) -> Error {
    let problem = format!("{}: an earlier answer lacks a value that it needs", request.operation().id());
    Error::incomplete_answer(problem)
}

fn no_file() -> MigrateError {
    MigrateError::Answer {
        status: StatusCode::BAD_REQUEST,
        code: "invalid_parameter",
        message: "the request has no file; send its bytes as the body".to_owned(),
    }
}

fn extension_of(media_type: Option<&str>) -> &str {
    match media_type {
        Some("image/jpeg" | "image/jpg") => "jpg",
        Some("audio/mpeg" | "audio/mp3") => "mp3",
        Some("audio/wav" | "audio/x-wav" | "audio/wave") => "wav",
        Some("application/x-subrip") => "srt",
        Some(other) => match other.rsplit('/').next() {
            Some(format) if !format.is_empty() && format.bytes().all(|one| one.is_ascii_alphanumeric()) => {
                format
            }
            _ => "bin",
        },
        None => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_of_a_plan_has_a_key_of_its_own() {
        assert_eq!(sub_key("k", 0, 1), "k");
        assert_eq!(sub_key("k", 0, 3), "k:1");
        assert_eq!(sub_key("k", 1, 3), "k:2");
        let long = "k".repeat(250);
        let made = sub_key(&long, 0, 1);
        assert!(made.len() < 100 && made.ends_with(":1") && made == sub_key(&long, 0, 1), "{made}");
    }

    #[test]
    fn an_upload_gets_a_name_by_its_media_type() {
        for (media_type, extension) in [
            (Some("image/jpeg"), "jpg"),
            (Some("image/png"), "png"),
            (Some("audio/mpeg"), "mp3"),
            (Some("video/webm"), "webm"),
            (Some("odd/../x"), "x"),
            (Some("odd"), "odd"),
            (Some("a/b.c"), "bin"),
            (None, "bin"),
        ] {
            assert_eq!(extension_of(media_type), extension, "{media_type:?}");
        }
    }
}
