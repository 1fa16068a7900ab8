//! Tests downloads against the simulator: every kind of file, and faults during a transfer.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use heygen_api::FilePart;
use heygen_api::types::{self, VideoDetail};
use heygen_ext::{
    ClipFile, ErrorCode, ErrorKind, HeyGen, Link, LipsyncFile, ProofreadFile, RenderFile, TranslationFile,
    VideoFile, heygen_api,
};
use heygen_sim::{Fault, Sim};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::pair;

/// The size of a large file.
const LARGE: u64 = 5_000_000;

/// Converts JSON to the body of a request.
fn body<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn source() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

/// Creates a finished video with this script, which can contain directives for the simulator.
async fn video(sim: &Sim, heygen: &HeyGen, script: &str) -> VideoDetail {
    let request = json!({"avatar_id": "Anna_sitting_public", "script": script,
        "caption": {"file_format": "srt", "style": "default"}});
    let made = heygen.api().create_video().body(body::<types::CreateVideoFromAvatar>(request)).send().await;
    sim.advance(Duration::from_secs(600));
    read(heygen, &made.unwrap().video_id).await
}

async fn read(heygen: &HeyGen, id: &str) -> VideoDetail {
    heygen.api().get_video().video_id(id).await.unwrap().into_inner()
}

async fn large(sim: &Sim, heygen: &HeyGen) -> VideoDetail {
    video(sim, heygen, &format!("Hello [sim:size={LARGE}]")).await
}

async fn fetch(heygen: &HeyGen, what: impl Into<Link>) -> Bytes {
    heygen.download(what).bytes(1 << 23).await.unwrap()
}

/// The usual extension of a file with this content.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'G', b'I', b'F', ..] => "gif",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "webm",
        [b'I', b'D', b'3', ..] | [0xff, ..] => "mp3",
        [b'W', b'E', b'B', b'V', b'T', b'T', ..] => "vtt",
        bytes if bytes.get(4..8) == Some(b"ftyp") => "mp4",
        bytes if bytes.windows(5).any(|five| five == b" --> ") => "srt",
        _ => "unknown",
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The `Range` of each request for a file, and the status of its answer.
fn requests(sim: &Sim) -> Vec<(Option<String>, Option<u16>)> {
    let requests = sim.requests().into_iter();
    let files = requests.filter(|request| request.operation.as_deref() == Some("files"));
    files.map(|request| (request.headers.get("range").cloned(), request.status)).collect()
}

#[tokio::test]
async fn every_file_of_a_video_is_downloaded() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    let main = fetch(&heygen, &video).await;
    assert_eq!(kind(&main), "mp4");
    assert_eq!(main, fetch(&heygen, VideoFile::Video.of(&video)).await);
    for (file, is) in [
        (VideoFile::Captioned, "mp4"),
        (VideoFile::Gif, "gif"),
        (VideoFile::Thumbnail, "png"),
        (VideoFile::Subtitles, "srt"),
    ] {
        assert_eq!(kind(&fetch(&heygen, file.of(&video)).await), is, "{file:?}");
    }
    let url = video.gif_url.as_deref().unwrap();
    assert_eq!(kind(&fetch(&heygen, Link::new(url)).await), "gif");
}

