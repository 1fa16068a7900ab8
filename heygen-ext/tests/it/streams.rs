//! Tests complete and broken event streams of the simulator.

use futures_util::{StreamExt, TryStreamExt};
use heygen_ext::heygen_api::types::{
    AssetUrl, CreateAvatarRealtimeTextStream, CreateProfessionalAudioVoice, StreamModelSpeechRequest,
};
use heygen_ext::heygen_api::{BoxFuture, Operation, RawResponse, Request, Transport, TransportError};
use heygen_ext::{ErrorKind, HeyGen, SpeechChunk};
use heygen_sim::{Clock, Fault, Sim};

/// The clock runs 10,000 times faster than real time, so that the tests are fast.
async fn pair() -> (Sim, HeyGen) {
    let sim = Sim::builder().clock(Clock::scaled(10_000.0)).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

async fn request(heygen: &HeyGen) -> StreamModelSpeechRequest {
    let audio = AssetUrl::builder().url("https://example.com/me.mp3").build().unwrap();
    let voice = CreateProfessionalAudioVoice::builder().audio(vec![audio]).name("Me").language("en");
    let made = heygen.api().create_model_audio_voice().body(voice).send().await.unwrap();
    let id = made.into_inner().voice_id;
    loop {
        let voice = heygen.api().get_model_audio_voice().voice_id(&*id).send().await.unwrap();
        if voice.status.as_str() == "ACTIVE" {
            break;
        }
    }
    let text =
        StreamModelSpeechRequest::builder().voice_id(id).language("en").text("one two three four five");
    text.with_timestamps(true).build().unwrap()
}

#[tokio::test]
async fn speech_is_audio_and_words() {
    let (_sim, heygen) = pair().await;
    let request = request(&heygen).await;
    let parts: Vec<_> = heygen.speak(request).await.unwrap().try_collect().await.unwrap();
    let words: Vec<_> = parts
        .iter()
        .filter_map(|part| match part {
            SpeechChunk::Words(words) => Some(words.iter().map(|word| word.text.as_str())),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(words, ["one", "two", "three", "four", "five"]);
    let audio =
        parts.iter().filter(|part| matches!(part, SpeechChunk::Audio(wav) if wav.starts_with(b"RIFF")));
    assert_eq!(audio.count(), 4);
}

#[tokio::test]
async fn speech_in_a_file_is_one_wav_file() {
    let (sim, heygen) = pair().await;
    let request = request(&heygen).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let samples = |wav: &[u8]| {
        let data = wav.windows(4).position(|bytes| bytes == b"data").unwrap();
        u32::from_le_bytes(wav[data + 4..data + 8].try_into().unwrap()) as usize
    };
    let parts: Vec<_> = heygen.speak(request.clone()).await.unwrap().try_collect().await.unwrap();
    let audio = parts.iter().filter_map(|part| match part {
        SpeechChunk::Audio(wav) => Some(samples(wav)),
        _ => None,
    });
    let expected: usize = audio.sum();
    let bytes = heygen.speak(request.clone()).await.unwrap().to_path(&path).await.unwrap();
    let file = std::fs::read(&path).unwrap();
    let length = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((bytes as usize, samples(&file)), (file.len(), expected));
    assert_eq!(
        (&file[..4], length(4), &file[36..40], length(40)),
        (&b"RIFF"[..], file.len() - 8, &b"data"[..], expected)
    );
    assert_eq!(file.windows(4).filter(|bytes| bytes == b"RIFF").count(), 1);
    // After a break, the file has the parts that had arrived, and is valid.
    sim.inject(Fault::cut_stream(2).on("streamModelSpeech").times(1)).unwrap();
    heygen.speak(request).await.unwrap().to_path(&path).await.unwrap_err();
    let cut = std::fs::read(&path).unwrap();
    assert!(cut.len() < file.len() && cut[40..44] == u32::to_le_bytes(samples(&cut) as u32));
}

#[tokio::test]
async fn a_broken_speech_stream_is_an_error_and_is_not_repeated() {
    let (sim, heygen) = pair().await;
    let request = request(&heygen).await;
    for (fault, kind) in
        [(Fault::cut_stream(2), ErrorKind::Transport), (Fault::fail_stream(2), ErrorKind::Failed)]
    {
        sim.inject(fault.on("streamModelSpeech").times(1)).unwrap();
        sim.clear_requests();
        let parts: Vec<_> = heygen.speak(request.clone()).await.unwrap().collect().await;
        assert_eq!(parts.last().unwrap().as_ref().unwrap_err().kind(), kind);
        assert_eq!((parts.len(), sim.requests().len()), (3, 1));
    }
}

#[tokio::test]
async fn words_resume_after_a_break_without_repetition() {
    let (sim, heygen) = pair().await;
    let body = CreateAvatarRealtimeTextStream::builder()
        .avatar_id("b0000000000000000000000000000001")
        .voice_id("en-us-clara")
        .text("one two three four five six seven");
    let made = heygen.api().create_avatar_realtime_session().body(body).send().await.unwrap();
    let id = made.into_inner().stream_id;
    sim.inject(Fault::cut_stream(1).on("streamAvatarRealtimeWords").times(2)).unwrap();
    let words: Vec<_> = heygen.realtime_words(&*id).map_ok(|word| word.word).try_collect().await.unwrap();
    assert_eq!(words, ["one", "two", "three", "four", "five", "six", "seven"]);
    assert_eq!(sim.faults()[0].1, 2);
}

#[tokio::test]
async fn an_unknown_stream_is_refused() {
    let (_sim, heygen) = pair().await;
    let error = heygen.realtime_words("unknown").try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 404));
}

/// A service that answers with these events. Its streams stay open if the second field is `true`.
struct Streams(&'static [&'static str], bool);

