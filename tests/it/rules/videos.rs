//! Rules for videos: avatar, image, cinematic, studio and template videos.

use heygen_sim::Sim;
use serde_json::{Value, json};

use super::{Harness, INVALID, invalid, rule};

const PATH: &str = "/v3/videos";
const TWIN: &str = "b0000000000000000000000000000001";
const TWINS_PHOTO: &str = "b0000000000000000000000000000002";
const LONE_PHOTO: &str = "b0000000000000000000000000000003";
const WITHOUT_CONSENT: &str = "b0000000000000000000000000000004";

async fn harness() -> Harness {
    Harness::of(Sim::builder().concurrency(1000)).await
}

fn avatar() -> Value {
    json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello there."})
}

#[tokio::test]
async fn an_avatar_video_needs_one_source_of_audio() {
    let mut harness = harness().await;
    let settings = |settings: Value| json!({"voice_settings": {"engine_settings": settings}});
    let allowed = [
        json!({"script": "a".repeat(5000)}),
        json!({"script": null, "audio_url": "https://example.com/a.mp3"}),
        json!({"avatar_id": "Lea_photo_public", "voice_id": "en-us-clara"}),
        settings(json!({"engine_type": "elevenlabs", "model": "eleven_v3", "stability": 0.3})),
        settings(json!({"engine_type": "elevenlabs", "model": "eleven_turbo_v2_5", "stability": 0.3})),
        json!({"brand_glossary_id": "e0000000000000000000000000000001", "callback_url": "https://example.com/hook"}),
    ];
    let rules = vec![
        invalid("no audio", json!({"script": null}), "script"),
        invalid("script and URL", json!({"audio_url": "https://example.com/a.mp3"}), "audio_url"),
        invalid("a script too long", json!({"script": "a".repeat(5001)}), "script"),
        rule("nothing to speak", json!({"script": "... !"}), 400, "script_too_short", "script"),
        invalid("no voice for a script", json!({"avatar_id": "Lea_photo_public"}), "voice_id"),
        rule("an unknown voice", json!({"voice_id": "unknown"}), 404, "voice_not_found", "voice_id"),
        rule("an unknown look", json!({"avatar_id": "unknown"}), 404, "avatar_not_found", "avatar_id"),
        rule(
            "a person who has not agreed",
            json!({"avatar_id": WITHOUT_CONSENT}),
            403,
            "avatar_consent_required",
            "avatar_id",
        ),
        invalid(
            "an engine that the voice lacks",
            settings(json!({"engine_type": "fish"})),
            "voice_settings.engine_settings.engine_type",
        ),
        rule(
            "an unknown glossary",
            json!({"brand_glossary_id": "unknown"}),
            404,
            "resource_not_found",
            "brand_glossary_id",
        ),
        invalid(
            "a callback by plain http",
            json!({"callback_url": "http://example.com/hook"}),
            "callback_url",
        ),
        invalid("a misspelt marker", json!({"title": "[sim:fial]"}), "title"),
    ];
    harness.check_rules(PATH, &avatar(), &allowed, rules).await;
    let picture = harness.upload("thumbnail.png").await;
    let asset = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "audio_asset_id": picture});
    harness.expect_post_refusal("a picture for audio", PATH, asset, (400, INVALID, "audio_asset_id")).await;
    harness.finish();
}

