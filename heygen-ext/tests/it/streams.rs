//! Tests complete and broken event streams of the simulator.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
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

#[tokio::test]
async fn events_are_read_in_every_form_that_the_standard_allows() {
    let events = &[
        "\u{feff}: a comment\r\n\r\nretry: 5\nid: 7\n\nda",
        "ta: {\"type\":\"audio\",\ndata:\"part_index\":0,\ndata: \"audio\":\"AQ==\"}\r",
        "\n\r\nevent: message\runknown: field\rdata: {\"type\":\"audio\",\"part_index\":1,\"audio\":\"Ag==\"}\r\r",
        "event: message\n\nevent:\n\n",
        "data: [DONE]\n\ndata: after the end\n\n",
    ];
    let parts: Vec<_> = streams(events, false).speak(speech()).await.unwrap().try_collect().await.unwrap();
    let audio = |byte| SpeechChunk::Audio(vec![byte].into());
    assert_eq!(parts, [audio(1), audio(2)]);
}

#[tokio::test]
async fn a_stream_that_is_compressed_anyway_is_an_error_that_names_the_coding() {
    let (sim, heygen) = pair().await;
    for operation in ["streamModelSpeech", "streamAvatarRealtimeWords"] {
        let coded =
            Fault::answer(200, "text/event-stream", "\u{1f}not events").header("content-encoding", "gzip");
        sim.inject(coded.on(operation).times(1)).unwrap();
    }
    let spoken = heygen.speak(speech()).await.unwrap_err();
    let words = heygen.realtime_words("s").try_next().await.unwrap_err();
    for error in [spoken, words] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("compressed with `gzip`") && !error.is_retryable(), "{error}");
    }
    assert_eq!(sim.requests().len(), 2, "it is not repeated");
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

/// The header of a part: PCM, one channel, 44.1 kHz, and this size of a sample.
fn wav_header(bytes_per_sample: u8, length: u32) -> Vec<u8> {
    let format =
        [1, 0, 1, 0, 0x44, 0xac, 0, 0, 0x88, 0x58, 1, 0, bytes_per_sample, 0, bytes_per_sample * 8, 0];
    let parts: [&[u8]; 6] = [
        b"RIFF",
        &(36 + length).to_le_bytes(),
        b"WAVEfmt \x10\0\0\0",
        &format,
        b"data",
        &length.to_le_bytes(),
    ];
    parts.concat()
}

/// A service that sends these parts of a speech.
fn speaks(parts: &[Vec<u8>]) -> HeyGen {
    let event = |(index, part): (usize, &Vec<u8>)| {
        let audio = BASE64_STANDARD.encode(part);
        format!("data: {{\"type\":\"audio\",\"part_index\":{index},\"audio\":\"{audio}\"}}\n\n")
    };
    let events = parts.iter().enumerate().map(event).chain(["data: [DONE]\n\n".to_owned()]);
    let events: Vec<&'static str> = events.map(|event| &*event.leak()).collect();
    streams(events.leak(), false)
}

/// Speaks to a path in an empty folder. Returns the file or the error, and how many files the folder has then.
async fn spoken(heygen: &HeyGen) -> (Result<Vec<u8>, heygen_ext::Error>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let file = heygen.speak(speech()).to_path(&path).await.map(|path| std::fs::read(path).unwrap());
    (file, std::fs::read_dir(folder.path()).unwrap().count())
}

#[tokio::test]
async fn speech_to_a_path_is_one_file_with_the_samples_of_all_parts() {
    let part = |samples: &[u8]| [wav_header(2, samples.len() as u32), samples.to_vec()].concat();
    let (file, _) = spoken(&speaks(&[part(&[1, 2]), part(&[3, 4, 5, 6]), part(&[])])).await;
    assert_eq!(file.unwrap(), part(&[1, 2, 3, 4, 5, 6]));
    // Samples of one byte: a byte after them makes their length even, and does not count.
    let bytes = |samples: &[u8]| [wav_header(1, samples.len() as u32), samples.to_vec()].concat();
    let (file, _) = spoken(&speaks(&[bytes(&[1]), bytes(&[2, 3])])).await;
    let mut expected = [bytes(&[1, 2, 3]), vec![0]].concat();
    expected[4] += 1;
    assert_eq!(file.unwrap(), expected);

    // The simulator sends four parts, each with the name of the program that made it before its samples.
    let (_sim, heygen) = pair().await;
    let request = request(&heygen).await;
    let folder = tempfile::tempdir().unwrap();
    let path = heygen.speak(request.clone()).to_path(folder.path().join("a.wav")).await.unwrap();
    let file = std::fs::read(path).unwrap();
    let parts: Vec<_> = heygen.speak(request).await.unwrap().try_collect().await.unwrap();
    let samples = parts.iter().filter_map(|part| match part {
        SpeechChunk::Audio(wav) => Some(&wav[wav.windows(4).position(|name| name == b"data").unwrap() + 8..]),
        _ => None,
    });
    assert!(file.starts_with(b"RIFF") && file[44..] == samples.collect::<Vec<_>>().concat());
    assert_eq!(file[40..44], u32::try_from(file.len() - 44).unwrap().to_le_bytes());
}

#[tokio::test]
async fn speech_that_is_not_one_file_leaves_none() {
    let part = |bytes: u8, length| [wav_header(bytes, length), vec![7; length as usize]].concat();
    let of_part = |problem: &str| format!("stream_model_speech: part 1 of the speech {problem} (request r7)");
    for (parts, problem) in [
        (vec![part(2, 4), part(1, 4)], of_part("has another sample format than the first part")),
        (vec![part(2, 4), b"ID3 is not what was expected".to_vec()], of_part("is not a WAV file")),
        (vec![part(2, 4), part(2, 3)], of_part("ends within a sample")),
        (vec![], "the speech has ended without audio".to_owned()),
    ] {
        let (file, count) = spoken(&speaks(&parts)).await;
        let error = file.unwrap_err();
        assert_eq!((error.kind(), error.to_string(), count), (ErrorKind::Decode, problem, 0));
        assert!(error.may_have_executed() && !error.is_retryable());
    }
    // The connection ends before the marker of the end.
    let cut = streams(&["data: {\"type\":\"alignment\",\"word_alignments\":[]}\n\n"], false);
    let (file, count) = spoken(&cut).await;
    assert_eq!((file.unwrap_err().kind(), count), (ErrorKind::Transport, 0));
}

#[tokio::test]
async fn a_file_that_exists_is_found_before_the_speech_starts() {
    let (sim, heygen) = pair().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, "precious").unwrap();
    let error = heygen.speak(speech()).to_path(&path).await.unwrap_err();
    assert_eq!((error.kind(), sim.requests().len()), (ErrorKind::File, 0));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let part = [wav_header(2, 2), vec![1, 2]].concat();
    speaks(std::slice::from_ref(&part)).speak(speech()).to_path(&path).overwrite(true).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), part);
}
