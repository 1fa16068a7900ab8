//! Rules of video requests that cost money if they are wrong.

use heygen_ext::http::Method;
use heygen_ext::migrate::{
    CostChange, LegacyRequest, LookUp, LookUps, MigrateError, MigrateOptions, Policy, Severity,
};
use serde_json::{Value, json};

use super::document::check_bodies;

fn request(target: &str, body: Value) -> LegacyRequest {
    LegacyRequest::new(&Method::POST, target).unwrap().json(body)
}

fn scene(character: Value) -> Value {
    json!({"video_inputs": [{
        "character": character,
        "voice": {"type": "text", "voice_id": "V", "input_text": "Hi"},
    }]})
}

fn look(kind: &str, engines: &[&str]) -> Value {
    json!({"id": "A", "avatar_type": kind, "supported_api_engines": engines, "preview_image_url": "https://x/a.jpg"})
}

#[test]
fn the_worked_example_has_the_expected_body() {
    let body = json!({"title": "T", "dimension": {"width": 1280, "height": 720}, "caption": true, "callback_id": "c1",
        "video_inputs": [
            {"character": {"type": "avatar", "avatar_id": "A"},
             "voice": {"type": "text", "voice_id": "V", "input_text": "Hi", "speed": 1.1},
             "background": {"type": "color", "value": "#FAFAFA"}},
            {"character": {"type": "talking_photo", "talking_photo_id": "P", "use_avatar_iv_model": true,
                           "talking_style": "expressive"},
             "voice": {"type": "audio", "audio_asset_id": "X"}}]});
    let plan = request("/v2/video/generate", body).plan(&LookUps::new(), &MigrateOptions::new()).unwrap();
    assert_eq!(plan.losses(), []);
    assert_eq!(plan.unanswered().count(), 2);
    let expected = json!({"type": "studio", "title": "T", "aspect_ratio": "16:9", "resolution": "720p", "callback_id": "c1",
        "caption": {"file_format": "srt", "style": "default"},
        "scenes": [
            {"type": "avatar_video", "input": {"type": "avatar", "avatar_id": "A", "engine": {"type": "avatar_iii"},
             "script": "Hi", "voice_id": "V", "voice_settings": {"speed": 1.1},
             "background": {"type": "color", "color": "#FAFAFA"}}},
            {"type": "avatar_video", "input": {"type": "avatar", "avatar_id": "P", "engine": {"type": "avatar_iv"},
             "expressiveness": "high", "audio_asset_id": "X"}}]});
    assert_eq!(plan.requests()[0].body(), Some(&expected));
}

#[test]
fn the_engine_of_v2_is_kept_or_the_plan_is_refused() {
    let both = ["avatar_iii", "avatar_iv"];
    for (flag, engines, strict, lenient) in [
        (None, &both[..], Some("avatar_iii"), Some("avatar_iii")),
        (Some(false), &both[..], Some("avatar_iii"), Some("avatar_iii")),
        (Some(true), &both[..], Some("avatar_iv"), Some("avatar_iv")),
        (None, &["avatar_iv"][..], None, Some("avatar_iv")),
        (Some(false), &["avatar_v"][..], None, Some("avatar_v")),
        (None, &[][..], None, None),
    ] {
        let mut character = json!({"type": "avatar", "avatar_id": "A"});
        if let Some(flag) = flag {
            character["use_avatar_iv_model"] = flag.into();
        }
        let request = request("/v2/video/generate", scene(character));
        let answers = LookUps::new().with(LookUp::Look("A".to_owned()), look("studio_avatar", engines));
        let engine = |options: &MigrateOptions| {
            let plan = request.plan(&answers, options)?;
            let engine = plan.requests()[0].body().unwrap()["engine"]["type"].as_str().map(str::to_owned);
            Ok::<_, MigrateError>((engine, plan))
        };
        match engine(&MigrateOptions::new()) {
            Ok((engine, plan)) => {
                assert_eq!(engine.as_deref(), strict, "{flag:?} {engines:?}");
                assert_eq!(plan.costs()[0].change, CostChange::Same);
            }
            Err(MigrateError::Refused(refusal)) => {
                assert!(strict.is_none(), "{refusal}");
                assert_eq!(refusal.losses[0].severity, Severity::Billed);
            }
            Err(error) => panic!("{error}"),
        }
        let (found, plan) = engine(&MigrateOptions::new().policy(Policy::Lenient)).unwrap();
        assert_eq!(found.as_deref(), lenient);
        assert_eq!(plan.costs()[0].change == CostChange::More, strict.is_none());
        let by_name = engine(&MigrateOptions::new().accept_loss("avatar_id"));
        assert_eq!(by_name.is_ok(), strict.is_some(), "the name of a member accepts no higher price");
        let (accepted, plan) = engine(&MigrateOptions::new().accept_engine_change(true)).unwrap();
        assert_eq!((accepted.as_deref(), plan.losses().len()), (lenient, usize::from(strict.is_none())));
    }
}

