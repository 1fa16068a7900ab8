//! Tests uploads against the simulator, whose clock advances with the pauses.

mod storage;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use heygen_api::{BoxFuture, ErrorCode};
use heygen_sim::{Clock, Fault, Sim, SimBuilder};
use sha2::{Digest, Sha256};

use crate::call_options::CallOptions;
use crate::client::HeyGen;
use crate::error::{Error, ErrorKind};
use crate::runtime::Runtime;
use crate::runtime::tests::ManualRuntime;
use crate::upload::{FileSource, UploadedAsset};

/// A clock that pauses advance, together with the clock of the simulator. An action can run during the first pause.
struct SharedClock {
    manual: ManualRuntime,
    sim: Arc<Sim>,
    during_pause: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Runtime for SharedClock {
    fn now(&self) -> Instant {
        self.manual.now()
    }

    fn system_time(&self) -> SystemTime {
        self.manual.system_time()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.sim.advance(pause);
        if let Some(action) = self.during_pause.lock().unwrap().take() {
            action();
        }
        self.manual.sleep(pause)
    }

    fn random(&self) -> f64 {
        self.manual.random()
    }
}

struct Harness {
    sim: Arc<Sim>,
    heygen: HeyGen,
    time: Arc<SharedClock>,
    folder: tempfile::TempDir,
}

impl Harness {
    async fn new() -> Self {
        Self::with(Sim::builder()).await
    }

