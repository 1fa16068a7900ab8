//! The other endpoints that create a video: from a photo, with a transparent background, by the oldest API, and by the
//! newest of v2.

use heygen_api::operations;
use heygen_api::types::{Expressiveness, VideoAspectRatio, VideoOutputFormat, VideoResolution};
use serde_json::json;

use super::super::assumptions::{ENGINE_OF_LATER_VIDEOS, look_of_image_key};
use super::super::color::six_digits;
use super::super::cost::CostChange;
use super::super::image_key::put_image_key;
use super::super::loss::Severity;
use super::super::output::Output;
use super::super::planned_request::PlannedRequest;
use super::super::planning::{Conversion, Planning, whole};
use super::super::source::Node;
use super::super::test_switch::refuse_test;
use super::canvas::{lower_resolution, put_canvas};
use super::character::{Target, put_character};
use super::generate::{compose, put_caption, put_texts, video_id};
use super::scene::{Background, LegacyScene};
use super::voice::{Sound, put_elevenlabs, put_settings, put_voice};

/// `POST /v2/video/av4/generate`.
pub(crate) const GENERATE_AVATAR_IV: Conversion = Conversion { forward: from_photo, back: video_id };
/// `POST /v1/video.webm`.
pub(crate) const GENERATE_WEBM: Conversion = Conversion { forward: webm, back: video_id };
/// `POST /v1/video.generate`.
pub(crate) const GENERATE_FIRST: Conversion = Conversion { forward: first, back: video_id };
/// `POST /v2/videos`.
pub(crate) const CREATE_LATER: Conversion = Conversion { forward: later, back: whole };

fn from_photo(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    let key = body.get("image_key");
    if let Some(look) = key.text().as_deref().and_then(look_of_image_key) {
        // A generated picture is a look, which Avatar IV animates at the same price.
        output.set("type", "avatar");
        output.set("engine", json!({"type": "avatar_iv"}));
        key.put(&mut output, "avatar_id", look);
    } else {
        output.set("type", "image");
        put_image_key(&body, "image_key", &mut output, "image")?;
    }
    body.get("video_title").put_text(&mut output, "title");
    let shape = body.get("video_orientation");
    if let Some(ratio) = shape.word(&[("portrait", "9:16"), ("landscape", "16:9"), ("square", "1:1")]) {
        shape.put(&mut output, "aspect_ratio", ratio);
    }
    output.set("resolution", "720p");
    let fit = body.get("fit");
    if let Some(word) = fit.word(&[("cover", "cover"), ("contain", "contain")]) {
        fit.put(&mut output, "fit", word);
    }
    body.get("custom_motion_prompt").put_text(&mut output, "motion_prompt");
    let keep = "v3 does not rewrite motion prompts";
    body.get("enhance_custom_motion_prompt").lose(Severity::Harmless, keep, "remove it");
    put_texts(&body, &mut output, &["callback_id", "callback_url", "folder_id"]);
    let audio = body.first_of(&["audio_url", "audio_asset_id"]);
    if audio.is_present() {
        put_audio_pair(&body, &mut output)?;
        // v2 required both in every request.
        for name in ["script", "voice_id"] {
            body.get(name).lose(Severity::Harmless, "an audio file is used as it is", "remove it");
        }
    } else {
        if body.get("script").put_text(&mut output, "script").is_none() {
            body.missing("script", "write the text that is spoken, or `audio_url`");
            return None;
        }
        if body.get("voice_id").put_text(&mut output, "voice_id").is_none() {
            body.missing("voice_id", "write the id of a voice");
            return None;
        }
    }
    planning.cost(CostChange::Same, "Avatar IV, as in v2");
    create(planning, output);
    Some(())
}

fn put_audio_pair(body: &Node<'_>, output: &mut Output) -> Option<()> {
    let (url, asset) = (body.get("audio_url"), body.get("audio_asset_id"));
    if url.is_present() && asset.is_present() {
        body.problem("`audio_url` and `audio_asset_id` exclude each other; remove one");
        return None;
    }
    url.put_text(output, "audio_url");
    asset.put_text(output, "audio_asset_id");
    Some(())
}

fn create(planning: &Planning<'_>, output: Output) {
    let request = PlannedRequest::new(&operations::CREATE_VIDEO, "creates the video");
    planning.request(request.with_body(output.into_value()));
}

fn webm(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    output.set("type", "avatar");
    output.set("output_format", VideoOutputFormat::Webm.as_str());
    put_canvas(planning, &body.get("dimension"), &body.get("aspect_ratio"), &mut output);
    if !body.get("dimension").is_present() {
        // The default of this endpoint was 1280×720 always.
        output.set("resolution", "720p");
    }
    put_texts(&body, &mut output, &["title", "callback_id", "callback_url", "folder_id"]);
    let pose = body.first_of(&["avatar_pose_id", "avatar_id"]);
    if !pose.is_present() {
        body.missing("avatar_pose_id", "write the id of a look");
        return None;
    }
    put_character(planning, &body, &body, &mut output, Target::Avatar)?;
    if put_voice(&body, &mut output)? != Sound::Speech {
        body.problem("a video with a transparent background has speech; write `input_text` or `input_audio`");
        return None;
    }
    lower_resolution(planning, &mut output);
    create(planning, output);
    Some(())
}

