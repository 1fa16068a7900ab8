//! Answers that are JSON, and odd: each is read where a plain one is.

use heygen_api::types::SpeechStreamEvent;
use heygen_api::{Client, ErrorCode, Event, TransportError, transport_fn};
use heygen_ext::HeyGen;

/// The ways in which a body is odd, each as a change of the plain one: what stands for a title, and for a time.
const ODD: [(&str, &str, &str, &str); 6] = [
    ("plain", "", "cut", "1790000000"),
    ("a lone surrogate", "", r"cut\ud83d", "1790000000"),
    ("a byte order mark", "\u{feff}", "cut", "1790000000"),
    ("an integer with a point", "", "cut", "1790000000.0"),
    ("an integer with an exponent", "", "cut", "1.79e9"),
    ("all at once", "\u{feff}", r"\ude00cut\ud83d", "1.79E+9"),
];

fn client(status: u16, body: String) -> Client {
    Client::new(transport_fn(move |_, _| {
        let answer = http::Response::builder().status(status).body(body.clone()).unwrap();
        async { Ok::<_, TransportError>(answer) }
    }))
}

fn video(title: &str, time: &str) -> String {
    format!(r#"{{"id":"v","status":"completed","title":"{title}","created_at":{time},"duration":2.0}}"#)
}

#[tokio::test]
async fn replies_and_pages() {
    for (what, mark, title, time) in ODD {
        let body = format!("{mark}{{\"data\":{}}}", video(title, time));
        let got = client(200, body).get_video().video_id("v").await.unwrap().into_inner();
        assert_eq!((got.created_at, got.duration), (Some(1_790_000_000), Some(2.0)), "{what}");
        assert!(got.title.unwrap().contains("cut"), "{what}");
        let items = [video("first", "1"), video(title, time)].join(",");
        let body = format!("{mark}{{\"data\":[{items}],\"has_more\":false,\"next_token\":null}}");
        let page = client(200, body).list_videos().send().await.unwrap();
        assert_eq!(page.items.len(), 2, "{what}");
    }
}

#[tokio::test]
async fn refusals() {
    for (what, mark, title, time) in ODD {
        let body = format!(
            "{mark}{{\"error\":{{\"code\":\"invalid_parameter\",\"message\":\"{title}\",\"param\":\"title\",\"at\":{time}}}}}"
        );
        // A refusal, and one under the status of a success.
        for status in [400, 200] {
            let error = client(status, body.clone()).get_video().video_id("v").send().await.unwrap_err();
            let said = (error.code(), error.param());
            assert_eq!(said, (Some(ErrorCode::InvalidParameter), Some("title")), "{what}");
            assert!(error.message().unwrap().contains("cut"), "{what}");
        }
    }
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_tried_again() {
    let attempts = std::sync::atomic::AtomicU32::new(0);
    let transport = transport_fn(move |_, _| {
        let first = attempts.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        let refusal = "{\"error\":{\"code\":\"quota_exceeded\",\"message\":\"cut \\ud83d\"}}";
        let answer = http::Response::builder().status(if first { 429 } else { 500 }).body(refusal).unwrap();
        async { Ok::<_, TransportError>(answer) }
    });
    // The code is read, so no wait follows that would not help.
    let heygen = HeyGen::builder().transport(transport).build().unwrap();
    let error = heygen.api().list_videos().send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(ErrorCode::QuotaExceeded), Some(1)));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn events() {
    use futures_util::StreamExt;
    use heygen_api::types::StreamModelSpeechRequest;

    for (what, _, _, time) in ODD {
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