impl Transport for Streams {
    fn send<'a>(
        &'a self,
        _: Request,
        _: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let events = futures_util::stream::iter(self.0.iter().map(|event| Ok::<_, std::io::Error>(*event)));
        let body = match self.1 {
            true => events.chain(futures_util::stream::pending()).boxed(),
            false => events.boxed(),
        };
        let answer = http::Response::builder()
            .header("content-type", "text/event-stream")
            .header("x-request-id", "r7")
            .body(reqwest::Body::wrap_stream(body));
        Box::pin(async { Ok(answer.unwrap().into()) })
    }
}

fn streams(events: &'static [&'static str], stays_open: bool) -> HeyGen {
    HeyGen::builder().api_key("k").transport(Streams(events, stays_open)).build().unwrap()
}

fn speech() -> StreamModelSpeechRequest {
    StreamModelSpeechRequest::builder().voice_id("v").language("en").text("one").build().unwrap()
}

#[tokio::test]
async fn speech_with_an_invalid_event_may_have_been_executed() {
    for (events, words) in [
        (
            &["data: {\"type\":\"audio\",\"part_index\":1,\"audio\":\"\"}\n\n"],
            "received part 1 instead of part 0",
        ),
        (&["data: {\"type\":\"audio\",\"part_index\":0,\"audio\":\"%\"}\n\n"], "part 0 is not base64"),
    ] {
        let mut parts = streams(events, false).speak(speech()).await.unwrap();
        let error = parts.try_next().await.unwrap_err();
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::Decode, Some("r7")));
        assert_eq!(error.to_string(), format!("stream_model_speech: {words} (request r7)"));
        // Repeating the request would cost money again.
        assert!(error.may_have_executed() && !error.is_retryable());
        assert!(parts.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_events_times_out() {
    let events = &["data: {\"type\":\"audio\",\"part_index\":0,\"audio\":\"\"}\n\n"];
    let mut parts = streams(events, true).speak(speech()).await.unwrap();
    assert!(parts.try_next().await.unwrap().is_some());
    let error = parts.try_next().await.unwrap_err();
    assert!(error.to_string().contains("no event for 90 s"), "{error}");
    assert!(error.may_have_executed());
    let error = streams(&[], true).realtime_words("s").try_next().await.unwrap_err();
    assert!(error.to_string().contains("no event for 90 s"), "{error}");
}

#[tokio::test]
async fn invalid_words_are_a_decode_error() {
    let heygen = streams(&["data: {\"words\":7}\n\n"], true);
    let error = heygen.realtime_words("s").try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Decode, Some("r7")));
}