    async fn with(builder: SimBuilder) -> Self {
        let sim = Arc::new(builder.clock(Clock::manual()).start().await.unwrap());
        let time = SharedClock {
            manual: ManualRuntime::new(),
            sim: Arc::clone(&sim),
            during_pause: Mutex::default(),
        };
        let time = Arc::new(time);
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
        let heygen = heygen.runtime(time.clone()).build().unwrap();
        Self { sim, heygen, time, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: &[u8]) -> FileSource {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        FileSource::path(path)
    }

    /// Runs an action during the next pause.
    fn during_pause(&self, action: impl FnOnce() + Send + 'static) {
        *self.time.during_pause.lock().unwrap() = Some(Box::new(action));
    }

    fn pauses(&self) -> Vec<u128> {
        self.time.manual.slept.lock().unwrap().iter().map(Duration::as_millis).collect()
    }

    fn fault(&self, fault: Fault, operation: &str, times: u32) {
        self.sim.clear_faults();
        self.sim.inject(fault.on(operation).times(times)).unwrap();
    }

    /// The number of requests of an operation.
    fn requests(&self, operation: &str) -> usize {
        self.sim.requests().iter().filter(|request| request.operation.as_deref() == Some(operation)).count()
    }

    async fn stored(&self, asset: &UploadedAsset) -> Vec<u8> {
        let url = match &asset.url {
            Some(url) => url.clone(),
            None => {
                let answer = self.heygen.api().get_asset().asset_id(&asset.asset_id).await;
                answer.unwrap().into_inner().url.unwrap()
            }
        };
        reqwest::get(url).await.unwrap().bytes().await.unwrap().to_vec()
    }
}

/// Content of this length that starts as a PNG image.
fn image(length: usize) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".iter().copied();
    head.chain((0..).map(|number: u32| (number % 251) as u8)).take(length).collect()
}

fn same(stored: &[u8], sent: &[u8]) -> bool {
    stored.len() == sent.len() && Sha256::digest(stored) == Sha256::digest(sent)
}

fn assert_error(error: &Error, kind: ErrorKind, words: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn a_direct_upload_waits_until_the_service_sees_the_bytes() {
    let harness = Harness::new().await;
    let sent = image(3_000_000);
    let progress = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&progress);
    let upload = harness.heygen.upload(harness.file("big.png", &sent)).direct();
    let asset = upload.on_progress(move |now, all| recorded.lock().unwrap().push((now, all))).await.unwrap();
    assert_eq!((asset.size_bytes, asset.mime_type.as_str()), (3_000_000, "image/png"));
    assert!(same(&harness.stored(&asset).await, &sent));
    // The simulator sees the file one second after the PUT.
    assert_eq!(harness.pauses(), [500, 1000]);
    let progress = progress.lock().unwrap();
    assert_eq!((progress.len(), progress.last()), (12, Some(&(3_000_000, 3_000_000))));
    assert!(progress.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[tokio::test]
async fn every_source_is_uploaded_as_a_form_and_directly() {
    let harness = Harness::new().await;
    let sent = image(200_000);
    for direct in [false, true] {
        let sources = [
            harness.file("a.png", &sent),
            FileSource::bytes("a.png", sent.clone()),
            FileSource::reader("a.png", 200_000, std::io::Cursor::new(sent.clone())),
        ];
        for source in sources {
            let upload = harness.heygen.upload(source);
            let asset = if direct { upload.direct() } else { upload }.send().await.unwrap();
            assert!(same(&harness.stored(&asset).await, &sent));
        }
    }
    assert_eq!((harness.requests("uploadAsset"), harness.requests("uploads")), (3, 3));
}

#[tokio::test]
async fn a_file_over_the_limit_of_forms_is_uploaded_directly() {
    let harness = Harness::new().await;
    for (size, forms) in [(super::FORM_LIMIT, 1), (super::FORM_LIMIT + 1, 1)] {
        let sent = image(size as usize);
        let asset = harness.heygen.upload(harness.file("large.png", &sent)).await.unwrap();
        assert!(same(&harness.stored(&asset).await, &sent));
        assert_eq!(harness.requests("uploadAsset"), forms);
    }
    assert_eq!(harness.requests("uploads"), 1);
}

#[tokio::test]
async fn faults_corrupt_no_file_and_create_no_second_asset() {
    let harness = Harness::new().await;
    let sent = image(300_000);
    let faults =
        [Fault::close_before, Fault::close_after, Fault::half_body, || Fault::status(503), Fault::reset];
    let mut assets = Vec::new();
    for fault in faults {
        for operation in ["uploadAsset", "createAssetUpload", "uploads", "completeAssetUpload"] {
            harness.fault(fault(), operation, 2);
            let upload = harness.heygen.upload(harness.file("a.png", &sent));
            let upload = if operation == "uploadAsset" { upload } else { upload.direct() };
            let asset = upload.await.unwrap();
            assert!(same(&harness.stored(&asset).await, &sent), "{operation} {:?}", fault());
            assets.push(asset.asset_id);
        }
    }
    // There is one asset for each upload: a lost answer did not create another.
    let mut existing = existing_assets(&harness).await;
    existing.sort();
    assets.sort();
    assert_eq!(existing, assets);
}

#[tokio::test]
async fn attempts_of_a_form_share_a_key() {
    let harness = Harness::new().await;
    harness.fault(Fault::close_after(), "uploadAsset", 1);
    harness.heygen.upload(FileSource::bytes("a.png", image(1000))).await.unwrap();
    let requests = harness.sim.requests();
    let keys: Vec<&String> = requests.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert_eq!((keys.len(), keys[0], requests[1].replayed), (2, keys[1], true));
}

/// Ids of all usable assets.
async fn existing_assets(harness: &Harness) -> Vec<String> {
    let url = format!("{}/v3/assets?username=simulated-user&limit=100", harness.sim.base_url());
    let request = reqwest::Client::new().get(url).header("x-api-key", harness.sim.api_key());
    let body: serde_json::Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    body["data"].as_array().unwrap().iter().map(|asset| asset["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lasting_faults_are_reported_unchanged() {
    let harness = Harness::new().await;
    let upload = || harness.heygen.upload(FileSource::bytes("a.png", image(1000)));
    for fault in [Fault::close_before(), Fault::status(503), Fault::close_after()] {
        harness.fault(fault.clone(), "uploads", 100);
        harness.sim.clear_requests();
        let error = upload().direct().await.unwrap_err();
        assert_error(&error, ErrorKind::Upload, "a.png: the");
        assert!(error.is_retryable() && error.asset_id().is_some() && !error.may_have_executed(), "{error}");
        assert!(!format!("{error:?} {error}").contains("Signature"), "{error:?}");
        assert_eq!(harness.requests("uploads"), 3);
    }
    harness.fault(
        Fault::answer(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"),
        "uploads",
        100,
    );
    harness.sim.clear_requests();
    let error = upload().direct().await.unwrap_err();
    assert_error(&error, ErrorKind::Upload, "refused the file with 403 AccessDenied");
    assert_eq!((error.status().unwrap().as_u16(), harness.requests("uploads")), (403, 1));
    let elsewhere = || Fault::status(307).header("location", "https://elsewhere.example/a?Signature=marked");
    harness.fault(elsewhere(), "uploads", 100);
    let error = upload().direct().await.unwrap_err();
    let redirect = "redirect to `https://elsewhere.example/a`, which is not followed";
    assert_error(&error, ErrorKind::Upload, redirect);
    assert!(!format!("{error:?}").contains("marked"), "{error:?}");
    harness.fault(elsewhere(), "uploadAsset", 1);
    let error = upload().await.unwrap_err();
    assert!(error.to_string().contains(redirect) && !format!("{error:?}").contains("marked"), "{error:?}");
    harness.fault(Fault::close_after(), "uploadAsset", 100);
    let error = upload().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), error.may_have_executed()),
        (ErrorKind::Transport, Some(3), true)
    );
    // The service never sees the file.
    let missing = r#"{"error":{"code":"conflict","message":"uploaded object not found yet"}}"#;
    harness.fault(Fault::answer(409, "application/json", missing), "completeAssetUpload", 100);
    let before = harness.pauses().len();
    let error = upload().direct().await.unwrap_err();
    assert_eq!((error.code(), error.asset_id().is_some()), (Some(ErrorCode::Conflict), true));
    assert_eq!(harness.pauses()[before..], [500, 1000, 1500, 2000, 2500]);
    // `max_attempts(1)` applies to uploads too.
    harness.fault(Fault::status(503), "uploads", 100);
    harness.sim.clear_requests();
    let once = harness.heygen.with(CallOptions::new().max_attempts(1));
    once.upload(FileSource::bytes("a.png", image(1000))).direct().await.unwrap_err();
    assert_eq!(harness.requests("uploads"), 1);
}

/// Changes a file, and its modification time.
fn change(path: &Path, change: impl FnOnce(&mut std::fs::File)) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    change(&mut file);
    file.set_modified(SystemTime::now() + Duration::from_secs(100)).unwrap();
}

#[tokio::test]
async fn a_file_that_changes_between_attempts_is_not_sent() {
    type Change = fn(&mut std::fs::File);
    let changes: [(Change, &str); 3] = [
        (|file| file.set_len(100_000).unwrap(), "it had 300000 bytes and has 100000"),
        (|file| file.write_all(b"more").unwrap(), "it had 300000 bytes and has 300004"),
        (|_| {}, "it was modified"),
    ];
    for (modify, words) in changes {
        for (operation, maybe_executed) in [("uploadAsset", true), ("uploads", false)] {
            let harness = Harness::new().await;
            let file = harness.file("a.png", &image(300_000));
            let path = harness.folder.path().join("a.png");
            harness.fault(Fault::close_after(), operation, 1);
            harness.during_pause(move || change(&path, modify));
            let upload = harness.heygen.upload(file);
            let upload = if operation == "uploads" { upload.direct() } else { upload };
            let error = upload.await.unwrap_err();
            assert_error(&error, ErrorKind::Upload, words);
            assert!(error.to_string().contains("a.png: the file changed during the upload"), "{error}");
            assert_eq!(
                (error.may_have_executed(), harness.pauses().len()),
                (maybe_executed, 1),
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn an_upload_of_a_file_that_changes_is_not_completed() {
    for direct in [false, true] {
        let harness = Harness::new().await;
        let file = harness.file("a.png", &image(1_000_000));
        let path = harness.folder.path().join("a.png");
        let upload = harness.heygen.upload(file).on_progress(move |sent, _| {
            if sent == 256 * 1024 {
                change(&path, |_| {});
            }
        });
        let error = if direct { upload.direct() } else { upload }.await.unwrap_err();
        assert_error(&error, ErrorKind::Upload, "it was modified");
        assert!(existing_assets(&harness).await.is_empty());
        assert!(!error.may_have_executed() && harness.pauses().is_empty());
    }
}

#[tokio::test]
async fn a_reader_is_read_once_and_must_have_the_announced_size() {
    let harness = Harness::new().await;
    let reader = |announced| FileSource::reader("a.png", announced, std::io::Cursor::new(image(100_000)));
    for direct in [false, true] {
        for (announced, words) in [
            (99_999, "a.png: the reader has more than the 99999 bytes announced"),
            (100_001, "a.png: the reader ended after 100000 of the 100001 bytes announced"),
        ] {
            let upload = harness.heygen.upload(reader(announced));
            let error = if direct { upload.direct() } else { upload }.await.unwrap_err();
            assert_error(&error, ErrorKind::Upload, words);
        }
    }
    assert!(existing_assets(&harness).await.is_empty());
    harness.fault(Fault::status(503), "uploadAsset", 1);
    let error = harness.heygen.upload(reader(100_000)).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, Some(1)));
    harness.fault(Fault::status(503), "uploads", 2);
    assert!(harness.heygen.upload(reader(100_000)).direct().await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_sent() {
    let harness = Harness::with(Sim::builder().upload_limit(1000)).await;
    let error = harness.heygen.upload(FileSource::bytes("a.png", image(1001))).direct().await.unwrap_err();
    assert_error(&error, ErrorKind::Refused, "a.png: create_asset_upload: 400 invalid_parameter");
    // A slot that is smaller than requested.
    let slot = r#"{"data":{"asset_id":"asset_1","upload_url":"http://127.0.0.1:1/","upload_headers":{},
        "expires_in_seconds":60,"max_bytes":10,"status":"pending_upload"}}"#;
    harness.fault(Fault::answer(200, "application/json", slot), "createAssetUpload", 1);
    let error = harness.heygen.upload(FileSource::bytes("a.png", image(1000))).direct().await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Upload,
        "a.png: the file has 1000 bytes, and the storage accepts 10 at most",
    );
    assert_eq!((harness.requests("uploads"), error.asset_id()), (0, Some("asset_1")));
}

#[tokio::test]
async fn a_link_that_expires_between_attempts_is_replaced_once() {
    let harness = Harness::new().await;
    harness.fault(Fault::close_before(), "uploads", 1);
    let (sim, time) = (Arc::clone(&harness.sim), Arc::clone(&harness.time));
    harness.during_pause(move || {
        sim.advance(Duration::from_secs(3600));
        time.manual.advance(Duration::from_secs(3600));
    });
    let keyed = harness.heygen.with(CallOptions::new().idempotency_key("mine"));
    let asset = keyed.upload(FileSource::bytes("a.png", image(1000))).direct().await.unwrap();
    assert!(same(&harness.stored(&asset).await, &image(1000)));
    assert_eq!((harness.requests("createAssetUpload"), harness.requests("uploads")), (2, 3));
}

#[tokio::test]
async fn files_of_a_batch_fail_separately() {
    let harness = Harness::with(Sim::builder().upload_limit(100_000)).await;
    let files = [
        harness.file("0.png", &image(70_000)),
        harness.file("1.txt", b"plain words"),
        FileSource::bytes("2.png", image(100_001)),
        FileSource::bytes("3.mp4", image(100)).media_type("video/mp4"),
        FileSource::reader("4.png", 200, std::io::Cursor::new(image(200))),
    ];
    let progress = Arc::new(Mutex::new([0; 5]));
    let recorded = Arc::clone(&progress);
    let all = harness.heygen.upload_all(files).concurrency(2);
    let outcomes = all.on_progress(move |index, sent, _| recorded.lock().unwrap()[index] = sent).await;
    assert!(same(&harness.stored(outcomes[0].as_ref().unwrap()).await, &image(70_000)));
    assert_error(outcomes[1].as_ref().unwrap_err(), ErrorKind::Upload, "1.txt: neither its content");
    assert_error(
        outcomes[2].as_ref().unwrap_err(),
        ErrorKind::Refused,
        "2.png: create_asset_upload_batch: 400",
    );
    let refused = outcomes[3].as_ref().unwrap_err();
    assert_error(refused, ErrorKind::Upload, "3.mp4: the service refused the file: invalid_parameter");
    assert_eq!((refused.code(), refused.asset_id().is_some()), (Some(ErrorCode::InvalidParameter), true));
    assert!(same(&harness.stored(outcomes[4].as_ref().unwrap()).await, &image(200)));
    assert_eq!((outcomes.len(), *progress.lock().unwrap()), (5, [70_000, 0, 0, 100, 200]));
}

#[tokio::test]
async fn more_than_100_files_are_several_batches() {
    let harness = Harness::new().await;
    let files = (0..103).map(|number| FileSource::bytes(format!("{number}.png"), image(100 + number)));
    let keyed = harness.heygen.with(CallOptions::new().idempotency_key("mine"));
    let outcomes = keyed.upload_all(files).await;
    let sizes: Vec<u64> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().size_bytes).collect();
    assert_eq!(sizes, (100..203).collect::<Vec<_>>());
    assert_eq!(harness.requests("createAssetUploadBatchV3"), 2);
    assert_eq!(harness.stored(outcomes[102].as_ref().unwrap()).await, image(202));
    assert!(harness.heygen.upload_all(Vec::<FileSource>::new()).await.is_empty());
}

#[tokio::test]
async fn a_batch_survives_faults_and_ends_at_its_deadline() {
    let harness = Harness::new().await;
    let files = || ["a.png", "b.png"].map(|name| FileSource::bytes(name, image(1000)));
    for operation in ["createAssetUploadBatchV3", "uploads", "completeAssetBatchV3", "getAssetBatchV3"] {
        for fault in [Fault::close_after(), Fault::half_body(), Fault::status(503)] {
            harness.fault(fault, operation, 2);
            let outcomes = harness.heygen.upload_all(files()).await;
            assert!(outcomes.iter().all(Result::is_ok), "{operation}: {outcomes:?}");
        }
    }
    // A file that always fails does not affect the other.
    harness.fault(Fault::status(503), "uploads", 3);
    let outcomes = harness.heygen.upload_all(files()).concurrency(1).await;
    assert_eq!(outcomes[0].as_ref().unwrap_err().status().unwrap().as_u16(), 503);
    assert!(outcomes[1].is_ok());
    let busy = FileSource::bytes("[sim:hang].png", image(1000));
    let all = harness.heygen.upload_all([busy, FileSource::bytes("b.png", image(1000))]);
    let outcomes = all.deadline(Duration::from_secs(100)).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert_error(
        error,
        ErrorKind::Deadline,
        "[sim:hang].png: the service has not accepted the file within 100 s",
    );
    assert!(error.asset_id().is_some() && outcomes[1].is_ok());
    harness.fault(Fault::status(503), "completeAssetBatchV3", 100);
    let outcomes = harness.heygen.upload_all(files()).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().status().is_some()), "{outcomes:?}");
}
