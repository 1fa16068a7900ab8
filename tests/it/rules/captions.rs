//! Rules of captions: which files exist, for every request.

use heygen_sim::Sim;
use serde_json::{Value, json};

use super::{Desk, INVALID};

fn film() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

/// The sidecar is always there; captions are burned in when they have a style.
#[tokio::test]
async fn a_video_has_a_sidecar_and_captions_of_a_style() {
    let mut desk = Desk::of(Sim::builder().concurrency(100)).await;
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
        let made = desk.post(path, super::changed(base, &change)).await;
        let id = made.body["data"].get("video_id").unwrap_or(&made.body["data"]["id"]);
        let video = format!("/v3/videos/{}", id.as_str().unwrap());
        desk.advance(300);
        let video = desk.get(&video).await.body["data"].clone();
        assert!(video["subtitle_url"].as_str().unwrap().contains("/captions.srt?"), "{path} {change}");
        assert_eq!(video["captioned_video_url"].is_string(), burned_in, "{path} {change}");
    }
    // A merge patch cannot say null: a missing style or caption counts as none.
    for caption in [json!({"style": null}), Value::Null] {
        let mut body = avatar.clone();
        body["caption"] = caption;
        let id = desk.post(videos, body).await.text("/data/video_id");
        desk.advance(300);
        let video = desk.get(&format!("/v3/videos/{id}")).await.body["data"].clone();
        assert_eq!((video["subtitle_url"].is_string(), &video["captioned_video_url"]), (true, &Value::Null));
    }
    for (caption, place) in
        [(json!({"file_format": "vtt"}), "caption.file_format"), (json!({"style": "bold"}), "caption.style")]
    {
        let body = super::changed(&avatar, &json!({"caption": caption}));
        desk.posts("a form that there is not", videos, body, (400, INVALID, place)).await;
    }
    desk.done();
}

/// `enable_caption` has no effect, as it says itself; the old operation for captions says otherwise, and does not count.
#[tokio::test]
async fn captions_of_a_translation_and_a_lipsync_are_always_there() {
    let desk = Desk::of(Sim::builder().concurrency(100).legacy(true)).await;
    let translation = json!({"video": film(), "output_languages": ["German"]});
    let lipsync = json!({"video": film(), "audio": {"type": "url", "url": "https://example.com/a.mp3"}});
    let old = json!({"video_url": "https://example.com/a.mp4", "output_language": "de"});
    for change in [json!({}), json!({"enable_caption": false}), json!({"enable_caption": true})] {
        let made = desk.post("/v3/video-translations", super::changed(&translation, &change)).await;
        let translation = format!("/v3/video-translations/{}", made.text("/data/video_translation_ids/0"));
        let made = desk.post("/v3/lipsyncs", super::changed(&lipsync, &change)).await;
        let lipsync = format!("/v3/lipsyncs/{}", made.text("/data/lipsync_id"));
        let old = desk.post("/v2/video_translate", super::changed(&old, &change)).await;
        let old = old.text("/data/video_translate_id");
        assert_eq!(desk.get(&translation).await.body["data"]["srt_caption_url"], Value::Null);
        desk.advance(300);
        for (path, member, file) in [
            (&translation, "/data/srt_caption_url", "/captions.srt?"),
            (&translation, "/data/vtt_caption_url", "/captions.vtt?"),
            (&lipsync, "/data/caption_url", "/captions.srt?"),
        ] {
            assert!(desk.get(path).await.text(member).contains(file), "{change} {member}");
        }
        for kind in ["srt", "vtt"] {
            let path = format!("/v2/video_translate/caption?video_translate_id={old}&caption_type={kind}");
            let link = desk.get(&path).await.text("/data/caption_url");
            assert!(link.contains(&format!("/captions.{kind}?")), "{change} {link}");
        }
    }
}
