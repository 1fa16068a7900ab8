//! `POST /v2/video/generate`: a video of up to 50 scenes.

use heygen_api::operations;
use serde_json::{Value, json};

use super::super::loss::Severity;
use super::super::output::Output;
use super::super::planned_request::PlannedRequest;
use super::super::planning::{Answers, Conversion, Planning, Unanswerable};
use super::super::source::Node;
use super::super::test_switch::refuse_test;
use super::canvas::{lower_resolution, put_canvas};
use super::parts::{plan_first_pass, put_clip};
use super::scene::{Background, LegacyScene};

/// `POST /v2/video/generate`.
pub(crate) const GENERATE: Conversion = Conversion { forward, back: video_id };

/// The largest number of scenes, in v2 and in v3.
const MAX_SCENES: usize = 50;

fn forward(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    validate_generation(&body)?;
    refuse_test(&body.get("test"))?;
    let inputs = body.get("video_inputs");
    let scenes = inputs.items();
    if scenes.is_empty() {
        body.missing("video_inputs", "write a list with one scene at least");
        return None;
    }
    let scenes = scenes.into_iter().map(|whole| LegacyScene {
        character: whole.get("character"),
        voice: whole.get("voice"),
        background: Background::Object(whole.get("background")),
        whole,
    });
    let scenes: Vec<LegacyScene<'_>> = scenes.collect();
    let mut output = Output::new();
    put_canvas(planning, &body.get("dimension"), &body.get("aspect_ratio"), &mut output);
    put_top(&body, &mut output);
    compose(planning, &inputs, &scenes, output)
}

/// Adds the request that makes a video of these scenes. `list` is the value that contains them.
pub(super) fn compose(
    planning: &Planning<'_>,
    list: &Node<'_>,
    scenes: &[LegacyScene<'_>],
    mut output: Output,
) -> Option<()> {
    if scenes.len() > MAX_SCENES {
        list.problem(format!("{} scenes are too many; a video has {MAX_SCENES} at most", scenes.len()));
        return None;
    }
    if let [scene] = scenes
        && scene.is_avatar(planning.options)
    {
        output.set("type", "avatar");
        scene.put_as_avatar(planning, &mut output)?;
    } else {
        output.set("type", "studio");
        let first_pass = plan_first_pass(planning, scenes, &output)?;
        let mut made: Vec<Output> = Vec::new();
        for (index, scene) in scenes.iter().enumerate() {
            if !scene.whole.is_object() {
                scene.whole.problem("a scene is an object; write {\"character\": …, \"voice\": …}");
                return None;
            }
            let mut one = output.child(&format!("scenes[{index}]"));
            match first_pass.get(&index) {
                Some(video) => put_clip(*video, &mut one),
                None => scene.put_as_scene(planning, &mut one)?,
            }
            made.push(one);
        }
        output.attach_list("scenes", made);
    }
    lower_resolution(planning, &mut output);
    let request = PlannedRequest::new(&operations::CREATE_VIDEO, "creates the video");
    planning.request(request.with_output(output));
    Some(())
}

/// Refuses a body that is meant for another version, by its members.
fn validate_generation(body: &Node<'_>) -> Option<()> {
    if !body.is_object() {
        body.problem("the body is not a JSON object; write {\"video_inputs\": [ … ]}");
        return None;
    }
    let inputs = body.get("video_inputs");
    if !inputs.is_present() && (body.get("scenes").is_present() || body.get("script").is_present()) {
        body.problem(
            "this is a body of v3, which the path of v2 does not take; send it to `POST /v3/videos`",
        );
        return None;
    }
    if !inputs.is_present() && body.get("clips").is_present() {
        body.problem(
            "this is a body of v1, which the path of v2 does not take; send it to `POST /v1/video.generate`",
        );
        return None;
    }
    if inputs.is_present() && !inputs.value().is_array() {
        inputs.problem("the scenes are a list; write [ … ]");
        return None;
    }
    Some(())
}

/// Carries what is about the whole video.
fn put_top(body: &Node<'_>, output: &mut Output) {
    put_texts(body, output, &["title", "callback_id", "callback_url", "folder_id"]);
    put_caption(&body.get("caption"), &body.get("caption_mode"), &body.get("subtitles"), output);
    let fps = body.get("fps");
    match fps.float() {
        Some(rate) if (rate - 25.0).abs() < 1e-9 => fps.carried("the default"),
        Some(_) => fps.lose(
            Severity::Shown,
            "v3 renders 25 frames a second",
            "use a template, which can have 30 or 60",
        ),
        None => {}
    }
    let watermark = body.get("enable_watermark");
    match watermark.boolean() {
        Some(true) => watermark.lose(
            Severity::Shown,
            "v3 does not add the watermark of HeyGen",
            "set `watermark` of `POST /v3/videos` to an image; it needs an Enterprise plan",
        ),
        Some(false) => watermark.carried("the default"),
        None => {}
    }
}

pub(super) fn put_texts(body: &Node<'_>, output: &mut Output, names: &[&str]) {
    for name in names {
        body.get(name).put_text(output, name);
    }
}

/// Carries captions. `mode` overrides `caption`, and `subtitles` were always burned in.
pub(super) fn put_caption(caption: &Node<'_>, mode: &Node<'_>, subtitles: &Node<'_>, output: &mut Output) {
    let burned = json!({"file_format": "srt", "style": "default"});
    let wanted = caption.boolean();
    match mode.word(&[("file_only", false), ("burn_in", true)]) {
        Some(true) => mode.put(output, "caption", burned.clone()),
        Some(false) => mode.put(output, "caption", json!({"file_format": "srt"})),
        None if wanted == Some(true) => output.set("caption", burned.clone()),
        None => {}
    }
    caption.carried("caption");
    if subtitles.is_present() {
        output.set("caption", burned);
        subtitles.lose(
            Severity::Shown,
            "subtitles of v3 videos have one style",
            "use a template, whose subtitles have presets",
        );
    }
}

/// The id of the video that was created.
pub(super) fn video_id(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(json!({"video_id": answers.last_data().get("video_id")}))
}
