//! Scenes of v2: characters, voices and backgrounds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A scene: its length is that of its voice.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// The avatar or photo that speaks.
    pub character: Option<Character>,
    /// The speech, audio file or silence.
    pub voice: Option<Voice>,
    /// What is behind the character, or the whole picture without one.
    pub background: Option<Background>,
    /// A text over the picture. v3 ignores it: it is lost.
    pub text: Option<Value>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A character: an avatar or a talking photo. Both are looks in v3, with the same ids.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Character {
    /// `avatar` or `talking_photo`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id of an avatar. In v3 `avatar_id`.
    pub avatar_id: Option<String>,
    /// The id of a talking photo. In v3 `avatar_id`.
    pub talking_photo_id: Option<String>,
    /// Whether Avatar IV renders. In v3 `engine`, whose default costs more.
    pub use_avatar_iv_model: Option<bool>,
    /// How the photo moves. In v3 `motion_prompt`, for a photo look on Avatar IV.
    pub prompt: Option<String>,
    /// Whether the prompt is kept as it is. v3 always keeps it.
    pub keep_original_prompt: Option<bool>,
    /// `stable` or `expressive`. In v3 `expressiveness`, for a photo look on Avatar IV.
    pub talking_style: Option<String>,
    /// `default` or `happy`. v3 has no expressions: it is lost.
    pub expression: Option<String>,
    /// Whether the background of the character is cut out. In v3 `remove_background`.
    pub matting: Option<bool>,
    /// The size, 1.0 for the whole frame. v3 does not scale avatars: it is lost.
    pub scale: Option<f64>,
    /// The position, as a fraction of the frame. v3 does not move avatars: it is lost.
    pub offset: Option<Offset>,
    /// `normal`, `closeUp` or `circle`. v3 has `normal` only.
    pub avatar_style: Option<String>,
    /// `square` or `circle`. v3 has no frames for photos: `circle` is lost.
    pub talking_photo_style: Option<String>,
    /// The color around a circle. v3 has no circles: it is lost.
    pub circle_background_color: Option<String>,
    /// Whether a photo is sharpened. In v3 `resolution`.
    pub super_resolution: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Character {
    /// An avatar.
    pub fn avatar(id: impl Into<String>) -> Self {
        Self { kind: Some("avatar".to_owned()), avatar_id: Some(id.into()), ..Self::default() }
    }

    /// A talking photo.
    pub fn talking_photo(id: impl Into<String>) -> Self {
        Self { kind: Some("talking_photo".to_owned()), talking_photo_id: Some(id.into()), ..Self::default() }
    }
}

/// The position of a character. 0 is the middle.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Offset {
    /// To the right.
    pub x: Option<f64>,
    /// Downward.
    pub y: Option<f64>,
}

/// A voice: a text that is spoken, an audio file, or silence.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Voice {
    /// `text`, `audio` or `silence`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// The text. In v3 `script`.
    pub input_text: Option<String>,
    /// 0.5 to 1.5. In v3 `voice_settings.speed`.
    pub speed: Option<f64>,
    /// -50 to 50. In v3 `voice_settings.pitch`.
    pub pitch: Option<f64>,
    /// Such as `Friendly`. v3 has no emotions: it is lost.
    pub emotion: Option<String>,
    /// Such as `en-US`. In v3 `voice_settings.locale`.
    pub locale: Option<String>,
    /// In v3 `voice_settings.engine_settings`.
    pub elevenlabs_settings: Option<ElevenLabsSettings>,
    /// The URL of an audio file.
    pub audio_url: Option<String>,
    /// The asset of an audio file.
    pub audio_asset_id: Option<String>,
    /// The length of a silence, in seconds. In v3 a still picture has one.
    pub duration: Option<f64>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Voice {
    /// A text that is spoken.
    pub fn text(voice_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            kind: Some("text".to_owned()),
            voice_id: Some(voice_id.into()),
            input_text: Some(text.into()),
            ..Self::default()
        }
    }

    /// An audio file at a URL.
    pub fn audio_url(url: impl Into<String>) -> Self {
        Self { kind: Some("audio".to_owned()), audio_url: Some(url.into()), ..Self::default() }
    }

    /// An audio file that was uploaded.
    pub fn audio_asset(id: impl Into<String>) -> Self {
        Self { kind: Some("audio".to_owned()), audio_asset_id: Some(id.into()), ..Self::default() }
    }

    /// Silence, in seconds.
    pub fn silence(seconds: f64) -> Self {
        Self { kind: Some("silence".to_owned()), duration: Some(seconds), ..Self::default() }
    }
}

/// Settings of a voice of ElevenLabs.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ElevenLabsSettings {
    /// The model. v3 has the newer ones.
    pub model: Option<String>,
    /// 0 to 1.
    pub similarity_boost: Option<f64>,
    /// 0 to 1.
    pub stability: Option<f64>,
    /// 0 to 1.
    pub style: Option<f64>,
}

/// A background.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Background {
    /// `color`, `image` or `video`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The color, such as `#FAFAFA`.
    pub value: Option<String>,
    /// The URL of an image or video.
    pub url: Option<String>,
    /// The asset of an image.
    pub image_asset_id: Option<String>,
    /// The asset of a video.
    pub video_asset_id: Option<String>,
    /// `fit_to_scene`, `freeze`, `loop` or `once`. In v3 `playback.mode` of a video scene.
    pub play_style: Option<String>,
    /// `cover`, `crop`, `contain` or `none`. v3 does not fit backgrounds: it is lost.
    pub fit: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Background {
    /// A color, such as `#FAFAFA`.
    pub fn color(value: impl Into<String>) -> Self {
        Self { kind: Some("color".to_owned()), value: Some(value.into()), ..Self::default() }
    }

    /// An image at a URL.
    pub fn image_url(url: impl Into<String>) -> Self {
        Self { kind: Some("image".to_owned()), url: Some(url.into()), ..Self::default() }
    }
}

/// A frame, in pixels.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dimension {
    /// The width.
    pub width: Option<i64>,
    /// The height.
    pub height: Option<i64>,
}
