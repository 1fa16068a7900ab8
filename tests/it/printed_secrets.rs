//! heygen-ext shows no secrets in Debug, Display and traces.

use std::io::Write;
use std::sync::{Arc, Mutex};

use heygen_ext::heygen_api::operations::GET_VIDEO;
use heygen_ext::heygen_api::types::{
    AssetBase64, CompleteAssetUploadResponse, CreateVideoFromImage, CreateWebhookEndpointRequest, VideoDetail,
};
use heygen_ext::heygen_api::{BoxFuture, FilePart};
use heygen_ext::{
    AttemptReport, BoxError, CallOptions, CallReport, FileSource, HeyGen, Link, OAuth, Observer, Paged,
    TokenProvider, UploadedAsset, VideoAgent,
};
use heygen_sim::{Clock, Fault, Sim};
use secrecy::SecretString;
use tracing_subscriber::fmt::MakeWriter;

/// Part of every secret in this test.
const MARK: &str = "marked-secret";

/// Collects traces, reports and Debug output.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    fn print(&self, shown: impl std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{shown:?} {shown:#?}").unwrap();
    }
}

impl Write for &Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Output {
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

impl Observer for Output {
    fn on_attempt(&self, report: &AttemptReport<'_>) {
        self.print(report);
    }

    fn on_call(&self, report: &CallReport<'_>) {
        self.print(report);
    }
}

/// Prints everything about webhooks that contains a secret or is derived from one.
async fn webhooks(output: &Output, heygen: &HeyGen) {
    use heygen_ext::webhook::testing::{Generation, Signer};
    use heygen_ext::webhook::{CallbackGuard, CallbackReceiver, KeyRing, MemoryInbox, Receiver, Verifier};
    let ensured = heygen.webhooks().ensure_endpoint("https://example.com/hook?b", None).await.unwrap();
    assert!(ensured.secret().is_some());
    let secret = format!("whsec_{MARK}");
    let (keys, signer) = (KeyRing::new(), Signer::new(secret.clone()).unwrap());
    keys.add("ep_1", secret).unwrap();
    let verifier = Verifier::with_keys(keys.clone());
    let body =
        format!(r#"{{"event_type":"avatar_video.success","event_data":{{"url":"https://x/?{MARK}"}}}}"#);
    let delivery = signer.deliver(Generation::HeygenSignature, body);
    let verified = verifier.verify(delivery.headers(), delivery.body().clone()).unwrap();
    let event = verified.event().unwrap();
    output.print((
        &ensured,
        heygen.webhooks(),
        &keys,
        &signer,
        &verifier,
        &verified,
        &event,
        event.payload(),
    ));
    let forged = format!("{{\"a\":\"{MARK}\"}}");
    output.print(verifier.verify(delivery.headers(), forged).unwrap_err());
    let inbox = MemoryInbox::new(async |_| Ok::<_, std::io::Error>(()));
    let receiver = Receiver::new(verifier.clone(), inbox.clone());
    assert_eq!(receiver.receive(delivery).await.status(), 200);
    output.print((&inbox, &receiver));
    let guard = CallbackGuard::new(MARK, "https://example.com").unwrap();
    let unconfirmed = guard.check(&guard.url("a").unwrap().parse().unwrap(), verified.body().clone());
    output.print((receiver, &guard, unconfirmed.unwrap()));
    // Control characters from outside do not reach a line of the log.
    let line = "\u{1b}[31m\nFORGED LINE";
    let body = serde_json::json!({"event_type": line, "event_id": line, "event_data": {"id": line, "callback_id": line}});
    let failing = Receiver::new(verifier, MemoryInbox::new(async |_| Err(std::io::Error::other("failure"))));
    let signed = signer.deliver(Generation::Signature, body.to_string());
    assert_eq!(failing.receive(signed).await.status(), 503);
    let callbacks = CallbackReceiver::new(guard.clone(), heygen.clone(), inbox);
    for target in [guard.url(line).unwrap(), guard.url("other").unwrap()] {
        let request = http::Request::post(target).body(body.to_string().into()).unwrap();
        assert!(callbacks.receive(request).await.status().is_client_error());
    }
    let shown = output.text();
    assert!(!shown.contains('\u{1b}') && !shown.contains("\nFORGED"), "{shown}");
}

#[tokio::test]
async fn printed_and_traced_output_contains_no_secrets() {
    let output = Output::default();
    let traces = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(output.clone());
    // The subscriber is global, so traces of other tests in this process are checked too.
    tracing::subscriber::set_global_default(traces.finish()).unwrap();
    let key = format!("{MARK}-key");
    let sim = Sim::builder().clock(Clock::manual()).api_key(&key).probe(false).start().await.unwrap();
    let builder = HeyGen::builder().api_key(&key).base_url(sim.base_url()).observer(output.clone());
    output.print(&builder);
    let heygen = builder.options(CallOptions::new().log_bodies(true).max_attempts(1)).build().unwrap();
    output.print(&heygen);

    // Request and response bodies with secrets.
    let hook = format!("https://example.com/hook?token={MARK}");
    let request = CreateWebhookEndpointRequest::builder().url(&*hook);
    output.print(&request);
    let endpoint = heygen.api().create_webhook_endpoint().body(request).send().await.unwrap();
    output.print(&endpoint);
    let id = endpoint.endpoint_id.clone();
    let rotated = heygen.api().rotate_webhook_endpoint_secret().endpoint_id(&*id).send().await.unwrap();
    output.print(&rotated);
    let picture = AssetBase64::builder().media_type("image/png").data(format!("{MARK}==")).build().unwrap();
    let request = CreateVideoFromImage::builder().image(picture).script("Hello").voice_id("en-us-clara");
    output.print(heygen.api().create_video().body(request).send().await.unwrap_err());
    let part = FilePart::bytes("a.png", "image/png", MARK.as_bytes().to_vec());
    output.print(heygen.api().upload_asset().file(part).send().await.unwrap_err());

    // Errors of every kind that a call can have. Bodies are logged only with `log_bodies`.
    let heygen = heygen.with(CallOptions::new().log_bodies(false));
    for fault in [
        Fault::answer(401, "text/plain", format!("the key {key} is wrong")),
        Fault::answer(500, "application/json", format!(r#"{{"oops":"{MARK}"}}"#)),
        Fault::answer(200, "application/json", format!(r#"{{"data":{{"username":["{MARK}"]}}}}"#)),
        Fault::close_before(),
        Fault::half_body(),
    ] {
        sim.inject(fault.on("getCurrentUserV3").times(1)).unwrap();
        let error = heygen_ext::Error::from(heygen.api().get_current_user().send().await.unwrap_err());
        writeln!(&output, "{error}").unwrap();
        output.print((&error, std::error::Error::source(&error), error.api_error()));
    }
    let provided =
        HeyGen::builder().token_provider(Provider(format!("{MARK}-token"))).base_url(sim.base_url());
    let provided = provided.build().unwrap();
    output.print((&provided, provided.api().get_current_user().send().await.unwrap_err()));
    output.print(HeyGen::builder().api_key(format!("{MARK}\n{MARK}")).build().unwrap_err());
    output.print(HeyGen::builder().api_key("k").base_url(format!("https://u:{MARK}@x")).build().unwrap_err());

    // Links to files.
    let mut video: VideoDetail =
        serde_json::from_value(serde_json::json!({"id": "v", "status": "completed"})).unwrap();
    for link in [
        format!("{}/files/v/video.mp4?Signature={MARK}", sim.base_url()),
        format!("http://127.0.0.1:1/?s={MARK}"),
    ] {
        video.video_url = Some(link);
        output.print((&video, heygen.download(&video)));
        let path = std::env::temp_dir().join("never-written.mp4");
        output.print(heygen.download(&video).to_path(path).await.unwrap_err());
    }
    // Uploads and their results.
    let whole = FileSource::bytes("a.png", MARK.as_bytes().to_vec());
    output.print(&whole);
    output.print((
        heygen.upload(whole),
        heygen.upload_all([FileSource::bytes("b.png", MARK.as_bytes().to_vec())]),
    ));
    let asset: CompleteAssetUploadResponse = serde_json::from_value(serde_json::json!({
        "asset_id": "a", "mime_type": "image/png", "size_bytes": 1, "status": "processing",
        "url": format!("https://me:{MARK}@files.example/a.png?Signature={MARK}")}))
    .unwrap();
    let asset = UploadedAsset::from(asset);
    output.print((&asset, Link::from(&asset), heygen.download(&asset)));
    // Credentials of every kind, valid and invalid.
    let tokens = || OAuth::new(format!("{MARK}-access"), format!("{MARK}-refresh")).client_id("c");
    output.print((tokens(), HeyGen::builder().oauth(tokens()), HeyGen::builder().access_token(MARK)));
    output
        .print(HeyGen::builder().oauth(tokens().token_url(format!("http://x/?{MARK}"))).build().unwrap_err());
    for address in ["https://x/?s=", "http://x/?s=", "http://u:", "ftp://u:"] {
        let builder = HeyGen::builder().api_key("k").base_url(format!("{address}{MARK}@x"));
        output.print(&builder);
        let error = builder.build().unwrap_err();
        writeln!(&output, "{error}").unwrap();
        output.print(error);
    }
    output.print(heygen.realtime_words("s"));
    webhooks(&output, &heygen).await;
    let job = heygen.submit(VideoAgent::prompt("Launch")).await.unwrap();
    output.print((&job, heygen.api().list_videos().items(), heygen.api().list_videos().pages()));

    // An unknown video, whose trace is checked below.
    heygen.api().get_video().video_id("nobody").send().await.unwrap_err();

    let text = output.text();
    for (number, line) in text.lines().enumerate() {
        assert!(!line.contains(MARK), "line {number}: {line}");
    }
    // The output does contain the traces.
    for part in ["heygen", "http.response.status_code", "create_webhook_endpoint", "[redacted]"] {
        assert!(text.contains(part), "{part}");
    }
    let is_end = |line: &&str| line.contains("the call ended") && line.contains("=404");
    let line = text.lines().rfind(is_end).unwrap();
    for field in [
        "otel.name=\"get_video\"",
        "otel.status_code=\"ERROR\"",
        "http.request.method=\"GET\"",
        "http.request.resend_count=0",
        "http.response.status_code=404",
        &format!("url.template=\"{}\"", GET_VIDEO.path()),
        "server.address=\"127.0.0.1\"",
        "error.type=\"video_not_found\"",
        "heygen.request_id=",
        "heygen.duration_ms=",
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
}
