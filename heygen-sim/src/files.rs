//! Files at signed URLs, as a storage service serves them: no API key, an expiry, a signature.

use axum::body::Body;
use hmac::{Hmac, Mac};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use sha2::Sha256;

use crate::refusal::Refusal;
use crate::world::World;

/// Where files live.
pub(crate) const PREFIX: &str = "/files/";

/// How long a link holds, in seconds of the simulator's clock.
const LIFETIME: u64 = 3600;

/// A small real video, made for this project: 640×360, three seconds, H.264 and AAC.
const VIDEO: &[u8] = include_bytes!("../assets/video.mp4");

/// A fresh link to a file.
pub(crate) fn signed_url(world: &World, name: &str) -> String {
    let expires = world.clock().now() / 1000 + LIFETIME;
    let path = format!("{PREFIX}{name}");
    let signature = hex(&mac(world, &path, expires).finalize().into_bytes());
    format!("{}{path}?Expires={expires}&Signature={signature}", world.base_url())
}

/// Answers a request for a file.
pub(crate) fn serve(world: &World, request: &Request<Body>) -> Result<Response<Body>, Refusal> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(denied(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"));
    }
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Err(denied(
            StatusCode::BAD_REQUEST,
            "only one way of authorization is allowed: the link is signed",
        ));
    }
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let expires = value("Expires").and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = value("Signature").and_then(unhex).unwrap_or_default();
    if mac(world, path, expires).verify_slice(&signature).is_err() {
        return Err(denied(StatusCode::FORBIDDEN, "the signature does not match"));
    }
    if world.clock().now() / 1000 > expires {
        return Err(denied(StatusCode::FORBIDDEN, "the link has expired"));
    }
    let mut response = Response::new(match *request.method() {
        Method::HEAD => Body::empty(),
        _ => Body::from(VIDEO),
    });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(VIDEO.len()));
    Ok(response)
}

fn denied(status: StatusCode, message: &str) -> Refusal {
    Refusal::new(status, "access_denied", message)
}

fn mac(world: &World, path: &str, expires: u64) -> Hmac<Sha256> {
    // HMAC takes a key of any length, so this default is never taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(&world.signing_secret())
        .unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(format!("{path}\n{expires}").as_bytes());
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}
