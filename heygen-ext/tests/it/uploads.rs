//! Tests uploads against the simulator.

use std::sync::{Arc, Mutex};

use heygen_ext::heygen_api::types::{AssetInput, CreateVideoAgentRequest};
use heygen_ext::{Error, ErrorKind, FileSource, HeyGen, Upload, UploadAll};

use crate::pair;

#[path = "../../examples/upload.rs"]
#[allow(dead_code, reason = "its `main` is not run here")]
mod example;

const MP4: &[u8] = include_bytes!("../../../heygen-sim/assets/video.mp4");
const MP3: &[u8] = include_bytes!("../../../heygen-sim/assets/speech.mp3");
const WEBM: &[u8] = include_bytes!("../../../heygen-sim/assets/alpha.webm");
const SRT: &[u8] = include_bytes!("../../../heygen-sim/assets/captions.srt");
const VTT: &[u8] = include_bytes!("../../../heygen-sim/assets/captions.vtt");

#[tokio::test]
async fn a_file_is_stored_unchanged_and_requests_take_its_asset() {
    let (_sim, heygen) = pair().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, content, media) in [
        ("talk.mp4", MP4, "video/mp4"),
        ("speech.mp3", MP3, "audio/mpeg"),
        ("alpha.webm", WEBM, "video/webm"),
        ("captions.srt", SRT, "application/x-subrip"),
        ("misnamed.png", MP4, "video/mp4"),
        ("no extension", MP3, "audio/mpeg"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let progress = Arc::new(Mutex::new((0, 0)));
        let recorded = Arc::clone(&progress);
        let upload = heygen.upload(path.as_path());
        let asset =
            upload.on_progress(move |sent, all| *recorded.lock().unwrap() = (sent, all)).await.unwrap();
        assert_eq!((asset.mime_type.as_str(), asset.size_bytes), (media, content.len() as u64));
        let stored = reqwest::get(asset.url.clone().unwrap()).await.unwrap().bytes().await.unwrap();
        assert!(stored == content, "{name}");
        assert_eq!(*progress.lock().unwrap(), (asset.size_bytes, asset.size_bytes));
        let kept = heygen.api().get_asset().asset_id(asset.asset_id.as_str()).send().await.unwrap();
        assert_eq!(kept.name, name);
        let request = CreateVideoAgentRequest::builder().prompt("A tour").files([&asset]).build().unwrap();
        assert_eq!(request.files.unwrap(), [AssetInput::from(asset)]);
    }
}

async fn refused(heygen: &HeyGen, file: FileSource) -> Error {
    let error = heygen.upload(file).await.unwrap_err();
    assert!(!error.may_have_executed() && !error.is_retryable(), "{error}");
    error
}

#[tokio::test]
async fn an_unsuitable_file_is_refused_before_anything_is_sent() {
    let (sim, heygen) = pair().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("empty.png"), "").unwrap();
    std::fs::write(at("captions.srt"), VTT).unwrap();
    std::fs::write(at("photo.png"), "<html><body>not found</body></html>").unwrap();
    for (file, kind, words) in [
        (FileSource::path(at("empty.png")), ErrorKind::Upload, "the file is empty"),
        (FileSource::path(at("captions.srt")), ErrorKind::Upload, "`text/vtt`"),
        (FileSource::path(at("photo.png")), ErrorKind::Upload, "`text/html`"),
        (FileSource::path(folder.path()), ErrorKind::Upload, "this is a folder"),
        (FileSource::path(at("missing.png")), ErrorKind::File, "cannot be read"),
        (FileSource::bytes("notes.txt", "notes"), ErrorKind::Upload, "the service accepts PNG"),
        (FileSource::reader("empty.png", 0, tokio::io::empty()), ErrorKind::Upload, "the file is empty"),
        (
            FileSource::bytes("a.png", MP4).media_type("video/mp4\r\nx: y"),
            ErrorKind::InvalidRequest,
            "content type",
        ),
    ] {
        let error = refused(&heygen, file).await;
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        let named = error.file_name().unwrap();
        assert!(text.starts_with(named) && text.contains(words), "{text}");
        let error = heygen.upload(FileSource::path(at("missing.png"))).direct().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
    }
    #[cfg(unix)]
    assert!(refused(&heygen, FileSource::path("/dev/null")).await.to_string().contains("not a regular file"));
    assert!(sim.requests().is_empty());
    // The service checks the content too.
    let error =
        heygen.upload(FileSource::bytes("a", "plain words").media_type("image/png")).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 400));
}

#[tokio::test]
async fn the_example_uploads_its_picture_and_a_file() {
    let (_sim, heygen) = pair().await;
    assert_eq!(example::upload(&heygen, None).await.unwrap().mime_type, "image/png");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("talk.mp4"), MP4).unwrap();
    let asset = example::upload(&heygen, Some(&folder.path().join("talk.mp4"))).await.unwrap();
    assert_eq!(asset.mime_type, "video/mp4");
}

#[test]
fn uploads_can_move_between_threads_and_debug_omits_their_content() {
    fn is_send<T: Send + std::fmt::Debug>() {}
    is_send::<Upload>();
    is_send::<UploadAll>();
    fn is_send_value<T: Send>(_: T) {}
    let heygen = HeyGen::builder().api_key("marked-secret").build().unwrap();
    let upload = heygen.upload(FileSource::bytes("a.png", "marked-content"));
    assert!(!format!("{upload:?}").contains("marked"));
    is_send_value(upload.send());
    is_send_value(heygen.upload_all([FileSource::bytes("a.png", "x")]).send());
}
