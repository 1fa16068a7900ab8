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

/// Room for a link without its base URL and its name, in bytes.
const LINK_ROOM: usize = 128;

/// How long a slot is open, in seconds.
pub(crate) const UPLOAD_LIFETIME: u64 = 3600;

/// Creates a link to a file, such as `VIDEO_ID/video.mp4`. Each link is different, even within a second.
pub(crate) fn link(env: &Env, name: &str) -> String {
    signed_link(env, env.base_url(), name, env.link_number().as_str())
}

/// Creates the path and the query of a link for the simulator's own page. It does not change the numbers of other links.
pub(crate) fn own_target(env: &Env, name: &str) -> String {
    signed_link(env, "", name, "0")
}

/// A link to a file at a base URL. A page of a list has hundreds, so it is written in one piece.
fn signed_link(env: &Env, base_url: &str, name: &str, number: &str) -> String {
    let expires = env.clock.outside_now().saturating_add(millis(env.settings.link_lifetime)) / 1000;
    let mut link = String::with_capacity(base_url.len() + name.len() + LINK_ROOM);
    link.push_str(base_url);
    push_signed_file(&mut link, &[FILES, name], &expires.to_string(), number);
    let signature = signature(env, link.get(base_url.len()..).unwrap_or_default());
    for part in ["&Signature=", signature.as_str(), "&Key-Pair-Id=simulated"] {
        link.push_str(part);
    }
    link
}

/// Writes the part of a link to a file that is signed.
fn push_signed_file(link: &mut String, path: &[&str], expires: &str, number: &str) {
    for part in path.iter().chain(&["?Expires=", expires, "&Number=", number]) {
        link.push_str(part);
    }
}

/// The part of a link to an upload slot that is signed.
fn signed_upload(path: &str, expires: &str) -> String {
    [path, "?X-Amz-Expires=", expires].concat()
}

fn signature(env: &Env, signed: &str) -> const_hex::Buffer<16> {
    env.keyed_hash(signed.as_bytes())
}

/// Whether the signature of a link to a file is valid and the link has not expired.
pub(crate) fn is_signed_file(env: &Env, path: &str, query: &Pairs) -> bool {
    let (expires, number) = (text(query, "Expires"), text(query, "Number"));
    let mut signed = String::new();
    push_signed_file(&mut signed, &[path], expires, number);
    is_open(env, expires) && is_number(number) && text(query, "Signature") == signature(env, &signed).as_str()
}

/// Whether the signature of a link to an upload slot is valid and the slot is open.
pub(crate) fn is_signed_upload(env: &Env, path: &str, query: &Pairs) -> bool {
    let expires = text(query, "X-Amz-Expires");
    is_open(env, expires)
        && text(query, "X-Amz-Signature") == signature(env, &signed_upload(path, expires)).as_str()
}

fn text<'a>(query: &'a Pairs, name: &str) -> &'a str {
    query.get(name).map(String::as_str).unwrap_or_default()
}

/// Whether a time in seconds since 1970 has not passed.
fn is_open(env: &Env, expires: &str) -> bool {
    is_number(expires) && expires.parse().is_ok_and(|expires: u64| env.clock.outside_now() / 1000 <= expires)
}

/// Whether a text consists of digits, as the numbers in links do. Anything else could imitate another parameter in the signed part.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Decodes hexadecimal digits.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    // `decode` alone would accept a prefix `0x`.
    const_hex::check_raw(text).then(|| const_hex::decode(text).ok()).flatten()
}

/// Creates the link to an asset's upload slot.
pub(crate) fn upload_link(env: &Env, asset: &str) -> String {
    let expires = (env.clock.outside_now() / 1000 + UPLOAD_LIFETIME).to_string();
    let signed = signed_upload(&format!("{UPLOADS}{asset}"), &expires);
    [env.base_url(), &signed, "&X-Amz-Signature=", signature(env, &signed).as_str()].concat()
}

/// The headers that the PUT to an upload slot must send.
pub(crate) fn upload_headers(content_type: &str, digest: Option<&str>) -> Map<String, Value> {
    let mut headers = Map::from_iter([("content-type".to_owned(), json!(content_type))]);
    if let Some(digest) = digest.and_then(decode_hex) {
        headers.insert("x-amz-checksum-sha256".to_owned(), json!(BASE64_STANDARD.encode(digest)));
    }
    headers
}