#[tokio::test]
async fn files_of_other_resources_are_downloaded() {
    let (sim, heygen) = pair().await;
    let api = heygen.api();
    let translate = json!({"video": source(), "output_languages": ["German"], "enable_caption": true});
    let translate = body::<types::CreateVideoTranslationRequest>(translate);
    let translation = api.create_video_translation().body(translate).send().await.unwrap();
    let lipsync = json!({"video": source(), "audio": {"type": "url", "url": "https://example.com/a.mp3"}});
    let lipsync =
        api.create_lipsync().body(body::<types::CreateLipsyncRequest>(lipsync)).send().await.unwrap();
    let render = json!({"project": {"type": "url", "url": "https://example.com/a.zip"}});
    let render = body::<types::CreateHyperframesRenderRequest>(render);
    let render = api.create_hyperframes_render().body(render).send().await.unwrap();
    let clipping = body::<types::CreateAiClippingRequest>(json!({"video": source()}));
    let clipping = api.create_ai_clipping().body(clipping).send().await.unwrap();
    let cleaned = body::<types::CreateFillerWordRemovalRequest>(json!({"video": source()}));
    let cleaned = api.create_filler_word_removal().body(cleaned).send().await.unwrap();
    let proofread = json!({"video": source(), "output_languages": ["de"], "title": "t"});
    let proofread = body::<types::CreateProofreadRequest>(proofread);
    let proofread = api.create_proofread().body(proofread).send().await.unwrap();
    let model = json!({"mode": "text_to_video", "model": "heygen-video-1", "prompt": "Bees"});
    let model =
        api.create_model_video().body(body::<types::CreateModelVideoBody>(model)).send().await.unwrap();
    sim.advance(Duration::from_secs(600));

    let id = &translation.video_translation_ids[0];
    let translation = &api.get_video_translation().video_translation_id(id.as_str()).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, translation).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, TranslationFile::Video.of(translation)).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, TranslationFile::Srt.of(translation)).await), "srt");
    assert_eq!(kind(&fetch(&heygen, TranslationFile::Vtt.of(translation)).await), "vtt");
    // The audio does not exist, because the video was translated too. The download fails without waiting.
    let error = heygen.download(TranslationFile::Audio.of(translation)).bytes(1).await.unwrap_err();
    assert!(error.to_string().contains(&format!("audio of video translation {id}")), "{error}");

    let lipsync = &api.get_lipsync().lipsync_id(&*lipsync.lipsync_id).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, lipsync).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, LipsyncFile::Captions.of(lipsync)).await), "srt");

    let render = &api.get_hyperframes_render().render_id(&*render.render_id).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, render).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, RenderFile::Thumbnail.of(render)).await), "png");

    let clipping = &api.get_ai_clipping().job_id(&*clipping.ai_clipping_id).await.unwrap();
    let clip = &*clipping.clips.as_ref().unwrap()[0].id;
    assert_eq!(kind(&fetch(&heygen, ClipFile::Video.of(clipping, clip)).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, ClipFile::Thumbnail.of(clipping, clip)).await), "png");
    assert!(heygen.download(ClipFile::Video.of(clipping, "another")).bytes(1).await.is_err());

    let id = &*cleaned.filler_word_removal_id;
    let cleaned = &api.get_filler_word_removal().filler_word_removal_id(id).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, cleaned).await), "mp4");
    for file in [ProofreadFile::Srt, ProofreadFile::Original] {
        assert_eq!(kind(&fetch(&heygen, file.of(&proofread.proofread_ids[0])).await), "srt");
    }
    let model = &api.get_model_video().video_id(&*model.video_id).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, model).await), "mp4");

    let speech = body::<types::CreateSpeechRequest>(json!({"text": "Hello", "voice_id": "en-us-clara"}));
    let speech = &api.create_speech().body(speech).await.unwrap();
    assert_eq!(kind(&fetch(&heygen, speech).await), "mp3");
    let picture = fetch(&heygen, RenderFile::Thumbnail.of(render)).await;
    let part = FilePart::bytes("a.png", "image/png", picture.clone());
    let uploaded = &api.upload_asset().file(part).await.unwrap();
    assert_eq!(fetch(&heygen, uploaded).await, picture);
    let asset = &api.get_asset().asset_id(&*uploaded.asset_id).await.unwrap();
    // Both links can be renewed.
    sim.advance(Duration::from_secs(7200));
    assert_eq!(fetch(&heygen, uploaded).await, picture);
    assert_eq!(fetch(&heygen, asset).await, picture);
}

#[cfg(feature = "preview")]
#[tokio::test]
async fn files_of_preview_resources_are_downloaded() {
    use heygen_ext::LayerFile;
    let (sim, heygen) = pair().await;
    let api = heygen.api();
    let removal = body::<types::CreateBackgroundRemovalRequest>(json!({"video": source()}));
    let id = api.create_background_removal().body(removal).await.unwrap().into_inner().id;
    sim.advance(Duration::from_secs(600));
    let removal = &api.get_background_removal().job_id(&*id).await.unwrap();
    for layer in removal.layers.as_ref().unwrap().keys() {
        let link = LayerFile::named(layer).of(removal);
        assert!(["mp4", "webm"].contains(&kind(&fetch(&heygen, link).await)), "{layer}");
    }
    let error = heygen.download(LayerFile::named("shadow").of(removal)).bytes(1).await.unwrap_err();
    assert!(error.to_string().contains("layer shadow of background removal"), "{error}");
}

