//! Serves files at signed links like a storage service: without an API key, and with ranges and `ETag`.

mod range;
pub(crate) mod uploads;

use bytes::{BufMut, Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use range::{FileInfo, Range};

use crate::blob::Blob;
use crate::document::check::Pairs;
use crate::links::{FILES, is_signed_file};
use crate::media::BUILT_IN;
use crate::reply::{Payload, Reply};
use crate::world::World;

/// Responds to a request for a file.
pub(crate) async fn serve(world: &World, parts: &Parts, query: &Pairs) -> Reply {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let message = "Only GET and HEAD are allowed";
        return xml_error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
            .header(header::ALLOW, "GET, HEAD");
    }
    if parts.headers.contains_key(header::AUTHORIZATION) {
        let message = "Only one auth mechanism allowed; the link is signed";
        return xml_error(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    let path = parts.uri.path();
    if !is_signed_file(&world.env, path, query) {
        return xml_error(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "The signature is wrong or the link has expired",
        );
    }
    let name = path.strip_prefix(FILES).unwrap_or_default();
    match find(world, name) {
        Some((media, blob)) => {
            // By real time: HTTP forbids a modification after the response.
            let modified = i64::try_from(world.env.started / 1000).unwrap_or_default();
            deliver(&parts.method, &parts.headers, media, &blob, modified)
        }
        None => xml_error(StatusCode::NOT_FOUND, "NoSuchKey", "The file does not exist any more"),
    }
}

/// The media type and the content of a file, by its path without the prefix.
fn find(world: &World, name: &str) -> Option<(String, Blob)> {
    let mut segments = name.split('/');
    let owner = segments.next()?;
    let state = world.state();
    if state.deleted.contains(owner) {
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

/// A video padded to a size in bytes. The padding is an MP4 box that players skip.
fn padded_video(video: &'static [u8], size: u64) -> Blob {
    let mut beginning = BytesMut::from(video);
    if let Some(filler) = size.checked_sub(video.len() as u64).filter(|filler| *filler >= 16) {
        beginning.put_u32(1);
        beginning.put_slice(b"free");
        beginning.put_u64(filler);
    }
    Blob::padded(beginning.freeze(), size)
}

/// Sends a file, or the requested range of it.
fn deliver(method: &Method, headers: &HeaderMap, media: String, blob: &Blob, modified: i64) -> Reply {
    let tag = format!("\"{}\"", blob.tag());
    let length = blob.len();
    let range = range::requested(headers, FileInfo { tag: &tag, modified, length });
    let (status, start, end) = match range {
        Range::Whole => (StatusCode::OK, 0, length),
        Range::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Range::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Range::PreconditionFailed => {
            let message = "At least one of the preconditions did not hold";
            return xml_error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message);
        }
        Range::Unsatisfiable => {
            let message = "The requested range is not satisfiable";
            return xml_error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
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
    reply.header(header::ETAG, &tag).header(header::LAST_MODIFIED, &range::format_date(modified))
}

/// An error in the form of the storage service.
pub(crate) fn xml_error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut reply = Reply::bytes(status, "application/xml", body);
    reply.code = Some(code.to_owned());
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_files_have_their_media_types() {
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
    fn a_padded_video_has_the_requested_size() {
        let blob = padded_video(BUILT_IN[0].2, 1 << 30);
        assert_eq!(blob.len(), 1 << 30);
        assert_eq!(padded_video(BUILT_IN[0].2, 5).len(), BUILT_IN[0].2.len() as u64);
    }
}
