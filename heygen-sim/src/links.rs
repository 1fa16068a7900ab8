//! Signed links to files and to upload slots. They expire by real time, because other programs download and upload.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::clock::millis;
use crate::document::check::Pairs;
use crate::env::Env;

/// Path prefix of files.
pub(crate) const FILES: &str = "/files/";

/// Path prefix of upload slots.
pub(crate) const UPLOADS: &str = "/uploads/";

/// How long a slot is open, in seconds.
pub(crate) const UPLOAD_LIFETIME: u64 = 3600;

/// Creates a link to a file, such as `VIDEO_ID/video.mp4`. Each link is different, even within a second.
pub(crate) fn link(env: &Env, name: &str) -> String {
    let expires = env.clock.outside_now().saturating_add(millis(env.settings.link_lifetime)) / 1000;
    let (expires, number) = (expires.to_string(), env.link_number().to_string());
    let path = [FILES, name].concat();
    let signature = signature(env, &path, &expires, &number);
    [
        env.base_url(),
        &path,
        "?Expires=",
        &expires,
        "&Number=",
        &number,
        "&Signature=",
        &signature,
        "&Key-Pair-Id=simulated",
    ]
    .concat()
}

/// Whether the signature of a link is valid and the link has not expired.
pub(crate) fn is_signed(env: &Env, path: &str, query: &Pairs, expires: &str, signed: &str) -> bool {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let lasts = text(expires).parse().is_ok_and(|expires: u64| env.clock.outside_now() / 1000 <= expires);
    // A path has no newline, but a decoded parameter may have one.
    let number = text("Number");
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    lasts && plain && signature(env, path, text(expires), number) == text(signed).to_ascii_lowercase()
}

/// The signature of a path, an expiry time in seconds and the number of a link.
fn signature(env: &Env, path: &str, expires: &str, number: &str) -> String {
    env.keyed_hash([path, expires, number])
}

/// Decodes hexadecimal digits.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    // `decode` alone would accept a prefix `0x`.
    const_hex::check_raw(text).then(|| const_hex::decode(text).ok()).flatten()
}

/// Creates the link to an asset's upload slot.
pub(crate) fn upload_link(env: &Env, asset: &str) -> String {
    let expires = (env.clock.outside_now() / 1000 + UPLOAD_LIFETIME).to_string();
    let path = format!("{UPLOADS}{asset}");
    let signature = signature(env, &path, &expires, "");
    format!("{}{path}?X-Amz-Expires={expires}&X-Amz-Signature={signature}", env.base_url())
}

/// The headers that the PUT to an upload slot must send.
pub(crate) fn upload_headers(content_type: &str, digest: Option<&str>) -> Map<String, Value> {
    let mut headers = Map::from_iter([("content-type".to_owned(), json!(content_type))]);
    if let Some(digest) = digest.and_then(decode_hex) {
        headers.insert("x-amz-checksum-sha256".to_owned(), json!(BASE64_STANDARD.encode(digest)));
    }
    headers
}
