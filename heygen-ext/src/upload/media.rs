//! Detects the type of a file from its content, or else from its name.

use std::path::Path;

use crate::error::Error;

/// The number of bytes from the beginning of a file that detection uses.
pub(super) const HEAD: usize = 8 * 1024;

/// The types that always have a signature. A file that has such a name but not the signature is of another type.
const TYPES_WITH_SIGNATURE: [&str; 5] =
    ["image/png", "image/jpeg", "video/webm", "audio/wav", "application/zip"];

const ACCEPTED_TYPES: &str = "PNG, JPEG, MP4, WebM, MP3, WAV, PDF, SRT, and ZIP for HyperFrames";

/// Returns the type of a file with this beginning and name.
///
/// # Errors
///
/// The service does not accept this type.
pub(super) fn detect(head: &[u8], name: &str) -> Result<&'static str, Error> {
    let named = by_name(name);
    // Office documents, e-books and programs are ZIP files too. A file named `.zip` is sent as a ZIP file.
    if named == Some("application/zip") && head.starts_with(b"PK\x03\x04") {
        return Ok("application/zip");
    }
    if let Some(found) = infer::get(head).map(|kind| kind.mime_type()) {
        return accepted(found).ok_or_else(|| refused(&format!("its content is `{found}`")));
    }
    match named {
        _ if head.windows(6).take(16).any(|six| six == b"WEBVTT") => {
            Err(refused("its content is `text/vtt`"))
        }
        _ if head.windows(5).any(|five| five == b" --> ") => Ok("application/x-subrip"),
        Some(named) if TYPES_WITH_SIGNATURE.contains(&named) => {
            Err(refused(&format!("its name says `{named}`, but its content does not match")))
        }
        Some(named) => Ok(named),
        None => Err(refused("neither its content nor its name shows its type")),
    }
}

fn refused(found: &str) -> Error {
    Error::upload(format!(
        "{found}; the service accepts {ACCEPTED_TYPES}: convert the file, or set `FileSource::media_type` if it is one of these"
    ))
}

/// Returns a detected type in the spelling of the service, if the service accepts the type.
fn accepted(found: &str) -> Option<&'static str> {
    Some(match found {
        "image/png" => "image/png",
        "image/jpeg" => "image/jpeg",
        // An M4V file is an MP4 file with another brand.
        "video/mp4" | "video/x-m4v" => "video/mp4",
        "video/webm" => "video/webm",
        "audio/mpeg" => "audio/mpeg",
        "audio/x-wav" | "audio/wav" => "audio/wav",
        "application/pdf" => "application/pdf",
        "application/zip" => "application/zip",
        _ => return None,
    })
}

fn by_name(name: &str) -> Option<&'static str> {
    let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "pdf" => "application/pdf",
        "srt" => "application/x-subrip",
        "zip" => "application/zip",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(head: &[u8], name: &str) -> String {
        detect(head, name).map_or_else(|error| error.to_string(), str::to_owned)
    }

    #[test]
    fn the_content_has_precedence_over_the_name() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(found(png, "photo.jpg"), "image/png");
        assert_eq!(found(b"\xff\xd8\xff\xe0aaaa", "x"), "image/jpeg");
        assert_eq!(found(b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2", "x"), "video/mp4");
        assert_eq!(found(b"RIFF\x24\0\0\0WAVEfmt ", "x"), "audio/wav");
        assert_eq!(found(b"ID3\x04", "x"), "audio/mpeg");
        assert_eq!(found(b"%PDF-1.7", "x"), "application/pdf");
        assert_eq!(found(b"PK\x03\x04\x14\0", "x"), "application/zip");
        assert_eq!(found(b"PK\x03\x04\x14\0\0\0\0\0META-INF/", "project.zip"), "application/zip");
    }

    #[test]
    fn subtitles_have_no_signature() {
        let srt = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n";
        assert_eq!(found(srt, "talk"), "application/x-subrip");
        assert_eq!(found(b"", "talk.SRT"), "application/x-subrip");
        assert!(
            found(b"\xef\xbb\xbfWEBVTT\n\n00:01.000 --> 00:02.000\nHello", "talk.srt").contains("text/vtt")
        );
    }

    #[test]
    fn the_name_decides_if_the_content_is_unknown() {
        // Examples: a frame of MPEG 2.5, and a new brand of MP4.
        assert_eq!(found(b"\xff\xe3\x18\xc4", "speech.mp3"), "audio/mpeg");
        assert_eq!(found(b"\0\0\0\x20ftypnew1", "clip.mp4"), "video/mp4");
    }

    #[test]
    fn an_unsupported_type_is_refused_with_the_remedy() {
        for (head, name) in [
            (&b"GIF89a"[..], "a.gif"),
            (b"<html><body>", "a.html"),
            (b"\0\0\0\x14ftypqt  ", "a.mov"),
            (b"plain words", "a.txt"),
            (b"plain words", "a.png"),
        ] {
            let text = found(head, name);
            assert!(text.contains("the service accepts PNG") && text.contains("media_type"), "{text}");
        }
    }
}
