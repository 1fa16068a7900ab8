//! No secret shows: in nothing that is printed, and in no trace.

use std::io::Write;
use std::sync::{Arc, Mutex};

use heygen_ext::heygen_api::types::{
    AssetBase64, CreateVideoFromImage, CreateWebhookEndpointRequest, VideoDetail,
};
use heygen_ext::heygen_api::{BoxFuture, FilePart};
use heygen_ext::{BoxError, HeyGen, Observer, Options, Paged, TokenProvider, TryReport, VideoAgent};
use heygen_sim::{Clock, Fault, Sim};
use secrecy::SecretString;
use tracing_subscriber::fmt::MakeWriter;

/// Stands in every secret.
const MARK: &str = "marked-secret";

/// Keeps what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    fn note(&self, shown: impl std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{shown:?} {shown:#?}").unwrap();
    }
}

impl Write for &Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

struct Provider(String);

impl TokenProvider for Provider {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        Box::pin(async { Ok(self.0.clone().into()) })
    }
}

impl Observer for Paper {
    fn on_try(&self, report: &TryReport<'_>) {
        self.note(report);
    }
}

#[tokio::test]
async fn a_secret_is_in_nothing_that_is_printed_or_traced() {
    let paper = Paper::default();
    let traces = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(paper.clone());
    // For the whole process: what other tests trace must not have the mark either.
    tracing::subscriber::set_global_default(traces.finish()).unwrap();
    let key = format!("{MARK}-key");
    let sim = Sim::builder().clock(Clock::manual()).api_key(&key).probe(false).start().await.unwrap();
    let builder = HeyGen::builder().api_key(&key).base_url(sim.base_url()).observer(paper.clone());
    paper.note(&builder);
    let heygen = builder.options(Options::new().log_bodies(true).tries(1)).build().unwrap();
    paper.note(&heygen);

    // Bodies and answers with secrets in them.
    let hook = format!("https://example.com/hook?token={MARK}");
    let request = CreateWebhookEndpointRequest::builder().url(&*hook);
    paper.note(&request);
    let endpoint = heygen.api().create_webhook_endpoint().body(request).send().await.unwrap();
    paper.note(&endpoint);
    let id = endpoint.data.endpoint_id.clone();
    let rotated = heygen.api().rotate_webhook_endpoint_secret().endpoint_id(&*id).send().await.unwrap();
    paper.note(&rotated);
    let picture = AssetBase64::builder().media_type("image/png").data(format!("{MARK}==")).build().unwrap();
    let request = CreateVideoFromImage::builder().image(picture).script("Hello").voice_id("en-us-clara");
    paper.note(heygen.api().create_video().body(request).send().await.unwrap_err());
    let part = FilePart::bytes("a.png", "image/png", MARK.as_bytes().to_vec());
    paper.note(heygen.api().upload_asset().file(part).send().await.unwrap_err());

    // Errors of every kind that a call has. Bodies that say anything are shown only to those who ask.
    let heygen = heygen.with(Options::new().log_bodies(false));
    for fault in [
        Fault::answer(401, "text/plain", format!("the key {key} is wrong")),
        Fault::answer(500, "application/json", format!(r#"{{"oops":"{MARK}"}}"#)),
        Fault::answer(200, "application/json", format!(r#"{{"data":{{"username":["{MARK}"]}}}}"#)),
        Fault::close_before(),
        Fault::half_body(),
    ] {
        sim.inject(fault.on("getCurrentUserV3").times(1)).unwrap();
        let error = heygen_ext::Error::from(heygen.api().get_current_user().send().await.unwrap_err());
        writeln!(&paper, "{error}").unwrap();
        paper.note((&error, std::error::Error::source(&error), error.call()));
    }
    let provided =
        HeyGen::builder().token_provider(Provider(format!("{MARK}-token"))).base_url(sim.base_url());
    let provided = provided.build().unwrap();
    paper.note((&provided, provided.api().get_current_user().send().await.unwrap_err()));
    paper.note(HeyGen::builder().api_key(format!("{MARK}\n")).build().unwrap_err());
    paper.note(HeyGen::builder().api_key("k").base_url(format!("https://u:{MARK}@x")).build().unwrap_err());

    // Links to files.
    let mut video: VideoDetail =
        serde_json::from_value(serde_json::json!({"id": "v", "status": "completed"})).unwrap();
    for link in [
        format!("{}/files/v/video.mp4?Signature={MARK}", sim.base_url()),
        format!("http://127.0.0.1:1/?s={MARK}"),
    ] {
        video.video_url = Some(link);
        paper.note((&video, heygen.download(&video)));
        let path = std::env::temp_dir().join("never-written.mp4");
        paper.note(heygen.download(&video).to_path(path).await.unwrap_err());
    }
    let job = heygen.submit(VideoAgent::prompt("Launch")).await.unwrap();
    paper.note((&job, heygen.api().list_videos().items(), heygen.api().list_videos().pages()));

    let text = paper.text();
    for (number, line) in text.lines().enumerate() {
        assert!(!line.contains(MARK), "line {number}: {line}");
    }
    // The traces are there, and say what happened.
    for part in ["heygen", "http.response.status_code", "create_webhook_endpoint", "[redacted]"] {
        assert!(text.contains(part), "{part}");
    }
}
