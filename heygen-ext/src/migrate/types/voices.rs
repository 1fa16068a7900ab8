//! Voices, speech and brand voices of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /v2/voices`: in v3 all pages of `GET /v3/voices`, private and public.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Voices {
    /// The voices.
    pub voices: Vec<VoiceItem>,
}

/// `GET /v1/voice.list`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstVoices {
    /// The voices.
    pub list: Vec<VoiceItem>,
}

/// A voice.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceItem {
    /// The id.
    pub voice_id: Option<String>,
    /// Such as `English`.
    pub language: Option<String>,
    /// `male`, `female` or `unknown`.
    pub gender: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The name, in v1.
    pub display_name: Option<String>,
    /// A sample. In v3 `preview_audio_url`.
    pub preview_audio: Option<String>,
    /// Whether pauses in a text are kept.
    pub support_pause: Option<bool>,
    /// Always `false`: v3 has no emotions.
    pub emotion_support: Option<bool>,
    /// Always `false`: v3 reports it for single voices only.
    pub support_interactive_avatar: Option<bool>,
}

/// `POST /v2/voices/{voice_id}/preview`: in v3 `POST /v3/voices/speech`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preview {
    /// The text.
    pub text: Option<String>,
    /// `plain` or `ssml`. In v3 `input_type`.
    pub text_type: Option<String>,
    /// The speed and the locale are carried.
    pub settings: Option<Value>,
    /// v3 always has them.
    pub with_timestamps: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v1/audio/text_to_speech`: in v3 `POST /v3/voices/speech`, with voices of the engine `starfish`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextToSpeech {
    /// The text, of up to 5000 characters.
    pub text: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// `text` or `ssml`.
    pub input_type: Option<String>,
    /// 0.5 to 2.0.
    pub speed: Option<f64>,
    /// Such as `en-US`.
    pub locale: Option<String>,
    /// Such as `en`.
    pub language: Option<String>,
    /// The pitch. v3 has no pitch for speech: it is lost.
    pub pitch: Option<f64>,
    /// Settings of ElevenLabs. v3 has none of them for speech: they are lost.
    pub elevenlabs_settings: Option<Value>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Speech that was made.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Speech {
    /// The audio file.
    pub audio_url: Option<String>,
    /// In seconds.
    pub duration: Option<f64>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The times of words.
    pub word_timestamps: Vec<WordTimestamp>,
}

/// The time of a word, in seconds.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WordTimestamp {
    /// The word.
    pub word: Option<String>,
    /// Its start.
    pub start: Option<f64>,
    /// Its end.
    pub end: Option<f64>,
}

/// `GET /v1/brand_voice/list`: in v3 `GET /v3/brand-glossaries`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrandVoices {
    /// The brand voices.
    pub list: Vec<BrandVoice>,
    /// The number on this page: v3 does not count all.
    pub total: Option<i64>,
    /// The token of the next page.
    pub token: Option<String>,
}

/// A brand voice: a brand glossary of v3.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrandVoice {
    /// The id. In v3 `brand_glossary_id`.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Words that are not translated. In v3 `do_not_translate_terms`.
    pub blacklist: Vec<String>,
    /// Pairs of a word and its translation. In v3 `forced_translations`.
    pub whitelist: Vec<Vec<String>>,
    /// Always empty: v3 has no tones.
    pub tones: Vec<String>,
    /// Pairs of a word and its pronunciation. In v3 `terms`.
    pub vocabulary: Vec<Vec<String>>,
}

/// `POST /v1/brand_voice/{brand_voice_id}`: in v3 `PATCH /v3/brand-glossaries/{brand_glossary_id}`. A list that is given
/// replaces the old one.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateBrandVoice {
    /// The name.
    pub name: Option<String>,
    /// As in [`BrandVoice`].
    pub blacklist: Option<Vec<String>>,
    /// As in [`BrandVoice`].
    pub whitelist: Option<Vec<Vec<String>>>,
    /// As in [`BrandVoice`].
    pub vocabulary: Option<Vec<Vec<String>>>,
    /// The tones. v3 has no tones: they are lost.
    pub tones: Option<Vec<String>>,
    /// The tone. v3 has no tones: it is lost.
    pub tone: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
