//! Tests of what is read of events.

use serde_json::json;

use super::*;

fn event(body: &Value) -> Event {
    Event::of_delivery(body.to_string().as_bytes(), None, "".into()).unwrap()
}

#[test]
fn payloads_observed_from_the_service_are_read() {
    let succeeded = event(&json!({"event_type": "avatar_video.success", "event_data": {
        "callback_id": null, "callback_url": null, "folder_id": "", "gif_download_url": null,
        "url": "https://files.example/v.mp4?Signature=x", "video_id": "v1", "video_share_page_url": null}}));
    assert_eq!((succeeded.job_kind(), succeeded.job_id()), (Some(JobKind::Video), Some("v1")));
    let (outcome, failure) = (succeeded.outcome(), succeeded.failure());
    assert_eq!((outcome, failure, succeeded.callback_id()), (Outcome::Succeeded, None, None));
    let failed = event(&json!({"event_type": "avatar_video.fail", "event_data": {
        "video_id": "v1", "msg": "No face", "callback_id": "mine"}}));
    let failure = failed.failure().unwrap();
    assert_eq!((failure.code, failure.message.as_deref()), (None, Some("No face")));
    assert_eq!(failed.callback_id().as_deref(), Some("mine"));
}

#[test]
fn a_failure_is_read_by_every_member_name() {
    for data in [
        json!({"failure_code": "c", "failure_message": "m"}),
        json!({"code": "c", "msg": "m"}),
        json!({"code": "c", "message": "m"}),
        json!({"code": "c", "error": "m"}),
        json!({"error": {"code": "c", "message": "m"}}),
        json!({"failure_code": "c", "message": "", "error": {"message": "m"}}),
    ] {
        let failure = event(&json!({"event_type": "podcast.fail", "event_data": data})).failure().unwrap();
        assert_eq!(failure, Failure { code: Some("c".into()), message: Some("m".into()) }, "{data}");
    }
    for (kind, outcome) in [
        ("video_translate.preflight.validation_failed", Outcome::Failed),
        ("video_translate.preflight.download_failed", Outcome::Failed),
        ("batch.finished", Outcome::Finished),
        ("personalized_video", Outcome::Finished),
        ("lipsync.success", Outcome::Succeeded),
        ("fail", Outcome::Finished),
    ] {
        assert_eq!(event(&json!({"event_type": kind})).outcome(), outcome, "{kind}");
    }
}

#[test]
fn an_event_of_an_unknown_type_is_read() {
    let unknown = event(
        &json!({"event_type": "hologram.success", "event_id": "e", "event_data": {"id": "h", "x": [1]}}),
    );
    assert_eq!((unknown.kind().as_str(), unknown.id()), ("hologram.success", Some("e")));
    assert_eq!(unknown.job_kind(), None);
    assert_eq!((unknown.job_id(), &unknown.data()["x"]), (Some("h"), &json!([1])));
    for body in [json!({}), json!({"event_type": 7, "event_data": []}), json!({"event_data": null})] {
        let empty = event(&body);
        assert_eq!((empty.kind().as_str(), empty.job_id(), empty.data().len()), ("", None, 0), "{body}");
    }
    for body in ["", "[]", "7", "{", "\u{0}"] {
        let refused = Event::of_delivery(body.as_bytes(), None, "".into());
        assert_eq!(refused.unwrap_err().bytes, body.len());
    }
}

#[test]
fn a_stored_event_is_read_with_its_key() {
    let body = r#"{"event_type":"podcast.success","event_data":{"podcast_id":"p"}}"#;
    for body in [body.to_owned(), body.replace("}}", "},\"event_id\":\"e/1\"}")] {
        let event = Event::of_delivery(body.as_bytes(), Some("header"), "ep_1".into()).unwrap();
        let read = Event::from_stored(event.to_stored()).unwrap();
        assert_eq!((&read, read.key()), (&event, event.key()));
    }
    for other in [json!({}), json!(7), json!({"endpoint": "", "identity": "x", "body": {}})] {
        let problem = Event::from_stored(other).unwrap_err().to_string();
        assert!(problem.ends_with("is not an event; pass what `Event::to_stored` returned"), "{problem}");
    }
}

#[test]
fn an_end_that_contradicts_an_earlier_one_is_reported() {
    let ended = |kind: &str| event(&json!({"event_type": kind, "event_data": {"video_id": "v"}}));
    let success = ended("avatar_video.success").key();
    let told = |kind: &str| ended(kind).with_handled([success.as_str()]).contradicts();
    assert_eq!(told("avatar_video.fail"), Some(Outcome::Succeeded));
    for other in ["avatar_video.success", "avatar_video_gif.fail", "personalized_video", "video_agent.fail"] {
        assert_eq!(told(other), None, "{other}");
    }
}

#[test]
fn debug_does_not_print_the_data() {
    let event = event(&json!({"event_type": "avatar_video.success", "event_data": {
        "video_id": "v1", "url": "https://x/?marked"}}));
    let shown = format!("{event:?}");
    assert!(shown.contains("v1") && !shown.contains("marked"), "{shown}");
}