#[tokio::test]
async fn each_engine_accepts_certain_options() {
    let mut harness = harness().await;
    let on = |look: &str, engine: &str, more: Value| {
        super::changed(
            &json!({"avatar_id": look, "engine": {"type": engine}, "voice_id": "en-us-clara"}),
            &more,
        )
    };
    let motion = json!({"motion_prompt": "nods"});
    let lively = json!({"expressiveness": "high"});
    let refer = |look: &str| json!({"engine": {"reference_look_id": look}});
    let allowed = [
        on("Marcus_office_public", "avatar_iii", json!({"resolution": "4k"})),
        on(TWIN, "avatar_v", motion.clone()),
        on(TWINS_PHOTO, "avatar_v", motion.clone()),
        on(TWINS_PHOTO, "avatar_v", refer(TWIN)),
        on("Lea_photo_public", "avatar_iv", motion.clone()),
        on("Lea_photo_public", "avatar_iv", lively.clone()),
        on("Lea_photo_public", "avatar_iii", json!({"resolution": "1080p"})),
    ];
    let rules = vec![
        invalid(
            "the default engine is not the look's",
            json!({"avatar_id": "Marcus_office_public"}),
            "engine",
        ),
        invalid(
            "an engine that is not the look's",
            on("Anna_sitting_public", "avatar_v", json!({})),
            "engine.type",
        ),
        invalid("motion on III", on("Lea_photo_public", "avatar_iii", motion.clone()), "motion_prompt"),
        invalid("motion of a video avatar on IV", motion.clone(), "motion_prompt"),
        invalid(
            "motion on V without anything to refer to",
            on(LONE_PHOTO, "avatar_v", motion),
            "motion_prompt",
        ),
        invalid("expressiveness on V", on(TWINS_PHOTO, "avatar_v", lively.clone()), "expressiveness"),
        invalid(
            "expressiveness on III",
            on("Lea_photo_public", "avatar_iii", lively.clone()),
            "expressiveness",
        ),
        invalid("expressiveness of a video avatar", lively, "expressiveness"),
        invalid(
            "a photo in 4K on III",
            on("Lea_photo_public", "avatar_iii", json!({"resolution": "4k"})),
            "resolution",
        ),
        invalid(
            "a reference that is a photo",
            on(TWINS_PHOTO, "avatar_v", refer(TWINS_PHOTO)),
            "engine.reference_look_id",
        ),
        invalid(
            "a reference from another group",
            on(LONE_PHOTO, "avatar_v", refer(TWIN)),
            "engine.reference_look_id",
        ),
        invalid(
            "an unknown reference",
            on(TWINS_PHOTO, "avatar_v", refer("unknown")),
            "engine.reference_look_id",
        ),
    ];
    harness.check_rules(PATH, &avatar(), &allowed, rules).await;
    harness.finish();
}

/// This also holds for a reference that the service chooses.
#[tokio::test]
async fn a_reference_needs_consent_for_its_group() {
    let mut harness = harness().await;
    let photo = json!({"type": "photo", "name": "A photo", "avatar_group_id": "a0000000000000000000000000000003",
        "file": {"type": "url", "url": "https://example.com/a.png"}});
    let look = harness.post("/v3/avatars", photo).await.text("/data/avatar_item/id");
    harness.advance(60);
    let body = json!({"type": "avatar", "avatar_id": look, "script": "Hello", "voice_id": "en-us-clara"});
    harness.post(PATH, body.clone()).await;
    let required = "avatar_consent_required";
    let chosen = super::changed(&body, &json!({"engine": {"type": "avatar_v"}}));
    harness
        .expect_post_refusal(
            "a reference that the service chooses",
            PATH,
            chosen.clone(),
            (403, required, "engine"),
        )
        .await;
    let named = super::changed(&chosen, &json!({"engine": {"reference_look_id": WITHOUT_CONSENT}}));
    harness
        .expect_post_refusal(
            "a reference in the request",
            PATH,
            named,
            (403, required, "engine.reference_look_id"),
        )
        .await;
    harness.finish();
}

#[tokio::test]
async fn transparency_needs_matting_and_no_background() {
    let mut harness = harness().await;
    let back = |background: Value| json!({"background": background});
    let marcus = json!({"avatar_id": "Marcus_office_public", "engine": {"type": "avatar_iii"}});
    let with = |change: Value| super::changed(&marcus, &change);
    let allowed = [
        json!({"output_format": "webm"}),
        json!({"remove_background": true, "background": {"type": "color", "value": "#00ff00"}}),
        back(json!({"type": "image", "url": "https://example.com/a.png"})),
        marcus.clone(),
    ];
    let rules = vec![
        invalid(
            "a background behind a transparent video",
            json!({"output_format": "webm", "background": {"type": "color", "value": "#ffffff"}}),
            "background",
        ),
        invalid("WebM without matting", with(json!({"output_format": "webm"})), "output_format"),
        invalid(
            "background removal without matting",
            with(json!({"remove_background": true})),
            "remove_background",
        ),
        invalid("a color without a value", back(json!({"type": "color"})), "background.value"),
        invalid("a color by its name", back(json!({"type": "color", "value": "red"})), "background.value"),
        invalid("an image without a source", back(json!({"type": "image"})), "background.url"),
        invalid(
            "an image with two sources",
            back(json!({"type": "image", "url": "https://example.com/a.png", "asset_id": "unknown"})),
            "background.asset_id",
        ),
        rule(
            "an unknown image",
            back(json!({"type": "image", "asset_id": "unknown"})),
            404,
            "asset_not_found",
            "background.asset_id",
        ),
    ];
    harness.check_rules(PATH, &avatar(), &allowed, rules).await;
    harness.finish();
}

