//! Voices and speech.

use heygen_api::builder::ListVoicesBuilder;
use heygen_api::{List, operations};
use serde_json::{Value, json};

use super::cost::CostChange;
use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable, same_data, whole};
use super::source::{Limits, Node};

/// `GET /v2/voices`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: voices };
/// `GET /v1/voice.list`.
pub(crate) const LIST_FIRST: Conversion = Conversion { forward: list, back: voices_first };
/// `POST /v2/voices/{voice_id}/preview`.
pub(crate) const PREVIEW: Conversion = Conversion { forward: preview, back: same_data };
/// `POST /v1/audio/text_to_speech`.
pub(crate) const SPEAK: Conversion = Conversion { forward: speak, back: same_data };
/// `GET /v1/audio/voices`.
pub(crate) const LIST_SPEECH_VOICES: Conversion = Conversion { forward: list_speech_voices, back: whole };

/// The speeds of Starfish.
const SPEED: Limits = Limits { min: 0.5, max: 2.0, severity: Severity::Spoken };

/// v3 lists the public voices only, unless it is asked for the others.
fn list(planning: &Planning<'_>) -> Option<()> {
    for kind in ["private", "public"] {
        planning.list(&operations::LIST_VOICES, ListVoicesBuilder::MAX_LIMIT, &[("type", kind)]);
    }
    Some(())
}

/// A voice of v2. v3 reports neither emotions nor, in lists, use by interactive avatars.
fn voice(voice: &Value) -> Value {
    let preview = voice.get("preview_audio_url").and_then(Value::as_str).unwrap_or_default();
    json!({
        "voice_id": voice.get("voice_id"),
        "language": voice.get("language"),
        "gender": voice.get("gender"),
        "name": voice.get("name"),
        "preview_audio": preview,
        "support_pause": voice.get("support_pause"),
        "emotion_support": false,
        "support_interactive_avatar": false,
    })
}

fn all_voices(answers: &Answers<'_>) -> Vec<Value> {
    (0..answers.bodies.len()).flat_map(|index| answers.items(index)).map(voice).collect()
}

fn voices(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(json!({"voices": all_voices(answers)}))
}

fn voices_first(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let mut voices = all_voices(answers);
    for voice in &mut voices {
        voice["display_name"] = voice.get("name").cloned().unwrap_or_default();
    }
    // Programs read either name.
    Ok(json!({"list": voices, "voices": voices}))
}

fn put_speech(planning: &Planning<'_>, output: Output) {
    let request = PlannedRequest::new(&operations::CREATE_SPEECH, "creates the speech");
    planning.request(request.with_body(output.into_value()));
}

fn put_text(body: &Node<'_>, output: &mut Output) -> Option<()> {
    let text = body.get("text");
    match text.put_text(output, "text").map(|text| text.chars().count()) {
        Some(1..=5000) => Some(()),
        Some(length) => {
            text.problem(format!("the text has {length} characters; v3 speaks 5000 at most in one call"));
            None
        }
        None => {
            body.missing("text", "write the text that is spoken");
            None
        }
    }
}

fn preview(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    let voice_id = planning.path("voice_id");
    output.set("voice_id", voice_id.as_str());
    let repeated = body.get("voice_id");
    repeated.carried("voice_id");
    if repeated.text().is_some_and(|id| id != voice_id) {
        repeated.problem(format!("the path names the voice `{voice_id}`; write the same id"));
    }
    put_text(&body, &mut output)?;
    let kind = body.get("text_type");
    if let Some(word) = kind.word(&[("plain", "text"), ("ssml", "ssml")]) {
        kind.put(&mut output, "input_type", word);
    }
    body.get("settings").get("speed").put_number(&mut output, "speed", SPEED);
    body.get("settings").get("locale").put_text(&mut output, "locale");
    lose_pitch(&body.get("settings").get("pitch"));
    body.get("with_timestamps").carried("the answer always has the times of words");
    body.get("generation_type").lose(Severity::Harmless, "v3 has one kind of speech", "remove it");
    put_speech(planning, output);
    planning.cost(CostChange::Unknown, "v3 has no previews: it charges for each second of speech");
    Some(())
}

fn lose_pitch(pitch: &Node<'_>) {
    if pitch.float() == Some(0.0) {
        pitch.carried("the default");
    } else {
        pitch.lose(Severity::Spoken, "speech of v3 has no pitch", "choose another voice");
    }
}

fn speak(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    put_text(&body, &mut output)?;
    if body.get("voice_id").put_text(&mut output, "voice_id").is_none() {
        body.missing("voice_id", "write the id of a voice of the engine `starfish`");
        return None;
    }
    body.get("speed").put_number(&mut output, "speed", SPEED);
    for name in ["locale", "language"] {
        body.get(name).put_text(&mut output, name);
    }
    let kind = body.get("input_type");
    if let Some(word) = kind.word(&[("text", "text"), ("ssml", "ssml")]) {
        kind.put(&mut output, "input_type", word);
    }
    lose_pitch(&body.get("pitch"));
    body.get("elevenlabs_settings").lose(
        Severity::Spoken,
        "speech of v3 is made by Starfish",
        "choose a voice of the engine `starfish`: `GET /v3/voices?engine=starfish`",
    );
    put_speech(planning, output);
    planning.cost(CostChange::Same, "Starfish, as in v1; v3 charges by the second");
    Some(())
}

fn list_speech_voices(planning: &Planning<'_>) -> Option<()> {
    let mut request = PlannedRequest::new(&operations::LIST_VOICES, "lists the voices that can speak a text");
    request = request.with_query("engine", "starfish");
    for name in ["type", "language", "gender", "limit", "token"] {
        let node = planning.query(name);
        node.carried(format!("?{name}"));
        if let Some(text) = node.text() {
            request = request.with_query(name, text);
        }
    }
    planning.request(request);
    Some(())
}
