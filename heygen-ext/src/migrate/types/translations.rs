//! Translations and proofreads of v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /v2/video_translate`: in v3 `POST /v3/video-translations`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslateVideo {
    /// The video. In v3 `video`.
    pub video_url: Option<String>,
    /// The language. In v3 `output_languages`.
    pub output_language: Option<String>,
    /// Several languages, in place of one.
    pub output_languages: Option<Vec<String>>,
    /// The title.
    pub title: Option<String>,
    /// Audio of your own. In v3 `audio`.
    pub audio_url: Option<String>,
    /// The language of the video.
    pub input_language: Option<String>,
    /// Whether the picture stays as it is.
    pub translate_audio_only: Option<bool>,
    /// The number of speakers.
    pub speaker_num: Option<i64>,
    /// `fast` or `quality`. In v3 `speed` or `precision`.
    pub mode: Option<String>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// The URL that is called when the translation has ended.
    pub callback_url: Option<String>,
    /// In v3 `brand_glossary_id`.
    pub brand_voice_id: Option<String>,
    /// Whether the length may change.
    pub enable_dynamic_duration: Option<bool>,
    /// Whether the encoding stays.
    pub keep_the_same_format: Option<bool>,
    /// v3 always makes captions.
    pub enable_caption: Option<bool>,
    /// Whether music is removed.
    pub disable_music_track: Option<bool>,
    /// Whether the speech is enhanced.
    pub enable_speech_enhancement: Option<bool>,
    /// Whether the video has a watermark.
    pub enable_watermark: Option<bool>,
    /// The start, in seconds.
    pub start_time: Option<f64>,
    /// The end, in seconds.
    pub end_time: Option<f64>,
    /// Subtitles of your own. In v3 `srt`.
    pub srt_url: Option<String>,
    /// `input` or `output`.
    pub srt_role: Option<String>,
    /// `vfr`, `cfr` or `passthrough`.
    pub fps_mode: Option<String>,
    /// The folder of the result.
    pub folder_id: Option<String>,
    /// Whether the request is only checked. v3 cannot: `true` is refused by any policy.
    pub validate_only: Option<bool>,
    /// A voice of the provider, in place of the speaker's.
    pub stock_voice_config: Option<Value>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Translations that have started.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslationStarted {
    /// The id, for one language.
    pub video_translate_id: Option<String>,
    /// The ids, for several.
    pub video_translate_ids: Option<Vec<String>>,
}

/// `GET /v2/video_translate/{video_translate_id}`: in v3 `GET /v3/video-translations/{video_translation_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Translation {
    /// The id.
    pub video_translate_id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// `pending`, `running`, `success` or `failed`.
    pub status: Option<String>,
    /// The translated video, or its audio.
    pub url: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
}

/// `GET /v2/video_translate/caption`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslationCaption {
    /// The file of captions.
    pub caption_url: Option<String>,
}

/// `GET /v2/video_translate/target_languages`: in v3 `GET /v3/video-translations/languages`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetLanguages {
    /// The names of languages.
    pub languages: Vec<String>,
}

/// `POST /v2/video_translate/proofread`: in v3 `POST /v3/video-translations/proofreads`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateProofread {
    /// The video. In v3 `video`.
    pub video_url: Option<String>,
    /// The title. v3 requires one; the name of the file is used.
    pub title: Option<String>,
    /// The language.
    pub output_language: Option<String>,
    /// The number of speakers.
    pub speaker_num: Option<i64>,
    /// In v3 `brand_glossary_id`.
    pub brand_voice_id: Option<String>,
    /// The folder of the result.
    pub folder_id: Option<String>,
    /// Whether the length may change.
    pub enable_video_stretching: Option<bool>,
    /// Whether music is removed.
    pub disable_music_track: Option<bool>,
    /// Whether the speech is enhanced.
    pub enable_speech_enhancement: Option<bool>,
    /// Subtitles to start from. In v3 `srt`.
    pub srt_url: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A proofread that has started.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProofreadStarted {
    /// The id, for one language.
    pub proofread_id: Option<String>,
    /// The ids, for several.
    pub proofread_ids: Option<Vec<String>>,
}

/// `GET /v2/video_translate/proofread/{proofread_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proofread {
    /// The id.
    pub proofread_id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// `processing`, `completed` or `failed`.
    pub status: Option<String>,
    /// The language.
    pub output_language: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
}

/// `GET /v2/video_translate/proofread/{proofread_id}/srt`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProofreadSubtitles {
    /// The subtitles as they are.
    pub srt_url: Option<String>,
    /// The subtitles as they were made.
    pub original_srt_url: Option<String>,
}

/// `POST /v2/video_translate/proofread/{proofread_id}/srt`: in v3 a `PUT`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplaceSubtitles {
    /// The URL of the file.
    pub srt_url: Option<String>,
    /// The asset of the file, in place of the URL.
    pub srt_asset_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v2/video_translate/proofread/{proofread_id}/generate`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateProofread {
    /// v3 always makes captions.
    pub captions: Option<bool>,
    /// Whether the picture stays as it is.
    pub translate_audio_only: Option<bool>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
