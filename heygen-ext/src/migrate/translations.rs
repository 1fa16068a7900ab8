//! Video translations.

use heygen_api::operations;
use http::StatusCode;
use serde_json::{Value, json};

use super::cost::CostChange;
use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable, same_data};
use super::source::Node;
use super::test_switch::{refuse_test, refuse_validation};

/// `GET /v2/video_translate/target_languages`.
pub(crate) const LANGUAGES: Conversion = Conversion { forward: languages, back: same_data };
/// `POST /v2/video_translate`.
pub(crate) const CREATE: Conversion = Conversion { forward: create, back: created };
/// `GET /v2/video_translate/{video_translate_id}`.
pub(crate) const GET: Conversion = Conversion { forward: get, back: status };
/// `GET /v2/video_translate/caption`.
pub(crate) const CAPTION: Conversion = Conversion { forward: get_for_caption, back: caption };

/// The qualities of v2 and v3, in the same order.
pub(crate) const MODES: &[(&str, &str)] =
    &[("fast", "speed"), ("quality", "precision"), ("speed", "speed"), ("precision", "precision")];

const NOT_TAKEN: &[(&str, Severity, &str)] = &[
    ("check_credits_sync", Severity::Harmless, "read the credits with `GET /v3/users/me` before"),
    ("use_disguised_voice", Severity::Spoken, "set `stock_voice_config`"),
    ("create_collection", Severity::Reported, "put the results into a folder with `folder_id`"),
];

fn languages(planning: &Planning<'_>) -> Option<()> {
    planning
        .request(PlannedRequest::new(&operations::LIST_VIDEO_TRANSLATION_LANGUAGES, "lists the languages"));
    Some(())
}

/// Carries the URL of the source.
pub(crate) fn put_video(body: &Node<'_>, output: &mut Output) -> Option<()> {
    let url = body.get("video_url");
    let Some(link) = url.text() else {
        body.missing("video_url", "write the URL of the video");
        return None;
    };
    url.put(output, "video", json!({"type": "url", "url": link}));
    Some(())
}

pub(crate) fn put_link(body: &Node<'_>, name: &str, output: &mut Output, member: &str) {
    let node = body.get(name);
    if let Some(link) = node.text() {
        node.put(output, member, json!({"type": "url", "url": link}));
    }
}

/// Carries one language or several. v3 takes a list always.
pub(crate) fn put_languages(body: &Node<'_>, output: &mut Output) -> Option<()> {
    let (one, several) = (body.get("output_language"), body.get("output_languages"));
    match (one.is_present(), several.is_present()) {
        (true, true) => {
            body.problem("`output_language` and `output_languages` exclude each other; remove one");
            return None;
        }
        (false, false) => {
            body.missing("output_language", "write the name of a language, such as `Spanish (Spain)`");
            return None;
        }
        (true, false) if one.value().is_array() => one.put_texts(output, "output_languages"),
        (true, false) => one.put(output, "output_languages", vec![one.text()?]),
        (false, true) if several.value().is_array() => several.put_texts(output, "output_languages"),
        (false, true) => several.put(output, "output_languages", vec![several.text()?]),
    }
    Some(())
}

fn create(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_validation(&body.get("validate_only"))?;
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    put_video(&body, &mut output)?;
    put_languages(&body, &mut output)?;
    put_link(&body, "audio_url", &mut output, "audio");
    put_link(&body, "srt_url", &mut output, "srt");
    for name in ["title", "input_language", "callback_id", "callback_url", "folder_id"] {
        body.get(name).put_text(&mut output, name);
    }
    for name in [
        "translate_audio_only",
        "enable_dynamic_duration",
        "keep_the_same_format",
        "disable_music_track",
        "enable_speech_enhancement",
        "enable_watermark",
    ] {
        body.get(name).put_boolean(&mut output, name);
    }
    body.get("speaker_num").put_integer(&mut output, "speaker_num");
    for name in ["start_time", "end_time"] {
        let node = body.get(name);
        if let Some(number) = node.number() {
            node.put(&mut output, name, number);
        }
    }
    put_word(&body, "mode", MODES, &mut output);
    put_word(&body, "srt_role", &[("input", "input"), ("output", "output")], &mut output);
    put_word(
        &body,
        "fps_mode",
        &[("vfr", "vfr"), ("cfr", "cfr"), ("passthrough", "passthrough")],
        &mut output,
    );
    body.first_of(&["brand_voice_id", "brand_glossary_id"]).put_text(&mut output, "brand_glossary_id");
    body.get("enable_caption").carried("captions are always made");
    put_stock_voice(&body.get("stock_voice_config"), &mut output);
    for (name, severity, instead) in NOT_TAKEN {
        let node = body.get(name);
        match node.boolean() {
            Some(false) => node.carried("the default"),
            _ => node.lose(*severity, "v3 does not take it in a translation", *instead),
        }
    }
    let request = PlannedRequest::new(&operations::CREATE_VIDEO_TRANSLATION, "starts the translation");
    planning.request(request.with_body(output.into_value()));
    planning.cost(CostChange::Same, "the same work; v3 charges by the second");
    Some(())
}

