//! Proofreads: translations whose subtitles a person corrects first.

use heygen_api::operations;
use serde_json::{Value, json};

use super::cost::CostChange;
use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable, nothing, same_data};
use super::test_switch::{refuse_test, refuse_validation};
use super::translations::{MODES, put_languages, put_link, put_video, put_word};

/// `POST /v2/video_translate/proofread`.
pub(crate) const CREATE: Conversion = Conversion { forward: create, back: created };
/// `GET /v2/video_translate/proofread/{proofread_id}`.
pub(crate) const GET: Conversion = Conversion { forward: get, back: status };
/// `GET /v2/video_translate/proofread/{proofread_id}/srt`.
pub(crate) const DOWNLOAD: Conversion = Conversion { forward: download, back: same_data };
/// `POST /v2/video_translate/proofread/{proofread_id}/srt`.
pub(crate) const UPLOAD: Conversion = Conversion { forward: upload, back: nothing };
/// `POST /v2/video_translate/proofread/{proofread_id}/generate`.
pub(crate) const GENERATE: Conversion = Conversion { forward: generate, back: generated };

const PRICE: &str = "the same work; v3 charges by the second";

fn create(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_validation(&body.get("validate_only"))?;
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    put_video(&body, &mut output)?;
    put_languages(&body, &mut output)?;
    if body.get("title").put_text(&mut output, "title").is_none() {
        // v3 requires a title.
        let link = body.get("video_url").text().unwrap_or_default();
        let path = link.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("Proofread");
        output.set("title", name);
    }
    body.first_of(&["brand_voice_id", "brand_glossary_id"]).put_text(&mut output, "brand_glossary_id");
    body.get("folder_id").put_text(&mut output, "folder_id");
    body.get("speaker_num").put_integer(&mut output, "speaker_num");
    for name in [
        "enable_video_stretching",
        "disable_music_track",
        "enable_speech_enhancement",
        "keep_the_same_format",
    ] {
        body.get(name).put_boolean(&mut output, name);
    }
    put_word(&body, "mode", MODES, &mut output);
    put_link(&body, "srt_url", &mut output, "srt");
    body.get("srt_key").lose(
        Severity::Spoken,
        "v3 names a file by its URL or its asset",
        "upload the file with `POST /v3/assets`, and set `srt_url`",
    );
    for name in ["callback_id", "callback_url"] {
        body.get(name).lose(
            Severity::Reported,
            "v3 does not call back for a proofread",
            "register a webhook endpoint for `proofread_creation.success` and `proofread_creation.fail`",
        );
    }
    let request = PlannedRequest::new(&operations::CREATE_PROOFREAD, "starts the proofread");
    planning.request(request.with_body(output.into_value()));
    planning.cost(CostChange::Same, PRICE);
    Some(())
}

fn created(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let ids = answers.data(0).get("proofread_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(match ids.as_slice() {
        [one] => json!({"proofread_id": one, "proofread_ids": [one]}),
        several => json!({"proofread_ids": several}),
    })
}

fn about(planning: &Planning<'_>, request: PlannedRequest) {
    planning.request(request.with_parameter("proofread_id", planning.path("proofread_id")));
}

fn get(planning: &Planning<'_>) -> Option<()> {
    about(planning, PlannedRequest::new(&operations::GET_PROOFREAD, "reads the proofread"));
    Some(())
}

fn status(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let proofread = answers.data(0);
    let ended = |word: &&str| matches!(*word, "completed" | "failed");
    let status = proofread.get("status").and_then(Value::as_str).filter(ended).unwrap_or("processing");
    Ok(json!({
        "proofread_id": proofread.get("id"),
        "title": proofread.get("title"),
        "status": status,
        "output_language": proofread.get("output_language"),
        "message": proofread.get("failure_message"),
    }))
}

fn download(planning: &Planning<'_>) -> Option<()> {
    about(
        planning,
        PlannedRequest::new(&operations::DOWNLOAD_PROOFREAD_SRT, "reads the links of the subtitles"),
    );
    Some(())
}

fn upload(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    let (url, asset) = (body.first_of(&["srt_url", "url"]), body.first_of(&["srt_asset_id", "asset_id"]));
    match (url.text(), asset.text()) {
        (Some(link), None) => url.put(&mut output, "srt", json!({"type": "url", "url": link})),
        (None, Some(id)) => asset.put(&mut output, "srt", json!({"type": "asset_id", "asset_id": id})),
        _ => {
            body.problem(
                "the subtitles are a file: write `srt_url`, or upload the file with `POST /v3/assets` and write \
                 `srt_asset_id`",
            );
            return None;
        }
    }
    let request = PlannedRequest::new(&operations::UPLOAD_PROOFREAD_SRT, "replaces the subtitles");
    about(planning, request.with_body(output.into_value()));
    Some(())
}

fn generate(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_test(&body.get("test"))?;
    refuse_validation(&body.get("validate_only"))?;
    let mut output = Output::new();
    body.get("captions").carried("captions are always made");
    body.get("translate_audio_only").put_boolean(&mut output, "translate_audio_only");
    for name in ["callback_id", "callback_url"] {
        body.get(name).put_text(&mut output, name);
    }
    let request = PlannedRequest::new(&operations::GENERATE_FROM_PROOFREAD, "makes the video");
    about(planning, request.with_body(output.into_value()));
    planning.cost(CostChange::Same, PRICE);
    Some(())
}

fn generated(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(json!({"video_translate_id": answers.data(0).get("video_translation_id")}))
}