fn first(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_test(&body.get("test"))?;
    let clips = body.get("clips");
    if clips.items().is_empty() {
        body.missing("clips", "write a list with one clip at least");
        return None;
    }
    let scenes: Vec<LegacyScene<'_>> = clips
        .items()
        .into_iter()
        .map(|clip| LegacyScene {
            character: clip.clone(),
            voice: clip.clone(),
            background: Background::Text(body.get("background")),
            whole: clip,
        })
        .collect();
    let mut output = Output::new();
    put_canvas(planning, &body.get("dimension"), &body.first_of(&["ratio", "aspect_ratio"]), &mut output);
    put_texts(&body, &mut output, &["title", "callback_id", "callback_url", "folder_id"]);
    let nothing = body.get("");
    put_caption(&body.get("caption_open"), &nothing, &nothing, &mut output);
    body.get("version").carried("the version is that of the path");
    for clip in clips.items() {
        let caption = clip.get("caption");
        match caption.boolean() {
            Some(wanted) if wanted == output.has("caption") => caption.carried("caption"),
            _ => caption.lose(
                Severity::Shown,
                "captions of v3 are those of the whole video",
                "set `caption_open` of the video",
            ),
        }
    }
    compose(planning, &clips, &scenes, output)
}

/// The newest endpoint of v2 had the members of v3 already, without the type.
fn later(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    if !body.is_object() {
        body.problem("the body is not a JSON object; write {\"avatar_id\": …, \"script\": …}");
        return None;
    }
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    let (avatar, url, asset) = (body.get("avatar_id"), body.get("image_url"), body.get("image_asset_id"));
    if [&avatar, &url, &asset].into_iter().filter(|one| one.is_present()).count() != 1 {
        body.problem("the body has exactly one of `avatar_id`, `image_url` and `image_asset_id`");
        return None;
    }
    if avatar.put_text(&mut output, "avatar_id").is_some() {
        output.set("type", "avatar");
    } else {
        output.set("type", "image");
        match url.text() {
            Some(link) => url.put(&mut output, "image", json!({"type": "url", "url": link})),
            None => asset.put(&mut output, "image", json!({"type": "asset_id", "asset_id": asset.text()?})),
        }
    }
    body.get("type").lose(Severity::Harmless, "the endpoint had no types", "remove it");
    put_texts(
        &body,
        &mut output,
        &["title", "callback_id", "callback_url", "folder_id", "motion_prompt", "script", "voice_id"],
    );
    put_audio_pair(&body, &mut output)?;
    if output.has("script") == (output.has("audio_url") || output.has("audio_asset_id")) {
        body.problem("the body has exactly one of `script`, `audio_url` and `audio_asset_id`");
        return None;
    }
    body.get("remove_background").put_boolean(&mut output, "remove_background");
    put_value_of(&body, "resolution", VideoResolution::VALUES, &mut output);
    put_value_of(&body, "aspect_ratio", VideoAspectRatio::VALUES, &mut output);
    put_value_of(&body, "expressiveness", Expressiveness::VALUES, &mut output);
    put_value_of(&body, "output_format", VideoOutputFormat::VALUES, &mut output);
    put_later_background(&body.get("background"), &mut output)?;
    put_later_settings(&body.get("voice_settings"), &mut output);
    put_later_caption(&body.get("caption"), &mut output);
    planning.cost(CostChange::Unknown, ENGINE_OF_LATER_VIDEOS);
    create(planning, output);
    Some(())
}

/// Carries a word that is one of `values`.
fn put_value_of(body: &Node<'_>, name: &str, values: &[&'static str], output: &mut Output) {
    let node = body.get(name);
    let table: Vec<(&str, &str)> = values.iter().map(|value| (*value, *value)).collect();
    if let Some(word) = node.word(&table) {
        node.put(output, name, word);
    }
}

fn put_later_background(node: &Node<'_>, output: &mut Output) -> Option<()> {
    if !node.is_present() {
        return Some(());
    }
    let kind = node.get("type").word(&[("color", "color"), ("image", "image")]);
    let Some(kind) = kind else {
        node.missing("type", "write `color` or `image`");
        return None;
    };
    let mut background = output.child("background");
    node.get("type").put(&mut background, "type", kind);
    if kind == "color" {
        let value = node.get("value");
        let Some(color) = value.text().as_deref().and_then(six_digits) else {
            node.problem("a background of type `color` has a `value` such as `#FAFAFA`");
            return None;
        };
        value.put(&mut background, "value", color);
    } else {
        put_texts(node, &mut background, &["url", "asset_id"]);
    }
    output.attach("background", background);
    Some(())
}

fn put_later_settings(node: &Node<'_>, output: &mut Output) {
    let mut settings = output.child("voice_settings");
    put_settings(node, &mut settings);
    let engine = node.get("engine_settings");
    match engine.get("engine_type").text().as_deref() {
        Some("elevenlabs") => {
            let mut child = settings.child("engine_settings");
            engine.get("engine_type").put(&mut child, "engine_type", "elevenlabs");
            put_elevenlabs(&engine, &mut child);
            settings.attach("engine_settings", child);
        }
        Some("starfish") => {
            engine.get("engine_type").carried("voice_settings.engine_settings");
            settings.set("engine_settings", json!({"engine_type": "starfish"}));
        }
        _ => engine.lose(
            Severity::Spoken,
            "the type of the engine is not known",
            "write `engine_type`: `elevenlabs` or `starfish`",
        ),
    }
    output.attach("voice_settings", settings);
}

fn put_later_caption(node: &Node<'_>, output: &mut Output) {
    if !node.is_object() {
        let nothing = node.get("");
        put_caption(node, &nothing, &nothing, output);
        return;
    }
    let mut caption = output.child("caption");
    let format = node.get("file_format");
    if format.word(&[("srt", ())]).is_some() {
        format.put(&mut caption, "file_format", "srt");
    }
    let style = node.get("style");
    if style.word(&[("default", ())]).is_some() {
        style.put(&mut caption, "style", "default");
    }
    output.attach("caption", caption);
}
