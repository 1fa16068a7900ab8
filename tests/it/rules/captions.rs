//! Rules for captions: which caption files a job has.

use heygen_sim::Sim;
use serde_json::{Value, json};

use super::{Harness, INVALID};

fn film() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

/// The sidecar file always exists; captions are burned in if they have a style.
#[tokio::test]
async fn a_video_always_has_a_sidecar_and_captions_are_burned_in_with_a_style() {
    let mut harness = Harness::of(Sim::builder().concurrency(100)).await;
    let (videos, template) = ("/v3/videos", "/v3/templates/d0000000000000000000000000000002");
    let avatar = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello there."});
    let greeting = json!({"variables": {}});
    let subtitles = json!({"subtitles": {"preset_name": "bold"}});
    for (path, base, change, burned_in) in [
        (videos, &avatar, json!({}), false),
        (videos, &avatar, json!({"caption": {}}), false),
        (videos, &avatar, json!({"caption": {"file_format": "srt"}}), false),
        (videos, &avatar, json!({"caption": {"style": "default"}}), true),
        (template, &greeting, json!({}), false),
        (template, &greeting, json!({"caption": false}), false),
        (template, &greeting, json!({"caption": true}), true),
        (template, &greeting, subtitles.clone(), true),
        (template, &greeting, super::changed(&subtitles, &json!({"caption": false})), true),
    ] {
        let made = harness.post(path, super::changed(base, &change)).await;
        let id = made.body["data"].get("video_id").unwrap_or(&made.body["data"]["id"]);
        let video = super::video_path(id.as_str().unwrap());
        harness.advance(300);
        let video = harness.get(&video).await.body["data"].clone();
        assert!(video["subtitle_url"].as_str().unwrap().contains("/captions.srt?"), "{path} {change}");
        assert_eq!(video["captioned_video_url"].is_string(), burned_in, "{path} {change}");
    }
    // A merge patch cannot set null, so these bodies are not built by one.
    for caption in [json!({"style": null}), Value::Null] {
        let mut body = avatar.clone();
        body["caption"] = caption;
        let id = harness.post(videos, body).await.text("/data/video_id");
        harness.advance(300);
        let video = harness.get(&super::video_path(&id)).await.body["data"].clone();
        assert_eq!((video["subtitle_url"].is_string(), &video["captioned_video_url"]), (true, &Value::Null));
    }
    for (caption, place) in
        [(json!({"file_format": "vtt"}), "caption.file_format"), (json!({"style": "bold"}), "caption.style")]
    {
        let body = super::changed(&avatar, &json!({"caption": caption}));
        harness.expect_post_refusal("an unknown format or style", videos, body, (400, INVALID, place)).await;
    }
    harness.finish();
}

/// According to its own description, `enable_caption` has no effect. The v2 operation for captions contradicts this; the
/// simulator follows the description.
#[tokio::test]
async fn translations_and_lipsyncs_always_have_captions() {
    let harness = Harness::of(Sim::builder().concurrency(100).legacy(true)).await;
    let translation = json!({"video": film(), "output_languages": ["German"]});
    let lipsync = json!({"video": film(), "audio": {"type": "url", "url": "https://example.com/a.mp3"}});
    let old = json!({"video_url": "https://example.com/a.mp4", "output_language": "de"});
    for change in [json!({}), json!({"enable_caption": false}), json!({"enable_caption": true})] {
        let made = harness.post("/v3/video-translations", super::changed(&translation, &change)).await;
        let translation = format!("/v3/video-translations/{}", made.text("/data/video_translation_ids/0"));
        let made = harness.post("/v3/lipsyncs", super::changed(&lipsync, &change)).await;
        let lipsync = format!("/v3/lipsyncs/{}", made.text("/data/lipsync_id"));
        let old = harness.post("/v2/video_translate", super::changed(&old, &change)).await;
        let old = old.text("/data/video_translate_id");
        assert_eq!(harness.get(&translation).await.body["data"]["srt_caption_url"], Value::Null);
        harness.advance(300);
        for (path, member, file) in [
            (&translation, "/data/srt_caption_url", "/captions.srt?"),
            (&translation, "/data/vtt_caption_url", "/captions.vtt?"),
            (&lipsync, "/data/caption_url", "/captions.srt?"),
        ] {
            assert!(harness.get(path).await.text(member).contains(file), "{change} {member}");
        }
        for kind in ["srt", "vtt"] {
            let path = format!("/v2/video_translate/caption?video_translate_id={old}&caption_type={kind}");
            let link = harness.get(&path).await.text("/data/caption_url");
            assert!(link.contains(&format!("/captions.{kind}?")), "{change} {link}");
        }
    }
}