#[tokio::test]
async fn a_file_is_complete_and_has_the_usual_permissions() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.mp4");
    let progress = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&progress);
    let download = heygen
        .download(&video)
        .on_progress(move |received, all| recorded.lock().unwrap().push((received, all)));
    assert_eq!(download.to_path(&path).await.unwrap(), path);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(kind(&bytes), "mp4");
    let size = bytes.len() as u64;
    assert_eq!(progress.lock().unwrap().last(), Some(&(size, Some(size))));
    assert_eq!(names(folder.path()), ["hello.mp4"], "the folder has no other file");
    #[cfg(unix)]
    {
        let mode = |path: &Path| {
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
        };
        let usual = folder.path().join("usual");
        std::fs::write(&usual, "").unwrap();
        assert_eq!(mode(&path), mode(&usual));
    }
    let files = sim.requests().into_iter().filter(|request| request.operation.as_deref() == Some("files"));
    for request in files {
        assert!(!request.headers.contains_key("x-api-key") && !request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn broken_connections_are_resumed() {
    let (sim, heygen) = pair().await;
    let video = large(&sim, &heygen).await;
    let intact = fetch(&heygen, &video).await;
    assert_eq!(intact.len() as u64, LARGE);
    for way in ["path", "writer", "stream"] {
        sim.clear_requests();
        sim.clear_faults();
        sim.inject(Fault::half_body().on("files").times(2)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("video.mp4");
        let download = heygen.download(&video);
        match way {
            "path" => drop(download.to_path(&path).await.unwrap()),
            "writer" => {
                let file = tokio::fs::File::create(&path).await.unwrap();
                assert_eq!(download.to_writer(file).await.unwrap(), LARGE);
            }
            _ => {
                let stream = download.stream().await.unwrap();
                assert_eq!(stream.expected_len(), Some(LARGE));
                let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
                std::fs::write(&path, chunks.concat()).unwrap();
            }
        }
        assert!(std::fs::read(&path).unwrap() == intact, "{way}");
        let requests = requests(&sim);
        assert_eq!(requests.len(), 3, "{requests:?}");
        assert!(requests[0].0.is_none() && requests[1].0.is_some() && requests[2].0 > requests[1].0);
        assert_eq!((requests[1].1, requests[2].1), (Some(206), Some(206)));
    }
}

#[tokio::test]
async fn an_incomplete_rest_is_resumed() {
    let (sim, heygen) = pair().await;
    let video = large(&sim, &heygen).await;
    sim.inject(Fault::half_body().on("files").times(1)).unwrap();
    sim.inject(Fault::wrong_length().on("files").times(1)).unwrap();
    assert_eq!(fetch(&heygen, &video).await.len() as u64, LARGE);
    let statuses: Vec<_> = requests(&sim).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Some(200), Some(206), Some(206)]);
}

#[tokio::test]
async fn faults_of_the_file_server_are_retried() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    for fault in [Fault::status(503), Fault::reset(), Fault::close_before(), Fault::close_after()] {
        sim.inject(fault.on("files").times(1)).unwrap();
        assert_eq!(kind(&fetch(&heygen, &video).await), "mp4");
    }
}

#[tokio::test]
async fn a_link_that_has_expired_is_renewed_once() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    let bare = video.video_url.clone().unwrap();
    sim.advance(Duration::from_secs(7200));
    sim.clear_requests();
    let folder = tempfile::tempdir().unwrap();
    heygen.download(&video).to_path(folder.path().join("late.mp4")).await.unwrap();
    let operations: Vec<_> = sim.requests().into_iter().filter_map(|request| request.operation).collect();
    assert_eq!(operations, ["files", "getVideoV3", "files"]);

    let error = heygen.download(Link::new(bare)).bytes(1).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Download, 403));
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("403") && shown.contains("fresh one") && !shown.contains("Signature"), "{shown}");

    sim.inject(Fault::status(403).on("files")).unwrap();
    sim.clear_requests();
    let error = heygen.download(&video).to_path(folder.path().join("never.mp4")).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Download, 403));
    assert!(error.to_string().contains("and so was a fresh one"), "{error}");
    assert!(error.may_have_executed());
    assert_eq!((requests(&sim).len(), names(folder.path())), (2, vec!["late.mp4".to_owned()]));
}

#[tokio::test]
async fn a_link_that_expires_during_a_download_is_renewed() {
    let (sim, heygen) = pair().await;
    let video = large(&sim, &heygen).await;
    sim.clear_requests();
    sim.inject(Fault::half_body().on("files").times(1)).unwrap();
    sim.inject(Fault::status(403).on("files").times(1)).unwrap();
    assert_eq!(fetch(&heygen, &video).await.len() as u64, LARGE);
    let statuses: Vec<_> = requests(&sim).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Some(200), Some(403), Some(206)]);
}