#[tokio::test]
async fn a_watermark_needs_an_enterprise_plan() {
    let mark = json!({"watermark": {"image": {"type": "url", "url": "https://example.com/a.png"}}});
    let mut harness = harness().await;
    let rules = vec![rule("a watermark", mark.clone(), 403, "forbidden", "watermark")];
    harness.check_rules(PATH, &avatar(), &[], rules).await;
    harness.finish();
    let mut harness = Harness::of(Sim::builder().enterprise(true)).await;
    harness.check_rules(PATH, &avatar(), &[mark], vec![]).await;
    harness.finish();
}

#[tokio::test]
async fn an_image_video_needs_a_voice_and_an_image_that_can_be_fetched() {
    let mut harness = harness().await;
    let base = json!({"type": "image", "image": {"type": "url", "url": "https://example.com/a.png"},
        "script": "Hello there.", "voice_id": "en-us-clara"});
    let url = |url: &str| json!({"image": {"url": url}});
    let allowed = [json!({"script": null, "voice_id": null, "audio_url": "https://example.com/a.mp3"})];
    let rules = vec![
        invalid("no audio", json!({"script": null}), "script"),
        invalid("no voice", json!({"voice_id": null}), "voice_id"),
        invalid("a URL of another scheme", url("ftp://example.com/a.png"), "image.url"),
        rule("a name without a server", url("https://x.invalid/a.png"), 400, "download_failed", "image.url"),
        rule("a page", url("https://example.com/page.html"), 400, "download_failed", "image.url"),
    ];
    harness.check_rules(PATH, &base, &allowed, rules).await;
    let speech = harness.upload("speech.mp3").await;
    for (what, id, refusal) in [
        ("an unknown asset", "unknown", (404, "asset_not_found", "image.asset_id")),
        ("audio for an image", speech.as_str(), (400, INVALID, "image.asset_id")),
    ] {
        let image = json!({"image": {"type": "asset_id", "url": null, "asset_id": id}});
        harness.expect_post_refusal(what, PATH, super::changed(&base, &image), refusal).await;
    }
    harness.finish();
}

#[tokio::test]
async fn a_cinematic_video_has_limits_on_looks_and_references() {
    let mut harness = harness().await;
    let base = json!({"type": "cinematic_avatar", "avatar_id": ["Anna_sitting_public"], "prompt": "A walk"});
    let looks = |count: usize| json!({"avatar_id": vec!["Lea_photo_public"; count]});
    let references = |look: &str, name: &str, count: usize| {
        let reference = json!({"type": "url", "url": format!("https://example.com/{name}")});
        json!({"avatar_id": [look], "references": vec![reference; count]})
    };
    let allowed = [
        looks(3),
        json!({"auto_duration": true}),
        json!({"duration": 15}),
        references("Anna_sitting_public", "a.mp4", 2),
        references("Lea_photo_public", "a.png", 8),
        references("Lea_photo_public", "a.mp3", 12),
    ];
    let rules = vec![
        invalid("no look", looks(0), "avatar_id"),
        invalid("four looks", looks(4), "avatar_id"),
        invalid("a duration beside auto_duration", json!({"auto_duration": true, "duration": 5}), "duration"),
        invalid("four videos", references("Anna_sitting_public", "a.mp4", 3), "references"),
        invalid("ten images", references("Lea_photo_public", "a.png", 9), "references"),
        rule(
            "an unknown look",
            json!({"avatar_id": ["Anna_sitting_public", "unknown"]}),
            404,
            "avatar_not_found",
            "avatar_id.1",
        ),
        rule(
            "a person who has not agreed",
            json!({"avatar_id": [WITHOUT_CONSENT]}),
            403,
            "avatar_consent_required",
            "avatar_id.0",
        ),
    ];
    harness.check_rules(PATH, &base, &allowed, rules).await;
    harness.finish();
}

