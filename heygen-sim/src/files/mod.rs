//! Files at signed links, as a storage service serves them: no API key, an expiry, a signature, ranges and tags.

pub(crate) mod blob;
mod range;
pub(crate) mod uploads;

use bytes::{BufMut, Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::Sha256;

use crate::clock::millis;
use crate::document::Pairs;
use crate::reply::{Payload, Reply};
use crate::world::World;
use blob::Blob;
use range::Range;

/// Where files live.
pub(crate) const PREFIX: &str = "/files/";

/// Files that were made for this project. A link to `…/NAME` serves the file of that name.
const BUILT_IN: [(&str, &str, &[u8]); 12] = [
    ("video.mp4", "video/mp4", include_bytes!("../../assets/video.mp4")),
    ("captioned.mp4", "video/mp4", include_bytes!("../../assets/captioned.mp4")),
    ("video.mov", "video/quicktime", include_bytes!("../../assets/video.mov")),
    ("video.webm", "video/webm", include_bytes!("../../assets/alpha.webm")),
    ("foreground.webm", "video/webm", include_bytes!("../../assets/alpha.webm")),
    ("preview.gif", "image/gif", include_bytes!("../../assets/preview.gif")),
    ("thumbnail.png", "image/png", include_bytes!("../../assets/thumbnail.png")),
    ("speech.mp3", "audio/mpeg", include_bytes!("../../assets/speech.mp3")),
    ("speech.wav", "audio/wav", SPEECH_WAV),
    ("captions.srt", "application/x-subrip", CAPTIONS_SRT),
    ("captions.vtt", "text/vtt", include_bytes!("../../assets/captions.vtt")),
    ("original.srt", "application/x-subrip", CAPTIONS_SRT),
];

/// Half a second of speech, mono, PCM 16 bit, 44.1 kHz.
pub(crate) const SPEECH_WAV: &[u8] = include_bytes!("../../assets/part.wav");

/// Captions of the simulator's video.
pub(crate) const CAPTIONS_SRT: &[u8] = include_bytes!("../../assets/captions.srt");

/// Length of the simulator's videos and of its speech, in seconds.
pub(crate) const DURATION: f64 = 3.0;

/// A fresh link to a file, such as `VIDEO_ID/video.mp4`: another one each time, also within a second.
pub(crate) fn link(world: &World, name: &str) -> String {
    let expires = world.clock.now().saturating_add(millis(world.settings.link_lifetime)) / 1000;
    let path = format!("{PREFIX}{name}");
    let number = world.link_number().to_string();
    let signature = const_hex::encode(mac(world, &path, expires, &number).finalize().into_bytes());
    let url = world.base_url();
    format!("{url}{path}?Expires={expires}&Number={number}&Signature={signature}&Key-Pair-Id=simulated")
}

/// Answers a request for a file.
pub(crate) async fn serve(world: &World, parts: &Parts, query: &Pairs) -> Reply {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return denied(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Only GET and HEAD are allowed");
    }
    if parts.headers.contains_key(header::AUTHORIZATION) {
        let message = "Only one auth mechanism allowed; the link is signed";
        return denied(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    let path = parts.uri.path();
    if !is_signed(world, path, query, "Expires", "Signature") {
        return denied(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "The signature is wrong or the link has expired",
        );
    }
    let name = path.strip_prefix(PREFIX).unwrap_or_default();
    match find(world, name) {
        Some((media, blob)) => deliver(&parts.method, &parts.headers, media, &blob),
        None => denied(StatusCode::NOT_FOUND, "NoSuchKey", "The file does not exist any more"),
    }
}

/// Whether a link was made here and still holds.
fn is_signed(world: &World, path: &str, query: &Pairs, expires: &str, signature: &str) -> bool {
    let expires = query.get(expires).and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = query.get(signature).and_then(|text| unhex(text)).unwrap_or_default();
    let number = query.get("Number").map(String::as_str).unwrap_or_default();
    mac(world, path, expires, number).verify_slice(&signature).is_ok() && world.clock.now() / 1000 <= expires
}

fn find(world: &World, name: &str) -> Option<(String, Blob)> {
    let mut segments = name.split('/');
    let owner = segments.next()?;
    let state = world.state();
    if state.gone.contains(owner) {
        return None;
    }
    if let Some(asset) = state.assets.get(owner) {
        return asset.content.clone().map(|content| (asset.media.clone(), content));
    }
    let file = segments.next_back()?;
    let (_, media, bytes) = BUILT_IN.iter().find(|(name, ..)| *name == file)?;
    let size = segments.next().and_then(|segment| segment.strip_prefix("size-")?.parse().ok());
    let blob = match size {
        Some(size) if *media == "video/mp4" => padded_video(bytes, size),
        _ => Blob::built_in(bytes),
    };
    Some(((*media).to_owned(), blob))
}

/// A video of that many bytes: it plays, and a box that players skip fills it up.
fn padded_video(video: &'static [u8], size: u64) -> Blob {
    let mut beginning = BytesMut::from(video);
    if let Some(filler) = size.checked_sub(video.len() as u64).filter(|filler| *filler >= 16) {
        beginning.put_u32(1);
        beginning.put_slice(b"free");
        beginning.put_u64(filler);
    }
    Blob::padded(beginning.freeze(), size)
}

fn deliver(method: &Method, headers: &HeaderMap, media: String, blob: &Blob) -> Reply {
    let tag = format!("\"{}\"", blob.tag());
    let length = blob.len();
    let range = range::wanted(headers, &tag, length);
    let (status, start, end) = match range {
        Range::Whole => (StatusCode::OK, 0, length),
        Range::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Range::Unchanged => (StatusCode::NOT_MODIFIED, 0, 0),
        Range::Changed => {
            let message = "At least one of the preconditions did not hold";
            return denied(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message);
        }
        Range::Nowhere => {
            let message = "The requested range is not satisfiable";
            return denied(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
                .header(header::CONTENT_RANGE, &format!("bytes */{length}"));
        }
    };
    let mut reply = Reply::bytes(status, &media, Bytes::new());
    reply.headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status != StatusCode::NOT_MODIFIED {
        reply.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    }
    if status == StatusCode::PARTIAL_CONTENT {
        reply = reply.header(header::CONTENT_RANGE, &format!("bytes {start}-{}/{length}", end - 1));
    }
    if *method == Method::GET && status != StatusCode::NOT_MODIFIED {
        reply.payload = Payload::Stream(blob.body(start, end));
    }
    reply.header(header::ETAG, &tag)
}

/// A refusal in the storage service's form.
pub(crate) fn denied(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut reply = Reply::bytes(status, "application/xml", body);
    reply.code = Some(code.to_owned());
    reply
}

fn mac(world: &World, path: &str, expires: u64, number: &str) -> Hmac<Sha256> {
    // HMAC takes a key of any length, so this default is never taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(world.signing_secret())
        .unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(format!("{path}\n{expires}\n{number}").as_bytes());
    mac
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    // Decoding alone would take `0x` before the digits.
    const_hex::check_raw(text).then(|| const_hex::decode(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_what_they_say() {
        for (name, media, bytes) in BUILT_IN {
            let found = match media {
                "application/x-subrip" => bytes.windows(5).any(|five| five == b" --> ").then_some(media),
                "text/vtt" => bytes.starts_with(b"WEBVTT").then_some(media),
                "audio/wav" => bytes.starts_with(b"RIFF").then_some(media),
                _ => infer::get(bytes).map(|kind| kind.mime_type()),
            };
            assert_eq!(found, Some(media), "{name}");
            assert!(bytes.len() < 100_000, "{name}");
        }
    }

    #[test]
    fn a_padded_video_has_its_size_in_one_more_box() {
        let blob = padded_video(BUILT_IN[0].2, 1 << 30);
        assert_eq!(blob.len(), 1 << 30);
        assert_eq!(padded_video(BUILT_IN[0].2, 5).len(), BUILT_IN[0].2.len() as u64);
    }
}
