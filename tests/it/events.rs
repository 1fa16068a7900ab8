//! Event streams yield typed events, and use the same transport as other calls.

use bytes::Bytes;
use futures_util::StreamExt;
use heygen_api::types::{SpeechStreamEvent, StreamModelSpeechRequest};
use heygen_api::{Client, ErrorKind, Event};
use heygen_tests::Recorder;
use heygen_tests::canonical::{self, Fill};

fn client(body: impl Into<Bytes>) -> (Client, Recorder) {
    let recorder = Recorder::default();
    recorder.answer(http::Response::new(body.into()));
    (Client::new(recorder.clone()), recorder)
}

fn speech() -> StreamModelSpeechRequest {
    let lowered = super::lowered();
    let schema = &lowered["components"]["schemas"]["StreamModelSpeechRequest"];
    serde_json::from_value(canonical::value(&lowered, schema, Fill::Required)).unwrap()
}

#[tokio::test]
async fn a_speech_stream_yields_events_until_done() {
    let lowered = super::lowered();
    let schema = &lowered["components"]["schemas"]["SpeechStreamEvent"];
    let audio = canonical::value(&lowered, schema, Fill::Everything);
    assert_eq!(audio["type"], "audio");
    let future = serde_json::json!({"type": "from_the_future", "x": 1});
    let (client, recorder) =
        client(format!("data: {audio}\n\ndata: {future}\n\ndata: [DONE]\n\ndata: {audio}\n\n"));
    let events: Vec<_> =
        client.stream_model_speech().body(speech()).send().await.unwrap().into_inner().collect().await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(matches!(events[0], Ok(Event::Data(SpeechStreamEvent::Audio(_)))), "{events:?}");
    assert!(matches!(events[1], Ok(Event::Data(SpeechStreamEvent::Unknown(_)))));
    assert_eq!(recorder.take()[0].target, "/v3/models/audio/tts/stream");
}

#[tokio::test]
async fn a_word_stream_ends_with_a_named_event() {
    let (client, _) = client(concat!(
        "data: {\"words\":[{\"word\":\"Hi\",\"start\":0.0,\"end\":0.2}]}\n\n",
        "event: end\ndata: {\"reason\":\"completed\"}\n\n",
    ));
    let words = client.stream_avatar_realtime_words().stream_id("s").send().await.unwrap().into_inner();
    let events: Vec<_> = words.map(Result::unwrap).collect().await;
    assert!(matches!(&events[0], Event::Data(batch) if batch.words[0].word == "Hi"));
    let end = Event::Named { event: "end".into(), data: "{\"reason\":\"completed\"}".into() };
    assert_eq!(events[1], end);
}

#[tokio::test]
async fn an_event_that_does_not_decode_is_an_error_and_ends_the_stream() {
    let (client, _) = client("data: {\"words\":7}\n\ndata: {\"words\":[]}\n\n");
    let words = client.stream_avatar_realtime_words().stream_id("s").send().await.unwrap().into_inner();
    let events: Vec<_> = words.collect().await;
    assert_eq!(events.len(), 1);
    let error = events[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("`words`"), "{error}");
}