#[tokio::test]
async fn a_missing_link_is_read_from_the_resource() {
    let (sim, heygen) = pair().await;
    let request = json!({"avatar_id": "Anna_sitting_public",
        "script": "Hello [sim:late-link] [sim:takes=60]"});
    let made = heygen.api().create_video().body(body::<types::CreateVideoFromAvatar>(request)).send().await;
    let id = made.unwrap().into_inner().video_id;
    let running = read(&heygen, &id).await;
    let error = heygen.download(&running).bytes(1).await.unwrap_err();
    assert!(error.to_string().contains("not finished: wait for it"), "{error}");
    sim.advance(Duration::from_secs(61));
    let late = read(&heygen, &id).await;
    assert_eq!((late.status.as_str(), &late.video_url), ("completed", &None));
    sim.advance(Duration::from_secs(31));
    assert_eq!(kind(&fetch(&heygen, &late).await), "mp4");
    assert_eq!(kind(&fetch(&heygen, &running).await), "mp4");
    let error = heygen.download(VideoFile::Captioned.of(&late)).bytes(1).await.unwrap_err();
    assert!(error.to_string().contains("check that the request asked for it"), "{error}");
}

#[tokio::test]
async fn a_deleted_or_failed_video_has_no_file() {
    let (sim, heygen) = pair().await;
    let deleted = video(&sim, &heygen, "Hello").await;
    heygen.api().delete_video().video_id(&*deleted.id).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = heygen.download(&deleted).to_path(folder.path().join("deleted.mp4")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Download, Some(ErrorCode::VideoNotFound)));
    assert!(error.request_id().is_some() && error.may_have_executed() && !error.is_retryable());
    assert!(error.to_string().contains(&deleted.id), "{error}");
    assert!(names(folder.path()).is_empty());
    let failed = video(&sim, &heygen, "Hello [sim:fail]").await;
    let error = heygen.download(&failed).bytes(1).await.unwrap_err();
    assert!(error.to_string().contains("will never have a file: it is `failed`: "), "{error}");
}

#[tokio::test]
async fn an_existing_file_is_not_changed() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.mp4");
    std::fs::write(&path, "mine").unwrap();
    let error = heygen.download(&video).to_path(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(
        error.to_string().contains("mine.mp4") && error.to_string().contains("overwrite(true)"),
        "{error}"
    );
    assert!(requests(&sim).is_empty(), "the path is checked before the transfer");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    // Another program creates the file during the download.
    let late = folder.path().join("late.mp4");
    let created = late.clone();
    let download =
        heygen.download(&video).on_progress(move |_, _| std::fs::write(&created, "theirs").unwrap());
    assert_eq!(download.to_path(&late).await.unwrap_err().kind(), ErrorKind::File);
    assert_eq!(std::fs::read_to_string(&late).unwrap(), "theirs");
    heygen.download(&video).to_path(&path).overwrite(true).await.unwrap();
    assert_eq!(kind(&std::fs::read(&path).unwrap()), "mp4");
    let mut names = names(folder.path());
    names.sort();
    assert_eq!(names, ["late.mp4", "mine.mp4"]);
}

#[tokio::test]
async fn an_error_names_a_path_that_cannot_be_written() {
    let (sim, heygen) = pair().await;
    let video = video(&sim, &heygen, "Hello").await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for place in ["no/folder.mp4", "", "..", "file/inside.mp4"] {
        let path = folder.path().join(place);
        let error = heygen.download(&video).to_path(&path).overwrite(true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File, "{place}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(requests(&sim).is_empty());
    let full = tokio::io::duplex(16).0;
    let error = heygen.download(&video).to_writer(full).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File, "the reader of the pipe was dropped");
}

#[tokio::test]
async fn a_dropped_download_deletes_its_file() {
    let (sim, heygen) = pair().await;
    let video = large(&sim, &heygen).await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let seen = Arc::new(Mutex::new(0));
    let recorded = Arc::clone(&seen);
    let download =
        heygen.download(&video).on_progress(move |received, _| *recorded.lock().unwrap() = received);
    let mut fetching = Box::pin(download.to_path(place.join("video.mp4")).send());
    std::future::poll_fn(|context| {
        assert!(fetching.as_mut().poll(context).is_pending());
        match *seen.lock().unwrap() > 0 {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    assert_eq!(names(&place).len(), 1, "a temporary file, until the download is dropped");
    drop(fetching);
    assert!(names(&place).is_empty());
}

#[test]
fn downloads_can_move_between_threads() {
    fn is_send<T: Send + 'static>(_: T) {}
    fn is_stream<T: Stream + Send + Unpin + 'static>() {}
    let heygen = HeyGen::builder().api_key("k").build().unwrap();
    let download = || heygen.download(Link::new("https://files.heygen.ai/a"));
    is_send(download().to_path("a"));
    is_send(download().to_writer(tokio::io::sink()));
    is_send(download().bytes(1));
    is_send(download().stream());
    is_stream::<heygen_ext::DownloadStream>();
}
