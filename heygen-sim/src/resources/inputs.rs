//! Files that a request names: by URL, by asset, or inline.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, Uri};
use serde_json::Value;

use crate::api_error::ApiError;
use crate::model::asset::Asset;
use crate::model::batch::MAX_ITEMS;
use crate::resources::webhook_endpoints::check_url;
use crate::state::State;

/// The kinds of files that a place takes; none when it takes any.
type Kinds = &'static [&'static str];

pub(super) const IMAGE: Kinds = &["image"];
pub(super) const VIDEO: Kinds = &["video"];
pub(super) const AUDIO: Kinds = &["audio"];
pub(super) const ARCHIVE: Kinds = &["archive"];

/// Members whose files must be of certain kinds.
const KINDS: [(&str, Kinds); 16] = [
    ("image", IMAGE),
    ("image_asset_id", IMAGE),
    ("reference_images", IMAGE),
    ("video", VIDEO),
    ("video_a", VIDEO),
    ("video_b", VIDEO),
    ("consent_video", VIDEO),
    ("reference_videos", VIDEO),
    ("audio", AUDIO),
    ("audio_asset_id", AUDIO),
    ("reference_audio", AUDIO),
    ("srt", &["subtitle"]),
    ("project", ARCHIVE),
    ("references", &["image", "video", "audio"]),
    ("files", &["image", "video", "audio", "document"]),
    ("source_files", &["document", "image", "video"]),
];

/// The kinds of a kind's name.
pub(super) fn kinds(kind: &str) -> Kinds {
    [IMAGE, VIDEO, AUDIO].into_iter().find(|kinds| kinds.contains(&kind)).unwrap_or_default()
}

/// The kinds that a member takes, of a thing of that type: a scene and a variable of a template say so themselves.
fn kinds_of(member: &str, of: Option<&str>) -> Kinds {
    match member {
        "source" | "asset" => kinds(of.unwrap_or_default()),
        _ => KINDS.iter().find(|(name, _)| *name == member).map_or(&[], |(_, kinds)| kinds),
    }
}

/// Checks every file that a body names, and its callback.
pub(super) fn check(state: &State, body: &Value, now: u64) -> Result<(), ApiError> {
    check_without(state, body, now, None)
}

/// The same, but for one member, which is the caller's own affair.
pub(super) fn check_without(
    state: &State,
    body: &Value,
    now: u64,
    own: Option<&str>,
) -> Result<(), ApiError> {
    if let Some(url) = body.get("callback_url").and_then(Value::as_str) {
        check_url("callback_url", url)?;
    }
    Inputs { state, now, own, taken_out: true }.walk(body, "", &[])
}

/// Checks one file of the inputs of a run, which is at that place and has to be of these kinds.
pub(super) fn file(state: &State, at: &str, value: &Value, kinds: Kinds, now: u64) -> Result<(), ApiError> {
    Inputs { state, now, own: None, taken_out: false }.walk(value, at, kinds)
}

/// What a walk through a body needs.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    state: &'a State,
    now: u64,
    own: Option<&'a str>,
    /// Whether inline files were read and taken out before.
    taken_out: bool,
}

impl Inputs<'_> {
    fn walk(self, value: &Value, path: &str, kinds: Kinds) -> Result<(), ApiError> {
        if self.own == Some(path) {
            return Ok(());
        }
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Object(members) => {
                let text = |key: &str| members.get(key).and_then(Value::as_str);
                match (text("type"), text("url"), text("asset_id"), text("data")) {
                    (Some("url"), Some(url), ..) => fetch(&below("url"), url)?,
                    (Some("asset_id"), _, Some(id), _) => self.asset(&below("asset_id"), id, kinds)?,
                    // The files of the old agent have no type.
                    (None, _, Some(id), _) if !kinds.is_empty() => {
                        self.asset(&below("asset_id"), id, kinds)?;
                    }
                    (Some("base64"), .., Some(data)) if !self.is_base64(data) => {
                        return Err(ApiError::invalid(below("data"), "the data are not base64"));
                    }
                    _ => {}
                }
                for (key, value) in members {
                    let kinds = kinds_of(key, text("type"));
                    match (key.as_str(), value.as_str()) {
                        ("audio_url" | "image_url" | "video_url" | "srt_url", Some(url)) => {
                            fetch(&below(key), url)?;
                        }
                        ("audio_asset_id" | "image_asset_id", Some(id)) => {
                            self.asset(&below(key), id, kinds)?;
                        }
                        _ => self.walk(value, &below(key), kinds)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(number, item)| self.walk(item, &below(&number.to_string()), kinds))
            }
            _ => Ok(()),
        }
    }

    fn is_base64(self, data: &str) -> bool {
        !data.is_empty() && (self.taken_out || BASE64_STANDARD.decode(data).is_ok())
    }

    fn asset(self, param: &str, id: &str, kinds: Kinds) -> Result<(), ApiError> {
        asset(self.state, param, id, kinds, self.now).map(drop)
    }
}

/// The simulator fetches nothing. Names that can have no server, and pages instead of files, fail as they would there.
pub(super) fn fetch(param: &str, url: &str) -> Result<(), ApiError> {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let scheme = uri.as_ref().and_then(Uri::scheme_str).unwrap_or_default();
    if !matches!(scheme, "http" | "https") || host.is_empty() {
        return Err(ApiError::invalid(param, format!("`{url}` is not a URL that can be fetched")));
    }
    let path = uri.as_ref().map(Uri::path).unwrap_or_default();
    if host == "invalid" || host.ends_with(".invalid") || path.ends_with(".html") {
        let message = "the URL could not be fetched, or is not a direct link to a file";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "download_failed", message).at(param));
    }
    Ok(())
}

/// An asset that is there and of a kind that its place takes.
pub(super) fn asset<'a>(
    state: &'a State,
    param: &str,
    id: &str,
    kinds: Kinds,
    now: u64,
) -> Result<&'a Asset, ApiError> {
    let missing = || ApiError::not_found("asset_not_found", format!("no asset {id}")).at(param);
    let asset = state.assets.get(id).ok_or_else(missing)?;
    if !asset.is_usable(now) {
        let message = "the upload of this asset is not complete, or has failed";
        return Err(ApiError::new(StatusCode::CONFLICT, "asset_not_available", message).at(param));
    }
    if kinds.is_empty() || kinds.contains(&asset.kind()) {
        return Ok(asset);
    }
    let message = format!("this is a file of type {}; {} is needed", asset.media, kinds.join(" or "));
    Err(ApiError::invalid(param, message))
}

/// Texts that must be there once blanks are taken off.
pub(crate) fn trimmed(param: &str, text: &str) -> Result<String, ApiError> {
    match text.trim() {
        "" => Err(ApiError::invalid(param, "it must not be blank")),
        text => Ok(text.to_owned()),
    }
}

/// Refuses more languages than a batch has items: each becomes a job of its own.
pub(super) fn check_languages(param: &str, wanted: usize) -> Result<(), ApiError> {
    match wanted > MAX_ITEMS {
        true => Err(ApiError::invalid(param, format!("at most {MAX_ITEMS} languages are possible"))),
        false => Ok(()),
    }
}
