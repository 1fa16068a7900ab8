//! Assets: files that are uploaded in a form, or directly to a signed slot.

use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::blob::Blob;
use crate::call::Call;
use crate::env::Env;
use crate::links::{UPLOAD_LIFETIME, decode_hex, link, upload_headers, upload_link};
use crate::marker::Marker;
use crate::model::asset::{Asset, Slot};
use crate::model::batch::{Batch, Item};
use crate::model::job::Kind;
use crate::resources::batches;
use crate::resources::paging::page;
use crate::schedule::Schedule;
use crate::state::State;

/// Username of the user who owns all resources.
pub(crate) const OWNER: &str = "simulated-user";

/// Id of the workspace.
const SPACE: &str = "simulated-space";

/// How long after the PUT an upload cannot be completed yet, in milliseconds.
const UPLOAD_LAG: u64 = 1000;

/// Accepted media types, with the kind of file.
const TYPES: [(&str, &str); 10] = [
    ("image/png", "image"),
    ("image/jpeg", "image"),
    ("video/mp4", "video"),
    ("video/webm", "video"),
    ("audio/mpeg", "audio"),
    ("audio/wav", "audio"),
    ("application/pdf", "document"),
    ("application/x-subrip", "subtitle"),
    ("application/zip", "archive"),
    ("audio/x-wav", "audio"),
];

impl Asset {
    /// Kind of file: image, video, audio, document, subtitle or archive.
    pub(crate) fn kind(&self) -> &'static str {
        TYPES.iter().find(|(media, _)| *media == self.media).map_or("file", |(_, kind)| *kind)
    }

    /// Whether the file can be used and downloaded. A direct upload must be completed, and must not have failed.
    pub(crate) fn is_usable(&self, now: u64) -> bool {
        let completed =
            self.schedule.as_ref().map_or(self.slot.is_none(), |schedule| schedule.failure(now).is_none());
        self.content.is_some() && self.error.is_none() && completed
    }

    /// Status in batches and bulk lookups, and the error.
    pub(crate) fn status(&self, now: u64) -> (&'static str, Option<Value>) {
        match (&self.error, &self.schedule) {
            (Some(refusal), _) => ("failed", Some(refusal.brief())),
            (None, None) if self.slot.is_some() => ("queued", None),
            (None, None) => ("completed", None),
            (None, Some(schedule)) => match schedule.failure(now) {
                Some((code, message)) => ("failed", Some(json!({"code": code, "message": message}))),
                None if schedule.is_over(now) => ("completed", None),
                None => ("processing", None),
            },
        }
    }

    /// Path of the file, below [`FILES`](crate::links::FILES).
    fn file(&self) -> String {
        let extension = self.media.rsplit('/').next().unwrap_or_default();
        let extension = match extension {
            "x-subrip" => "srt",
            "mpeg" => "mp3",
            "jpeg" => "jpg",
            other => other.trim_start_matches("x-"),
        };
        format!("{}/original.{extension}", self.id)
    }

    fn url(&self, env: &Env) -> String {
        link(env, &self.file())
    }

    fn view(&self, env: &Env, now: u64) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind(),
            "owner": OWNER,
            "space_id": SPACE,
            "uploaded_at": self.created / 1000,
            "folder_id": self.folder,
            "url": self.is_usable(now).then(|| self.url(env)),
        })
    }
}

/// Detects the media type of a file from its content.
fn sniff(content: &Blob) -> &'static str {
    let head = content.head();
    match infer::get(head).map(|kind| kind.mime_type()) {
        Some("audio/x-wav") => "audio/wav",
        Some(found) => found,
        // Subtitles have no signature. They are text with arrows between times.
        None if head.windows(5).any(|five| five == b" --> ") => "application/x-subrip",
        None => "application/octet-stream",
    }
}

