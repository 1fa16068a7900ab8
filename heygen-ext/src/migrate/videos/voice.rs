//! The voice of a scene: a text that is spoken, an audio file, or silence.

use heygen_api::types::ElevenLabsModel;

use super::super::loss::Severity;
use super::super::output::Output;
use super::super::silence::MAX_SECONDS;
use super::super::source::{Limits, Node};

/// What a scene sounds like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sound {
    /// A text or a file, which sets the duration of the scene.
    Speech,
    /// Nothing, for some seconds.
    Silence(f64),
}

/// Models of v2 that v3 does not have, and their successors.
const SUCCESSORS: &[(&str, &str)] = &[
    ("eleven_monolingual_v1", "eleven_multilingual_v2"),
    ("eleven_multilingual_v1", "eleven_multilingual_v2"),
    ("eleven_turbo_v2", "eleven_turbo_v2_5"),
];

const KINDS: &[(&str, Kind)] = &[("text", Kind::Text), ("audio", Kind::Audio), ("silence", Kind::Silence)];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Audio,
    Silence,
}

/// Carries a voice: the sources of sound, and their settings.
pub(super) fn put_voice(node: &Node<'_>, output: &mut Output) -> Option<Sound> {
    if !node.is_present() {
        node.problem("the scene has no voice; add one of the type `text`, `audio` or `silence`");
        return None;
    }
    let kind = node.get("type");
    let said = kind.word(KINDS);
    kind.carried("decides what is read");
    if said.is_none() && kind.is_present() {
        return None;
    }
    let audio = node.first_of(&["audio_url", "audio_asset_id", "input_audio"]);
    let kind = said.unwrap_or(if audio.is_present() { Kind::Audio } else { Kind::Text });
    match kind {
        Kind::Text => put_text(node, output)?,
        Kind::Audio => put_audio(node, &audio, output)?,
        Kind::Silence => {
            let duration = node.get("duration");
            let seconds = duration.float().unwrap_or(1.0);
            duration.carried("duration");
            if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
                duration.problem(format!("a silence of {seconds} seconds is not possible; write more than 0 and at most {MAX_SECONDS}"));
                return None;
            }
            return Some(Sound::Silence(seconds));
        }
    }
    Some(Sound::Speech)
}

fn put_text(node: &Node<'_>, output: &mut Output) -> Option<()> {
    let text = node.get("input_text");
    if text.put_text(output, "script").is_none() {
        node.missing("input_text", "write the text that is spoken");
        return None;
    }
    node.get("voice_id").put_text(output, "voice_id");
    let mut settings = output.child("voice_settings");
    put_settings(node, &mut settings);
    output.attach("voice_settings", settings);
    node.get("emotion").lose(
        Severity::Spoken,
        "v3 has no emotions",
        "choose another voice, or `style` in the settings of an ElevenLabs voice",
    );
    Some(())
}

/// Carries speed, pitch, locale and the settings of an engine.
pub(super) fn put_settings(node: &Node<'_>, settings: &mut Output) {
    let spoken = |min: f64, max: f64| Limits { min, max, severity: Severity::Spoken };
    node.get("speed").put_number(settings, "speed", spoken(0.5, 1.5));
    node.get("pitch").put_number(settings, "pitch", spoken(-50.0, 50.0));
    node.get("volume").put_number(settings, "volume", spoken(0.0, 1.0));
    node.get("locale").put_text(settings, "locale");
    let given = node.get("elevenlabs_settings");
    if given.is_object() {
        let mut engine = settings.child("engine_settings");
        put_elevenlabs(&given, &mut engine);
        settings.attach("engine_settings", engine);
    } else {
        given.lose(Severity::Spoken, "it is not an object", "write an object with `model`, `stability`, …");
    }
}

pub(super) fn put_elevenlabs(given: &Node<'_>, engine: &mut Output) {
    let unit = Limits { min: 0.0, max: 1.0, severity: Severity::Spoken };
    let model = given.get("model");
    let name = model.text();
    let known = |name: &str| ElevenLabsModel::VALUES.contains(&name);
    match name.as_deref() {
        Some(name) if known(name) => model.put(engine, "model", name),
        Some(name) => {
            let successor = SUCCESSORS.iter().find(|(old, _)| *old == name).map(|(_, new)| *new);
            if let Some(new) = successor {
                engine.set("model", new);
            }
            let instead = successor.map_or_else(
                || format!("write one of: {}", ElevenLabsModel::VALUES.join(", ")),
                |new| format!("its successor is `{new}`"),
            );
            model.lose(Severity::Spoken, "v3 does not have this model", instead);
        }
        None => {}
    }
    given.get("similarity_boost").put_number(engine, "similarity_boost", unit);
    given.get("style").put_number(engine, "style", unit);
    given.get("use_speaker_boost").put_boolean(engine, "use_speaker_boost");
    given.get("stability").put_number(engine, "stability", unit);
    if engine.is_filled() {
        engine.set("engine_type", "elevenlabs");
    }
}

fn put_audio(node: &Node<'_>, audio: &Node<'_>, output: &mut Output) -> Option<()> {
    let all = ["audio_url", "audio_asset_id", "input_audio"].map(|name| node.get(name));
    let given: Vec<&Node<'_>> = all.iter().filter(|one| one.is_present()).collect();
    if given.len() > 1 {
        node.problem("`audio_url` and `audio_asset_id` exclude each other; remove one");
        return None;
    }
    let Some(text) = audio.text() else {
        node.missing("audio_url", "write it, or `audio_asset_id`");
        return None;
    };
    // The oldest endpoints had one member for both.
    let is_asset = node.get("audio_asset_id").is_present()
        || (node.get("input_audio").is_present() && !text.starts_with("http"));
    audio.put(output, if is_asset { "audio_asset_id" } else { "audio_url" }, text);
    for name in ["input_text", "voice_id", "speed", "pitch", "emotion", "locale", "elevenlabs_settings"] {
        node.get(name).lose(
            Severity::Harmless,
            "it is for a spoken text, and the scene has an audio file",
            "remove it",
        );
    }
    Some(())
}
