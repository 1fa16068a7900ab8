//! Tests of keys: which deliveries are the same event.

use serde_json::json;

use super::*;
use crate::webhook::event::Event;

fn deliver(endpoint: &str, header_id: Option<&str>, body: &str) -> Event {
    Event::of_delivery(body.as_bytes(), header_id, endpoint.into()).unwrap()
}

fn digest(kind: &str, data: &Value) -> String {
    let body = json!({"event_type": kind, "event_data": data}).to_string();
    let key = deliver("", None, &body).key();
    key.as_str().split('/').nth(3).unwrap().to_owned()
}

#[test]
fn what_is_signed_decides_which_events_are_the_same() {
    const BODY: &str = r#"{"event_type":"podcast.success","event_data":{"podcast_id":"p"}}"#;
    const OTHER: &str = r#"{"event_type":"podcast.success","event_data":{"podcast_id":"q"}}"#;
    const ID_1: &str = r#"{"event_type":"podcast.success","event_id":"1","event_data":{"podcast_id":"p"}}"#;
    const ID_2: &str = r#"{"event_type":"podcast.success","event_id":"2","event_data":{"podcast_id":"p"}}"#;
    type Delivery<'a> = (&'a str, Option<&'a str>, &'a str);
    let rows: [(&str, Delivery<'_>, Delivery<'_>, bool); 9] = [
        ("a repeated delivery", ("a", Some("1"), BODY), ("a", Some("1"), BODY), true),
        ("an old body under the next id", ("a", Some("1"), BODY), ("a", Some("2"), BODY), true),
        ("the id of a header removed", ("a", Some("1"), BODY), ("a", None, BODY), true),
        ("other bodies under one id", ("a", Some("1"), BODY), ("a", Some("1"), OTHER), false),
        ("only the signed id differs", ("a", None, ID_1), ("a", None, ID_2), false),
        ("the header names another signed id", ("a", Some("2"), ID_1), ("a", None, ID_2), false),
        ("the header contradicts the body", ("a", Some("2"), ID_1), ("a", Some("1"), ID_1), true),
        ("a signed id in the header of another", ("a", None, ID_1), ("a", Some("1"), BODY), false),
        ("another tenant sends the same body", ("a", None, ID_1), ("b", None, ID_1), false),
    ];
    for (attack, one, two, same) in rows {
        let key = |(endpoint, id, body): Delivery<'_>| deliver(endpoint, id, body).key();
        assert_eq!(key(one) == key(two), same, "{attack}: {} {}", key(one), key(two));
    }
}

#[test]
fn a_key_is_printable_and_has_five_parts() {
    let body = r#"{"event_type":"podcast.success","event_id":"e","event_data":{"podcast_id":"p"}}"#;
    let key = deliver("ep_1", None, body).key();
    assert_eq!(key.job_prefix(), "ep_1/podcast_id:p/");
    assert_eq!(key.type_prefix(), "ep_1/podcast_id:p/podcast.success/");
    assert!(key.as_str().ends_with("/id:e"), "{key}");
    let without_job = deliver("ep_1", None, r#"{"event_type":"podcast.success","event_id":"e"}"#).key();
    assert_eq!(without_job.job_prefix(), "ep_1/~/podcast.success/");
    for odd in ["a/b", "", "line\nbreak", "\u{202e}", &"x".repeat(65), "~", "ü"] {
        let body = json!({"event_type": odd, "event_id": odd, "event_data": {"id": odd}}).to_string();
        let key = deliver(odd, None, &body).key();
        assert_eq!(key.as_str().split('/').count(), 5, "{key}");
        assert!(
            key.as_str().len() <= 400 && key.as_str().bytes().all(|byte| byte.is_ascii_graphic()),
            "{key}"
        );
    }
    let part = |text: &str| {
        let mut key = String::new();
        push_part(&mut key, text);
        key
    };
    assert_ne!(part("a/b"), part("a:b"));
    assert_eq!(part(""), "~");
    assert_ne!(part("~"), "~");
}

#[test]
fn the_digest_ignores_signatures_of_urls_and_the_order_of_members() {
    let failed = |message: &str| digest("video_agent.fail", &json!({"session_id": "s", "msg": message}));
    assert_ne!(
        failed("cannot fetch https://a/x?file=1: 404"),
        failed("cannot fetch https://a/x?file=2: 500")
    );
    for space in [" ", "\u{3000}", "\n"] {
        let expired = |reason: &str| failed(&format!("https://a/x?Expires=5{space}{reason}"));
        assert_ne!(expired("404"), expired("500"), "{space:?}");
    }
    assert_ne!(failed("https://a/x?v=1&Expires=5"), failed("https://a/x?v=2&Expires=5"));
    assert_eq!(failed("https://a/x?v=1&X-Amz-Date=5"), failed("https://a/x?v=1&X-Amz-Date=6"));
    let trained = |data: Value| digest("photo_avatar_train.success", &data);
    let first =
        trained(json!({"id": "a", "preview": "https://x/1.png?Signature=1", "n": {"b": 1, "a": [2, 3]}}));
    let again =
        trained(json!({"n": {"a": [2, 3], "b": 1}, "preview": "https://x/1.png?Signature=2", "id": "a"}));
    assert_eq!(first, again);
    for other in [
        json!({"id": "a", "preview": "https://x/2.png", "n": {"b": 1, "a": [2, 3]}}),
        json!({"id": "a", "preview": "https://x/1.png", "n": {"b": 1, "a": [23]}}),
        json!({"id": "a", "preview": "https://x/1.png", "n": {"b": 1, "a": [2], "c": [3]}}),
    ] {
        assert_ne!(trained(other.clone()), first, "{other}");
    }
}

#[test]
fn an_identity_is_read_as_it_was_written() {
    let of = |text: &str| Identity::parse(text).map(|identity| identity.to_string());
    for text in ["id:a:b", "body:0f", "list:7", "confirmed"] {
        assert_eq!(of(text).as_deref(), Some(text));
    }
    assert_eq!([of(""), of("other:1"), of("id")], [None, None, None]);
    let listed = Event::new(Map::new(), None, "".into(), Identity::Listed("7".to_owned()));
    assert!(listed.key().as_str().ends_with("/list:7"));
}

#[cfg(feature = "webhook")]
#[test]
fn an_event_of_another_type_is_not_known_although_its_data_is_equal() {
    use crate::webhook::inbox::KnownKey;

    let body = |kind: &str| json!({"event_type": kind, "event_data": {"video_id": "v"}});
    let Value::Object(raw) = body("avatar_video.success") else { unreachable!() };
    let listed = Event::new(raw, None, "".into(), Identity::Listed("7".to_owned()));
    let known = [KnownKey { key: listed.key().to_string(), handled: true }];
    let is_known = |kind: &str| KnownKey::has(&known, &deliver("", None, &body(kind).to_string()));
    assert!(is_known("avatar_video.success"));
    assert!(!is_known("avatar_video_gif.success"));
}
