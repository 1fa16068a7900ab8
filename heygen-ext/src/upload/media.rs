//! What kind of file it is: by its content first, then by its name.

use std::path::Path;

use crate::error::Error;

/// Bytes of the beginning that tell what a file is.
pub(super) const HEAD: usize = 8 * 1024;

/// What a signature always shows. A file that is named so and has no signature is something else.
const SIGNED: [&str; 5] = ["image/png", "image/jpeg", "video/webm", "audio/wav", "application/zip"];

const TAKEN: &str = "PNG, JPEG, MP4, WebM, MP3, WAV, PDF, SRT, and ZIP for HyperFrames";

/// The type of a file with this beginning and name.
///
/// # Errors
///
/// The service does not accept this type.
pub(super) fn detect(head: &[u8], name: &str) -> Result<&'static str, Error> {
    let named = by_name(name);
    // Office documents, books and programs are zips too; what is named a zip is sent as one.
    if named == Some("application/zip") && head.starts_with(b"PK\x03\x04") {
        return Ok("application/zip");
    }
    if let Some(found) = infer::get(head).map(|kind| kind.mime_type()) {
        return taken(found).ok_or_else(|| refused(&format!("its content is `{found}`")));
    }
    match named {
        _ if head.windows(6).take(16).any(|six| six == b"WEBVTT") => {
            Err(refused("its content is `text/vtt`"))
        }
        _ if head.windows(5).any(|five| five == b" --> ") => Ok("application/x-subrip"),
        Some(named) if SIGNED.contains(&named) => {
            Err(refused(&format!("by its name it is `{named}`, by its content it is not")))
        }
        Some(named) => Ok(named),
        None => Err(refused("neither its content nor its name says what it is")),
    }
}

fn refused(found: &str) -> Error {
    Error::upload(format!(
        "{found}; the service takes {TAKEN}: convert the file, or set `FileSource::media_type` if it is one of these"
    ))
}

/// A type that a signature shows, in the spelling that the service uses, if the service takes it.
fn taken(found: &str) -> Option<&'static str> {
    Some(match found {
        "image/png" => "image/png",
        "image/jpeg" => "image/jpeg",
        // An M4V is an MP4 by another maker.
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
    fn content_goes_before_the_name() {
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
    fn a_name_stands_in_for_content_that_says_nothing() {
        // Such as a frame of MPEG 2.5, or a brand of MP4 that is new.
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
            let said = found(head, name);
            assert!(said.contains("the service takes PNG") && said.contains("media_type"), "{said}");
        }
    }
}