#[test]
fn a_look_that_does_not_exist_is_refused_before_anything_is_paid() {
    let request = request("/v2/video/generate", scene(json!({"type": "avatar", "avatar_id": "gone"})));
    let answers = LookUps::new().with_absent(LookUp::Look("gone".to_owned()));
    let error = request.plan(&answers, &MigrateOptions::new().policy(Policy::Lenient)).unwrap_err();
    assert_eq!((error.status().as_u16(), error.code().as_str()), (404, "avatar_not_found"));
    assert!(
        error.to_string().starts_with("video_inputs[0].character.avatar_id: the service has no look `gone`"),
        "{error}"
    );
}

#[test]
fn a_test_never_becomes_a_video_that_is_charged() {
    let mut generate = scene(json!({"type": "avatar", "avatar_id": "A"}));
    let clips = json!({"clips": [{"avatar_id": "A", "voice_id": "V", "input_text": "Hi"}]});
    let key = "image/0123456789abcdef0123456789abcdef/original.jpg";
    let photo = json!({"image_key": key, "script": "Hi", "voice_id": "V"});
    let webm = json!({"avatar_pose_id": "A", "input_text": "Hi", "voice_id": "V"});
    let later = json!({"avatar_id": "A", "script": "Hi"});
    generate["title"] = "T".into();
    for (target, body) in [
        ("/v2/video/generate", generate),
        ("/v1/video.generate", clips),
        ("/v2/video/av4/generate", photo),
        ("/v1/video.webm", webm),
        ("/v2/videos", later),
    ] {
        for policy in [Policy::Strict, Policy::Lenient] {
            let options = MigrateOptions::new().policy(policy);
            for (test, refused) in [
                (json!(true), true),
                (json!("true"), true),
                (json!(1), true),
                (json!(false), false),
                (Value::Null, false),
            ] {
                let mut body = body.clone();
                body["test"] = test.clone();
                let outcome = request(target, body).plan(&LookUps::new(), &options);
                assert_eq!(outcome.is_err(), refused, "{target} {test}: {outcome:?}");
                if let Err(error) = outcome {
                    assert!(error.to_string().starts_with("test: v3 has no test videos"), "{error}");
                }
            }
        }
    }
}

#[test]
fn an_accepted_loss_is_listed_and_not_refused() {
    let request =
        request("/v2/video/generate", scene(json!({"type": "avatar", "avatar_id": "A", "scale": 1.5})));
    assert!(request.plan(&LookUps::new(), &MigrateOptions::new()).is_err());
    let plan = request.plan(&LookUps::new(), &MigrateOptions::new().accept_loss("scale")).unwrap();
    assert_eq!(plan.losses()[0].path.to_string(), "video_inputs[0].character.scale");
    check_bodies(&plan);
}
