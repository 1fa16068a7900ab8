//! Direct uploads: a signed PUT, which must match the size and the headers of its slot.

use http::request::Parts;
use http::{HeaderName, Method, StatusCode, header};
use hyper::body::Incoming;

use crate::blob::Spool;
use crate::body::next_chunk;
use crate::document::check::Pairs;
use crate::document::document;
use crate::files::xml_error;
use crate::links::{UPLOADS, is_signed_upload};
use crate::reply::Reply;
use crate::world::World;

/// Receives the bytes of an upload.
pub(crate) async fn receive(world: &World, parts: &Parts, query: &Pairs, body: Incoming) -> Reply {
    if parts.method != Method::PUT {
        return xml_error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Only PUT is allowed")
            .header(header::ALLOW, "PUT");
    }
    let wrong = |message: &str| xml_error(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message);
    if !is_signed_upload(&world.env, parts.uri.path(), query) {
        return xml_error(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "The signature is wrong or the slot has expired",
        );
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if text("authorization").is_some() || text(document().api_key_header()).is_some() {
        return wrong("No authorization belongs to a signed request");
    }
    let id = parts.uri.path().strip_prefix(UPLOADS).unwrap_or_default().to_owned();
    let slot = world.state().assets.get(&id).and_then(|asset| asset.slot.clone());
    let Some(slot) = slot else {
        return xml_error(StatusCode::NOT_FOUND, "NoSuchKey", "The slot does not exist");
    };
    for (name, value) in &slot.headers {
        if text(name) != value.as_str() {
            return wrong(&format!("The header {name} was signed and must be sent as it was given"));
        }
    }
    // Other `x-amz-` headers must be signed, because the storage service acts on them.
    let mut others = parts.headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    let signed = |name: &str| slot.headers.keys().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(name) = others.find(|name| !signed(name)) {
        return wrong(&format!("The header {name} was not signed"));
    }
    if text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()) != Some(slot.size) {
        return wrong(&format!("Content-Length was signed: it must be {}", slot.size));
    }
    let mut spool = Spool::new();
    let mut body = body;
    loop {
        match next_chunk(&mut body).await {
            Ok(Some(chunk)) => {
                if let Err(refusal) = spool.write(chunk) {
                    return xml_error(refusal.status, "InternalError", &refusal.message);
                }
            }
            Ok(None) => break,
            Err(refusal) if refusal.status == StatusCode::REQUEST_TIMEOUT => {
                return xml_error(StatusCode::BAD_REQUEST, "RequestTimeout", &refusal.message);
            }
            Err(_) => {
                return xml_error(StatusCode::BAD_REQUEST, "IncompleteBody", "The body ended too early");
            }
        }
    }
    if spool.len() != slot.size {
        return xml_error(StatusCode::BAD_REQUEST, "IncompleteBody", "The body ended too early");
    }
    let Ok(content) = spool.finish() else {
        return xml_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The file cannot be kept");
    };
    if slot.digest.is_some() && slot.digest.as_deref() != content.digest().map(<[u8; 32]>::as_slice) {
        return xml_error(StatusCode::BAD_REQUEST, "BadDigest", "The checksum is not that of the bytes");
    }
    let tag = format!("\"{}\"", content.tag());
    let now = world.env.clock.now();
    let mut state = world.state();
    let size = content.memory();
    if let Some(asset) = state.assets.get_mut(&id) {
        asset.content = Some(content);
        asset.arrived = Some(now);
        state.assets.resize(&id, size);
    }
    drop(state);
    Reply::bytes(StatusCode::OK, "application/xml", "").header(header::ETAG, &tag)
}