fn check_type(param: &str, media: &str) -> Result<(), ApiError> {
    match TYPES.iter().any(|(known, _)| *known == media) {
        true => Ok(()),
        false => Err(ApiError::invalid(param, format!("Content type not supported {media}"))),
    }
}

pub(super) fn upload(env: &Env, state: &mut State, call: &Call) -> Answer {
    let Some(file) = &call.file else { return Err(ApiError::invalid("file", "file is required")) };
    let media = sniff(&file.content);
    check_type("file", media)?;
    let asset = Asset {
        id: env.id(),
        name: file.name.clone(),
        media: media.to_owned(),
        content: Some(file.content.clone()),
        slot: None,
        arrived: None,
        created: call.now,
        schedule: None,
        error: None,
        folder: None,
        marker: Marker::default(),
    };
    let view = json!({"asset_id": asset.id, "url": asset.url(env), "mime_type": media,
        "size_bytes": file.content.len()});
    state.assets.insert_sized(asset.id.clone(), asset, file.content.memory());
    data(view)
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Asset, ApiError> {
    let asset = state.assets.get_mut(id);
    asset.ok_or_else(|| ApiError::not_found("asset_not_found", format!("no asset {id}")))
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("asset_id"))?.view(env, call.now))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("asset_id");
    find(state, id)?;
    state.assets.remove(id);
    state.deleted.insert(id, ());
    data(json!({"id": id}))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    let mine = call.query.get("username").is_some_and(|name| name == OWNER);
    let folder = call.query.get("folder_id");
    page(call, &state.assets, |asset| {
        let inside = folder.is_none_or(|folder| asset.folder.as_deref().unwrap_or_default() == folder);
        (mine && inside && asset.is_usable(call.now)).then(|| asset.view(env, call.now))
    })
}

/// A file that a request declares for a direct upload, after validation.
struct DeclaredFile<'a> {
    name: &'a str,
    media: &'a str,
    slot: Slot,
    marker: Marker,
}

/// Validates the declaration of a file.
fn validate_file<'a>(env: &Env, file: &'a Value) -> Result<DeclaredFile<'a>, ApiError> {
    let text = |name: &str| file.get(name).and_then(Value::as_str);
    let media = text("content_type").unwrap_or_default();
    check_type("content_type", media)?;
    let limit = env.settings.upload_limit;
    let size = file.get("size_bytes").and_then(Value::as_u64).filter(|size| (1..=limit).contains(size));
    let size =
        size.ok_or_else(|| ApiError::invalid("size_bytes", format!("a file must have 1 to {limit} bytes")))?;
    let digest = text("checksum_sha256").map(|digest| {
        let read = decode_hex(digest).filter(|digest| digest.len() == 32);
        read.ok_or_else(|| ApiError::invalid("checksum_sha256", "a SHA-256 has 64 hexadecimal digits"))
    });
    let headers = upload_headers(media, text("checksum_sha256"));
    let slot = Slot { size, headers, digest: digest.transpose()? };
    Ok(DeclaredFile { name: text("filename").unwrap_or_default(), media, slot, marker: Marker::of(file)? })
}

/// Creates a slot. Returns the id of its asset, and the response.
fn create_slot(env: &Env, state: &mut State, now: u64, file: DeclaredFile<'_>) -> (String, Value) {
    let id = env.id();
    let headers = file.slot.headers.clone();
    let asset = Asset {
        id: id.clone(),
        name: file.name.to_owned(),
        media: file.media.to_owned(),
        content: None,
        slot: Some(file.slot),
        arrived: None,
        created: now,
        schedule: None,
        error: None,
        folder: None,
        marker: file.marker,
    };
    state.assets.insert(id.clone(), asset);
    let answer = json!({
        "asset_id": id,
        "upload_url": upload_link(env, &id),
        "upload_headers": headers,
        "expires_in_seconds": UPLOAD_LIFETIME,
        "max_bytes": env.settings.upload_limit,
        "status": "pending_upload",
    });
    (id, answer)
}

