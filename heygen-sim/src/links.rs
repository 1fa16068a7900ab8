//! Signed links to files and to upload slots. They expire by real time, because other programs download and upload.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

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
    format!("{}{}", env.base_url(), target(env, name, &env.link_number().to_string()))
}

/// Creates the path and the query of a link for the simulator's own page. It does not change the numbers of other links.
pub(crate) fn own_target(env: &Env, name: &str) -> String {
    target(env, name, "page")
}

fn target(env: &Env, name: &str, number: &str) -> String {
    let expires = env.clock.outside_now().saturating_add(millis(env.settings.link_lifetime)) / 1000;
    let path = format!("{FILES}{name}");
    let signature = const_hex::encode(mac(env, &path, expires, number).finalize().into_bytes());
    format!("{path}?Expires={expires}&Number={number}&Signature={signature}&Key-Pair-Id=simulated")
}

/// Whether the signature of a link is valid and the link has not expired.
pub(crate) fn is_signed(env: &Env, path: &str, query: &Pairs, expires: &str, signature: &str) -> bool {
    let expires = query.get(expires).and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = query.get(signature).and_then(|text| decode_hex(text)).unwrap_or_default();
    let number = query.get("Number").map(String::as_str).unwrap_or_default();
    mac(env, path, expires, number).verify_slice(&signature).is_ok()
        && env.clock.outside_now() / 1000 <= expires
}

/// The MAC of a path, an expiry time in seconds and the number of a link.
fn mac(env: &Env, path: &str, expires: u64, number: &str) -> Hmac<Sha256> {
    // HMAC accepts a key of any length, so the default is never used.
    let mut mac = Hmac::<Sha256>::new_from_slice(env.signing_secret())
        .unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(format!("{path}\n{expires}\n{number}").as_bytes());
    mac
}

/// Decodes hexadecimal digits.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    // `decode` alone would accept a prefix `0x`.
    const_hex::check_raw(text).then(|| const_hex::decode(text).ok()).flatten()
}

/// Creates the link to an asset's upload slot.
pub(crate) fn upload_link(env: &Env, asset: &str) -> String {
    let expires = env.clock.outside_now() / 1000 + UPLOAD_LIFETIME;
    let path = format!("{UPLOADS}{asset}");
    let signature = const_hex::encode(mac(env, &path, expires, "").finalize().into_bytes());
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