#[tokio::test]
async fn the_scenes_of_a_studio_video_are_validated() {
    let mut harness = harness().await;
    let source = json!({"type": "url", "url": "https://example.com/a.png"});
    let image = |more: Value| super::changed(&json!({"type": "image", "source": source}), &more);
    let clip = |more: Value| super::changed(&json!({"type": "video", "source": source}), &more);
    let spoken = |more: Value| json!({"type": "avatar_video", "input": super::changed(&avatar(), &more)});
    let silent = image(json!({"duration": 2}));
    // The rules change the second scene.
    let second = |scene: Value| json!({"scenes": [silent, scene]});
    let base = json!({"type": "studio", "scenes": [silent]});
    let allowed = [
        json!({"scenes": vec![silent.clone(); 50]}),
        second(image(json!({"script": "One", "voice_id": "en-us-clara"}))),
        second(clip(json!({}))),
        second(clip(json!({"audio_url": "https://example.com/a.mp3", "playback": {"mode": "loop"}}))),
        second(spoken(json!({}))),
    ];
    let photo =
        json!({"avatar_id": "Lea_photo_public", "engine": {"type": "avatar_iii"}, "voice_id": "en-us-clara"});
    let rules = vec![
        invalid("no scene", json!({"scenes": []}), "scenes"),
        invalid("51 scenes", json!({"scenes": vec![silent.clone(); 51]}), "scenes"),
        invalid(
            "an image that is silent and narrated",
            second(image(json!({"duration": 2, "audio_url": "https://example.com/a.mp3"}))),
            "scenes.1.duration",
        ),
        invalid("an image that is neither", second(image(json!({}))), "scenes.1.duration"),
        invalid(
            "an image's script without a voice",
            second(image(json!({"script": "One"}))),
            "scenes.1.voice_id",
        ),
        invalid(
            "a clip's script without a voice",
            second(clip(json!({"script": "One"}))),
            "scenes.1.voice_id",
        ),
        invalid(
            "a mode without a voiceover",
            second(clip(json!({"playback": {"mode": "freeze"}}))),
            "scenes.1.playback.mode",
        ),
        invalid(
            "a clip with two voiceovers",
            second(clip(
                json!({"script": "One", "voice_id": "en-us-clara", "audio_url": "https://example.com/a.mp3"}),
            )),
            "scenes.1.audio_url",
        ),
        invalid("an avatar that is silent", second(spoken(json!({"script": null}))), "scenes.1.input.script"),
        rule(
            "an avatar that is unknown",
            second(spoken(json!({"avatar_id": "unknown"}))),
            404,
            "avatar_not_found",
            "scenes.1.input.avatar_id",
        ),
        invalid(
            "motion of a video avatar",
            second(spoken(json!({"motion_prompt": "nods"}))),
            "scenes.1.input.motion_prompt",
        ),
        invalid(
            "a photo in 4K on III",
            json!({"resolution": "4k", "scenes": [silent, spoken(photo)]}),
            "resolution",
        ),
        rule(
            "a source that cannot be fetched",
            second(json!({"type": "video", "source": {"type": "url", "url": "https://x.invalid/a.mp4"}})),
            400,
            "download_failed",
            "scenes.1.source.url",
        ),
    ];
    harness.check_rules(PATH, &base, &allowed, rules).await;
    harness.finish();
}

#[tokio::test]
async fn a_template_accepts_only_its_variables_and_scenes() {
    let mut harness = harness().await;
    let path = "/v3/templates/d0000000000000000000000000000001";
    let base = json!({"variables": {"customer": {"type": "text", "content": "Ada"}}});
    let with = |name: &str, variable: Value| json!({"variables": {name: variable}});
    let size = |width: u32, height: u32| json!({"dimension": {"width": width, "height": height}});
    let allowed = [
        json!({"variables": {"customer": null}}),
        json!({"scene_ids": ["scene-2", "scene-1", "scene-2"]}),
        size(1280, 720),
        json!({"fps": 60}),
        with("narrator", json!({"type": "voice", "voice_id": "en-us-clara"})),
    ];
    let rules = vec![
        invalid(
            "an unknown variable",
            with("nobody", json!({"type": "text", "content": "x"})),
            "variables.nobody",
        ),
        invalid(
            "another type",
            with("narrator", json!({"type": "text", "content": "x"})),
            "variables.narrator.type",
        ),
        invalid("an empty text", with("customer", json!({"content": ""})), "variables.customer.content"),
        rule(
            "an unknown voice",
            with("narrator", json!({"type": "voice", "voice_id": "unknown"})),
            404,
            "voice_not_found",
            "variables.narrator.voice_id",
        ),
        rule(
            "an unknown character",
            with("presenter", json!({"type": "character", "character_id": "unknown"})),
            404,
            "avatar_not_found",
            "variables.presenter.character_id",
        ),
        invalid("an unknown scene", json!({"scene_ids": ["scene-1", "scene-9"]}), "scene_ids.1"),
        invalid("an odd side", size(1281, 720), "dimension.width"),
        invalid("another ratio", size(1280, 1280), "dimension"),
        invalid("another frame rate", json!({"fps": 24}), "fps"),
    ];
    harness.check_rules(path, &base, &allowed, rules).await;
    harness
        .expect_post_refusal(
            "an unknown template",
            "/v3/templates/unknown",
            base,
            (404, "template_not_found", ""),
        )
        .await;
    harness.finish();
}