pub(super) fn open_slot(env: &Env, state: &mut State, call: &Call) -> Answer {
    let file = validate_file(env, &call.body)?;
    data(create_slot(env, state, call.now, file).1)
}

/// Completes a direct upload: checks the bytes, and schedules the processing. Does nothing if it is completed already.
fn complete_upload(asset: &mut Asset, digest: Option<&str>, now: u64) -> Result<(), ApiError> {
    if asset.slot.is_none() || asset.schedule.is_some() {
        return Ok(());
    }
    let arrived = asset.arrived.is_some_and(|arrived| now >= arrived + UPLOAD_LAG);
    let Some(content) = asset.content.as_ref().filter(|_| arrived) else {
        return Err(ApiError::conflict("uploaded object not found yet"));
    };
    if let Some(digest) = digest
        && decode_hex(digest).as_deref() != content.digest().map(<[u8; 32]>::as_slice)
    {
        return Err(ApiError::invalid("checksum_sha256", "the checksum is not that of the uploaded bytes"));
    }
    let found = sniff(content);
    if found != asset.media && !(found == "audio/wav" && asset.media == "audio/x-wav") {
        let message = format!("the bytes are {found}, not {}", asset.media);
        return Err(ApiError::invalid("content_type", message));
    }
    let spec = Kind::Asset.spec();
    asset.schedule = Some(Schedule::new(now, spec.waits, spec.runs, &asset.marker));
    Ok(())
}

pub(super) fn complete(env: &Env, state: &mut State, call: &Call) -> Answer {
    let asset = find(state, call.id("asset_id"))?;
    complete_upload(asset, call.text("checksum_sha256"), call.now)?;
    asset.error = None;
    let size = asset.content.as_ref().map_or(0, Blob::len);
    data(json!({
        "asset_id": asset.id,
        "url": asset.url(env),
        "mime_type": asset.media,
        "size_bytes": size,
        "status": "processing",
    }))
}

pub(super) fn open_batch(env: &Env, state: &mut State, call: &Call) -> Answer {
    let files = call.body.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (mut valid, mut invalid, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        match validate_file(env, file) {
            Ok(file) => valid.push(file),
            Err(refusal) => {
                invalid.push(number.to_string());
                if !reasons.contains(&refusal.message) {
                    reasons.push(refusal.message);
                }
            }
        }
    }
    // If one file is invalid, the whole batch is refused. The error names all invalid files.
    if !invalid.is_empty() {
        let message = format!("files {}: {}", invalid.join(", "), reasons.join("; "));
        return Err(ApiError::invalid("files", message));
    }
    let opened = valid.into_iter().map(|file| create_slot(env, state, call.now, file));
    let (items, answers): (Vec<Item>, Vec<Value>) = opened.map(|(id, answer)| (Item::of(id), answer)).unzip();
    let batch = Batch::new(env.id(), Kind::Asset, call, items);
    let answer = json!({"batch_id": batch.id, "items": answers});
    batches::keep(state, batch);
    data(answer)
}

pub(super) fn complete_batch(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.text("batch_id").unwrap_or_default().to_owned();
    let batch = state.batches.get(&id).filter(|batch| batch.kind == Kind::Asset);
    let batch = batch.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no batch {id}")))?;
    let assets: Vec<String> = batch.items.iter().filter_map(|item| item.job.clone()).collect();
    for asset in assets {
        let Some(asset) = state.assets.get_mut(&asset) else { continue };
        match complete_upload(asset, None, call.now) {
            Ok(()) => asset.error = None,
            // The bytes are not visible yet. An earlier error stays until the upload is completed.
            Err(refusal) if refusal.code == "conflict" => {}
            Err(refusal) => asset.error = Some(refusal),
        }
    }
    // As at the service, an upload sends no event.
    data_with(http::StatusCode::ACCEPTED, json!({"batch_id": id}))
}