pub(crate) fn put_word(body: &Node<'_>, name: &str, table: &[(&str, &'static str)], output: &mut Output) {
    let node = body.get(name);
    if let Some(word) = node.word(table) {
        node.put(output, name, word);
    }
}

fn put_stock_voice(node: &Node<'_>, output: &mut Output) {
    let mut config = output.child("stock_voice_config");
    node.get("use_stock_voice").put_boolean(&mut config, "use_stock_voice");
    node.get("preferred_stock_voice_ids").put_texts(&mut config, "preferred_stock_voice_ids");
    output.attach("stock_voice_config", config);
}

/// One language has one id, several have a list. A list of one has both: programs that send a list read a list.
fn created(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let ids =
        answers.data(0).get("video_translation_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(match ids.as_slice() {
        [one] => json!({"video_translate_id": one, "video_translate_ids": [one]}),
        several => json!({"video_translate_ids": several}),
    })
}

fn read(planning: &Planning<'_>, id: String) {
    let request = PlannedRequest::new(&operations::GET_VIDEO_TRANSLATION, "reads the translation");
    planning.request(request.with_parameter("video_translation_id", id));
}

fn get(planning: &Planning<'_>) -> Option<()> {
    read(planning, planning.path("video_translate_id"));
    Some(())
}

/// The status of a translation, in the words of v2.
fn status_word(translation: &Value) -> &str {
    match translation.get("status").and_then(Value::as_str) {
        Some("completed") => "success",
        Some(word @ ("pending" | "running" | "failed")) => word,
        _ => "running",
    }
}

fn status(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let translation = answers.data(0);
    let is_audio = translation.get("translate_audio_only").and_then(Value::as_bool) == Some(true);
    let names = if is_audio { ["audio_url", "video_url"] } else { ["video_url", "audio_url"] };
    let url = names.iter().filter_map(|name| translation.get(name)).find(|url| !url.is_null());
    Ok(json!({
        "video_translate_id": translation.get("id"),
        "title": translation.get("title"),
        "status": status_word(translation),
        "url": url,
        "message": translation.get("failure_message"),
    }))
}

fn get_for_caption(planning: &Planning<'_>) -> Option<()> {
    let id = planning.required_query("video_translate_id");
    let kind = planning.query("caption_type");
    kind.carried("the member that is read");
    if !kind.is_present() {
        kind.missing("caption_type", "add `?caption_type=srt` or `vtt`");
    }
    kind.word(&[("srt", ()), ("vtt", ())])?;
    read(planning, id?);
    Some(())
}

fn caption(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let member = match answers.query("caption_type") {
        Some(kind) if kind.trim().eq_ignore_ascii_case("vtt") => "vtt_caption_url",
        _ => "srt_caption_url",
    };
    let translation = answers.data(0);
    if let Some(url) = translation.get(member).filter(|url| !url.is_null()) {
        return Ok(json!({"caption_url": url}));
    }
    let message = match status_word(translation) {
        "failed" => "the translation has failed, so it has no captions",
        "success" => "the translation has no captions of this type; try the other `caption_type`",
        _ => {
            "the translation is not finished, so it has no captions yet; ask again when its status is `success`"
        }
    };
    Err(Unanswerable::new(StatusCode::BAD_REQUEST, "invalid_parameter", message))
}
