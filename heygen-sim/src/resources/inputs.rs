//! Checks the files that a request names: by URL, by asset id, or inline.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use serde_json::Value;

use crate::address::parse_url;
use crate::api_error::ApiError;
use crate::model::asset::Asset;
use crate::model::batch::MAX_ITEMS;
use crate::resources::webhook_endpoints::check_url;
use crate::state::State;

/// The kinds of files that a member accepts; empty if it accepts any.
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

/// The kinds for the name of a kind.
pub(super) fn kinds(kind: &str) -> Kinds {
    [IMAGE, VIDEO, AUDIO].into_iter().find(|kinds| kinds.contains(&kind)).unwrap_or_default()
}

/// The kinds that a member accepts. Those of `source` and `asset` depend on `of`, the type of the scene or variable.
fn kinds_of(member: &str, of: Option<&str>) -> Kinds {
    match member {
        "source" | "asset" => kinds(of.unwrap_or_default()),
        _ => KINDS.iter().find(|(name, _)| *name == member).map_or(&[], |(_, kinds)| kinds),
    }
}

/// Checks all files that a body names, its folder, and its `callback_url`.
pub(super) fn check(state: &State, body: &Value, now: u64) -> Result<(), ApiError> {
    check_without(state, body, now, None)
}

/// Does the same, except for the member `except`.
pub(super) fn check_without(
    state: &State,
    body: &Value,
    now: u64,
    except: Option<&str>,
) -> Result<(), ApiError> {
    if let Some(url) = body.get("callback_url").and_then(Value::as_str) {
        check_url("callback_url", url)?;
    }
    if let Some(folder) = body.get("folder_id").and_then(Value::as_str).filter(|id| !id.is_empty())
        && !state.folders.contains(folder)
    {
        return Err(ApiError::not_found("resource_not_found", format!("no folder {folder}")));
    }
    Inputs { state, now, except, decoded: true }.check_value(body, "", &[])
}

/// Checks a file among the inputs of a run. `at` is its place in the body.
pub(super) fn file(state: &State, at: &str, value: &Value, kinds: Kinds, now: u64) -> Result<(), ApiError> {
    Inputs { state, now, except: None, decoded: false }.check_value(value, at, kinds)
}

/// The context of a check.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    state: &'a State,
    now: u64,
    except: Option<&'a str>,
    /// Whether inline files were already decoded, and replaced by their numbers.
    decoded: bool,
}

impl Inputs<'_> {
    /// Checks the files in a value, recursively. `path` is its place in the body, and `kinds` what the place accepts.
    fn check_value(self, value: &Value, path: &str, kinds: Kinds) -> Result<(), ApiError> {
        if self.except == Some(path) {
            return Ok(());
        }
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Object(members) => {
                let text = |key: &str| members.get(key).and_then(Value::as_str);
                match (text("type"), text("url"), text("asset_id"), text("data")) {
                    (Some("url"), Some(url), ..) => check_file_url(&below("url"), url)?,
                    (Some("asset_id"), _, Some(id), _) => self.asset(&below("asset_id"), id, kinds)?,
                    // In v1, the files of the video agent have no type.
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
                            check_file_url(&below(key), url)?;
                        }
                        ("audio_asset_id" | "image_asset_id", Some(id)) => {
                            self.asset(&below(key), id, kinds)?;
                        }
                        _ if value.is_object() || value.is_array() => {
                            self.check_value(value, &below(key), kinds)?;
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                let mut items = items.iter().enumerate();
                items
                    .try_for_each(|(number, item)| self.check_value(item, &below(&number.to_string()), kinds))
            }
            _ => Ok(()),
        }
    }

    fn is_base64(self, data: &str) -> bool {
        !data.is_empty() && (self.decoded || BASE64_STANDARD.decode(data).is_ok())
    }

    fn asset(self, param: &str, id: &str, kinds: Kinds) -> Result<(), ApiError> {
        asset(self.state, param, id, kinds, self.now).map(drop)
    }
}

/// Checks a URL without downloading it. Reserved host names and HTML pages result in `download_failed`, as at the service.
pub(super) fn check_file_url(param: &str, url: &str) -> Result<(), ApiError> {
    let Some(read) = parse_url(url) else {
        return Err(ApiError::invalid(param, format!("`{url}` is not a URL that can be fetched")));
    };
    let (host, path) = (read.host_str().unwrap_or_default(), read.path());
    if host == "invalid" || host.ends_with(".invalid") || path.ends_with(".html") {
        let message = "the URL could not be fetched, or is not a direct link to a file";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "download_failed", message).at(param));
    }
    Ok(())
}

/// A usable asset of one of these kinds, or an error.
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

/// Trims a text, and refuses a blank one.
pub(crate) fn trimmed(param: &str, text: &str) -> Result<String, ApiError> {
    match text.trim() {
        "" => Err(ApiError::invalid(param, "it must not be blank")),
        text => Ok(text.to_owned()),
    }
}

/// Refuses more languages than a batch may have items. Each language becomes a job.
pub(super) fn check_languages(param: &str, wanted: usize) -> Result<(), ApiError> {
    match wanted > MAX_ITEMS {
        true => Err(ApiError::invalid(param, format!("at most {MAX_ITEMS} languages are possible"))),
        false => Ok(()),
    }
}
