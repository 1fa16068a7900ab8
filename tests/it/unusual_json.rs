//! Unusual but valid JSON in responses decodes like usual JSON.

use heygen_api::types::SpeechStreamEvent;
use heygen_api::{Client, ErrorCode, Event, TransportError, transport_fn};
use heygen_ext::HeyGen;

/// Variants of a body: name, text before the body, title, and time.
const VARIANTS: [(&str, &str, &str, &str); 6] = [
    ("plain", "", "cut", "1790000000"),
    ("a lone surrogate", "", r"cut\ud83d", "1790000000"),
    ("a byte order mark", "\u{feff}", "cut", "1790000000"),
    ("an integer with a point", "", "cut", "1790000000.0"),
    ("an integer with an exponent", "", "cut", "1.79e9"),
    ("all at once", "\u{feff}", r"\ude00cut\ud83d", "1.79E+9"),
];

fn client(status: u16, body: String) -> Client {
    Client::new(transport_fn(move |_, _| {
        let response = http::Response::builder().status(status).body(body.clone()).unwrap();
        async { Ok::<_, TransportError>(response) }
    }))
}

fn video(title: &str, time: &str) -> String {
    format!(r#"{{"id":"v","status":"completed","title":"{title}","created_at":{time},"duration":2.0}}"#)
}

#[tokio::test]
async fn unusual_replies_and_pages_decode() {
    for (what, mark, title, time) in VARIANTS {
        let body = format!("{mark}{{\"data\":{}}}", video(title, time));
        let video_detail = client(200, body).get_video().video_id("v").await.unwrap().into_inner();
        assert_eq!(
            (video_detail.created_at, video_detail.duration),
            (Some(1_790_000_000), Some(2.0)),
            "{what}"
        );
        assert!(video_detail.title.unwrap().contains("cut"), "{what}");
        let items = [video("first", "1"), video(title, time)].join(",");
        let body = format!("{mark}{{\"data\":[{items}],\"has_more\":false,\"next_token\":null}}");
        let page = client(200, body).list_videos().send().await.unwrap();
        assert_eq!(page.items.len(), 2, "{what}");
    }
}

#[tokio::test]
async fn unusual_error_responses_decode() {
    for (what, mark, title, time) in VARIANTS {
        let body = format!(
            "{mark}{{\"error\":{{\"code\":\"invalid_parameter\",\"message\":\"{title}\",\"param\":\"title\",\"at\":{time}}}}}"
        );
        // As an error response, and with a success status.
        for status in [400, 200] {
            let error = client(status, body.clone()).get_video().video_id("v").send().await.unwrap_err();
            let code_and_param = (error.code(), error.param());
            assert_eq!(code_and_param, (Some(ErrorCode::InvalidParameter), Some("title")), "{what}");
            assert!(error.message().unwrap().contains("cut"), "{what}");
        }
    }
}

#[tokio::test]
async fn the_code_of_an_unusual_error_response_decides_whether_to_retry() {
    let attempts = std::sync::atomic::AtomicU32::new(0);
    let transport = transport_fn(move |_, _| {
        let first = attempts.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        let error_body = "{\"error\":{\"code\":\"quota_exceeded\",\"message\":\"cut \\ud83d\"}}";
        let response =
            http::Response::builder().status(if first { 429 } else { 500 }).body(error_body).unwrap();
        async { Ok::<_, TransportError>(response) }
    });
    // `quota_exceeded` is recognized: a retry would not help.
    let heygen = HeyGen::builder().transport(transport).build().unwrap();
    let error = heygen.api().list_videos().send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(ErrorCode::QuotaExceeded), Some(1)));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn unusual_events_decode() {
    use futures_util::StreamExt;
    use heygen_api::types::StreamModelSpeechRequest;

    for (what, _, _, time) in VARIANTS {
        let index = time.replace("1790000000", "0").replace("1.79e9", "0e0").replace("1.79E+9", "0E+0");
        let body = format!(
            "data: {{\"type\":\"audio\",\"audio\":\"cut\\ud83d\",\"part_index\":{index}}}\n\ndata: [DONE]\n\n"
        );
        let request = StreamModelSpeechRequest::builder().voice_id("v").language("en").text("t");
        let client = client(200, body);
        let mut events = client.stream_model_speech().body(request).send().await.unwrap().into_inner();
        let event = events.next().await.unwrap().unwrap();
        assert!(
            matches!(&event, Event::Data(SpeechStreamEvent::Audio(part)) if part.part_index == 0),
            "{what}: {event:?}"
        );
    }
}
