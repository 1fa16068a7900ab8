//! Files that a request names: by URL, by asset, or inline.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, Uri};
use serde_json::Value;

use super::assets::Asset;
use crate::refusal::Refusal;
use crate::state::State;
use crate::webhooks::endpoints::check_url;

/// Members whose file must be of one kind.
const KINDS: [(&str, &str); 10] = [
    ("image", "image"),
    ("image_asset_id", "image"),
    ("video", "video"),
    ("video_a", "video"),
    ("video_b", "video"),
    ("consent_video", "video"),
    ("audio", "audio"),
    ("audio_asset_id", "audio"),
    ("srt", "subtitle"),
    ("project", "archive"),
];

/// Checks every file that a body names, and its callback.
pub(super) fn check(state: &State, body: &Value) -> Result<(), Refusal> {
    check_without(state, body, None)
}

/// The same, but for one member, which is the caller's own affair.
pub(super) fn check_without(state: &State, body: &Value, own: Option<&str>) -> Result<(), Refusal> {
    if let Some(url) = body.get("callback_url").and_then(Value::as_str) {
        check_url("callback_url", url)?;
    }
    walk(state, body, "", "", own)
}

fn walk(state: &State, value: &Value, path: &str, name: &str, own: Option<&str>) -> Result<(), Refusal> {
    if own == Some(path) {
        return Ok(());
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str);
            match text("type") {
                Some("url") if text("url").is_some() => {
                    fetch(&below("url"), text("url").unwrap_or_default())?
                }
                Some("asset_id") if text("asset_id").is_some() => {
                    let id = text("asset_id").unwrap_or_default();
                    asset(state, &below("asset_id"), id, name)?;
                }
                Some("base64") if text("data").is_some() => {
                    let data = text("data").unwrap_or_default();
                    if data.is_empty() || BASE64_STANDARD.decode(data).is_err() {
                        return Err(Refusal::invalid(below("data"), "the data are not base64"));
                    }
                }
                _ => {}
            }
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    ("audio_url" | "image_url" | "video_url" | "srt_url", Some(url)) => {
                        fetch(&below(key), url)?
                    }
                    ("audio_asset_id" | "image_asset_id", Some(id)) => {
                        asset(state, &below(key), id, key).map(drop)?
                    }
                    _ => walk(state, value, &below(key), key, own)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(number, item)| walk(state, item, &below(&number.to_string()), name, own))
        }
        _ => Ok(()),
    }
}

/// The simulator fetches nothing. Names that can have no server, and pages instead of files, fail as they would there.
pub(super) fn fetch(param: &str, url: &str) -> Result<(), Refusal> {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let scheme = uri.as_ref().and_then(Uri::scheme_str).unwrap_or_default();
    if !matches!(scheme, "http" | "https") || host.is_empty() {
        return Err(Refusal::invalid(param, format!("`{url}` is no URL that can be fetched")));
    }
    let path = uri.as_ref().map(Uri::path).unwrap_or_default();
    if host == "invalid" || host.ends_with(".invalid") || path.ends_with(".html") {
        let message = "the URL could not be fetched, or is no direct link to a file";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "download_failed", message).at(param));
    }
    Ok(())
}

/// An asset that is there and of the kind that its place needs.
pub(super) fn asset<'a>(state: &'a State, param: &str, id: &str, place: &str) -> Result<&'a Asset, Refusal> {
    let missing = || Refusal::not_found("asset_not_found", format!("no asset {id}")).at(param);
    let asset = state.assets.get(id).ok_or_else(missing)?;
    if !asset.is_usable() {
        let message = "the upload of this asset is not complete";
        return Err(Refusal::new(StatusCode::CONFLICT, "asset_not_available", message).at(param));
    }
    let wanted = KINDS.iter().find(|(name, _)| *name == place).map(|(_, kind)| *kind);
    match wanted {
        Some(kind) if kind != asset.kind() => {
            let message = format!("this is a file of type {}; {kind} is needed", asset.media);
            Err(Refusal::invalid(param, message))
        }
        _ => Ok(asset),
    }
}
