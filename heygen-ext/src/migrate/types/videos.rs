//! Videos of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /v2/video/generate`: a video of up to 50 scenes. In v3 it is `POST /v3/videos`, of the type `avatar` for one
/// scene and `studio` for several.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateVideo {
    /// The scenes. In v3 the body itself, or `scenes`.
    pub video_inputs: Vec<Scene>,
    /// The title.
    pub title: Option<String>,
    /// Whether the video has captions. In v3 `caption`.
    pub caption: Option<bool>,
    /// `file_only` or `burn_in`, in place of `caption`.
    pub caption_mode: Option<String>,
    /// Burned-in subtitles with a preset. v3 has one style.
    pub subtitles: Option<Value>,
    /// Returned in events. v1 returned it in the status too.
    pub callback_id: Option<String>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// The frame. In v3 `aspect_ratio` and `resolution`.
    pub dimension: Option<Dimension>,
    /// The older way to set the frame: `16:9` or `9:16`.
    pub aspect_ratio: Option<String>,
    /// Frames a second. Videos of v3 have 25.
    pub fps: Option<f64>,
    /// The folder of the video.
    pub folder_id: Option<String>,
    /// Whether the video has HeyGen's watermark. v3 has none.
    pub enable_watermark: Option<bool>,
    /// Whether the video is a test that is not charged. v3 has none: `true` is refused by any policy.
    pub test: Option<bool>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A scene: its length is that of its voice.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// Who is seen.
    pub character: Option<Character>,
    /// What is heard.
    pub voice: Option<Voice>,
    /// What is behind the character, or the whole picture without one.
    pub background: Option<Background>,
    /// A text over the picture. v3 has none.
    pub text: Option<Value>,
    /// Members that this type does not have. They are lost, and listed in the losses.
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
    /// `default` or `happy`. v3 has none.
    pub expression: Option<String>,
    /// Whether the background of the character is cut out. In v3 `remove_background`.
    pub matting: Option<bool>,
    /// The size, 1.0 for the whole frame. v3 has none.
    pub scale: Option<f64>,
    /// The place, as a fraction of the frame. v3 has none.
    pub offset: Option<Offset>,
    /// `normal`, `closeUp` or `circle`. v3 has `normal` only.
    pub avatar_style: Option<String>,
    /// `square` or `circle`. v3 has none.
    pub talking_photo_style: Option<String>,
    /// The color around a circle. v3 has none.
    pub circle_background_color: Option<String>,
    /// Whether a photo is sharpened. In v3 `resolution`.
    pub super_resolution: Option<bool>,
    /// Members that this type does not have. They are lost, and listed in the losses.
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

/// The place of a character. 0 is the middle.
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
    /// Such as `Friendly`. v3 has none.
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
    /// Members that this type does not have. They are lost, and listed in the losses.
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
    /// `cover`, `crop`, `contain` or `none`. v3 has none for backgrounds.
    pub fit: Option<String>,
    /// Members that this type does not have. They are lost, and listed in the losses.
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

/// `POST /v2/video/av4/generate`: a video from a photo. In v3 it is `POST /v3/videos` of the type `image`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateAvatarIvVideo {
    /// The key of an uploaded picture. In v3 `image`.
    pub image_key: Option<String>,
    /// In v3 `title`.
    pub video_title: Option<String>,
    /// The text that is spoken.
    pub script: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// An audio file, in place of the text.
    pub audio_url: Option<String>,
    /// The asset of an audio file, in place of the text.
    pub audio_asset_id: Option<String>,
    /// `portrait`, `landscape` or `square`. In v3 `aspect_ratio`.
    pub video_orientation: Option<String>,
    /// `cover` or `contain`.
    pub fit: Option<String>,
    /// In v3 `motion_prompt`.
    pub custom_motion_prompt: Option<String>,
    /// v3 does not rewrite prompts.
    pub enhance_custom_motion_prompt: Option<bool>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v1/video.webm`: a video with a transparent background. In v3 it is `POST /v3/videos` with `output_format`
/// `webm`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateWebm {
    /// The id of a pose. In v3 `avatar_id`.
    pub avatar_pose_id: Option<String>,
    /// `normal` or `closeUp`. v3 has none.
    pub avatar_style: Option<String>,
    /// The text that is spoken. In v3 `script`.
    pub input_text: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// A URL or an asset, in place of the text.
    pub input_audio: Option<String>,
    /// The frame.
    pub dimension: Option<Dimension>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v1/video.generate`: the oldest request for a video.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateFirst {
    /// A color, or the URL of an image or video.
    pub background: Option<String>,
    /// `16:9` or `9:16`. In v3 `aspect_ratio`.
    pub ratio: Option<String>,
    /// As in [`GenerateVideo`].
    pub test: Option<bool>,
    /// `v1alpha`.
    pub version: Option<String>,
    /// Whether the video has captions. In v3 `caption`.
    pub caption_open: Option<bool>,
    /// The scenes.
    pub clips: Vec<Clip>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A scene of the oldest request: the members of [`Character`] and [`Voice`] together.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clip {
    /// The id of an avatar.
    pub avatar_id: Option<String>,
    /// The id of a talking photo.
    pub talking_photo_id: Option<String>,
    /// `normal` or `circle`.
    pub avatar_style: Option<String>,
    /// `square` or `circle`.
    pub talking_photo_style: Option<String>,
    /// The text that is spoken.
    pub input_text: Option<String>,
    /// A URL or an asset, in place of the text.
    pub input_audio: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// The size, 1 for the whole frame.
    pub scale: Option<f64>,
    /// The place.
    pub offset: Option<Offset>,
    /// Whether the clip has captions.
    pub caption: Option<bool>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v2/videos`, the newest endpoint of v2: in v3 `POST /v3/videos` with the type `avatar` or `image`. The members
/// have their names of v3 already.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateVideo {
    /// The id of a look. Exactly one of this and the next two.
    pub avatar_id: Option<String>,
    /// The URL of a picture. In v3 `image`.
    pub image_url: Option<String>,
    /// The asset of a picture. In v3 `image`.
    pub image_asset_id: Option<String>,
    /// The text that is spoken.
    pub script: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// An audio file, in place of the text.
    pub audio_url: Option<String>,
    /// The asset of an audio file, in place of the text.
    pub audio_asset_id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// `720p`, `1080p` or `4k`.
    pub resolution: Option<String>,
    /// Such as `16:9`.
    pub aspect_ratio: Option<String>,
    /// How the photo moves.
    pub motion_prompt: Option<String>,
    /// `low`, `medium` or `high`.
    pub expressiveness: Option<String>,
    /// Whether the background is cut out.
    pub remove_background: Option<bool>,
    /// A color or an image.
    pub background: Option<Value>,
    /// Speed, pitch, locale and the settings of an engine.
    pub voice_settings: Option<Value>,
    /// Captions.
    pub caption: Option<Value>,
    /// `mp4` or `webm`.
    pub output_format: Option<String>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// Members that this type does not have. They are lost, and listed in the losses.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The answer of a call that creates a video.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoCreated {
    /// The id of the video.
    pub video_id: Option<String>,
}

/// The answer of `DELETE /v2/videos/{video_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoDeleted {
    /// The id of the video.
    pub id: Option<String>,
    /// Whether it was deleted.
    pub deleted: Option<bool>,
}

/// `GET /v1/video_status.get`: in v3 `GET /v3/videos/{video_id}`. Its links expire; each call has new ones.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoStatus {
    /// The id of the video.
    pub id: Option<String>,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: Option<String>,
    /// That of the create call, if the same [`Legacy`](super::super::Legacy) sent it.
    pub callback_id: Option<String>,
    /// Subtitles, if the create call asked for captions. A file of the type SRT; the old service had ASS.
    pub caption_url: Option<String>,
    /// In seconds since 1970.
    pub created_at: Option<i64>,
    /// In seconds.
    pub duration: Option<f64>,
    /// Why the video failed.
    pub error: Option<VideoError>,
    /// A moving preview.
    pub gif_url: Option<String>,
    /// A picture.
    pub thumbnail_url: Option<String>,
    /// The video.
    pub video_url: Option<String>,
    /// The video with captions. In v3 `captioned_video_url`.
    pub video_url_caption: Option<String>,
}

/// Why a video failed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoError {
    /// 0: the numbers of the old service cannot be found from the codes of v3.
    pub code: Option<i64>,
    /// The code of v3, such as `rendering_failed`.
    pub detail: Option<String>,
    /// The message.
    pub message: Option<String>,
}

/// `GET /v1/video.list`: in v3 `GET /v3/videos`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoList {
    /// The token of the next page; `None` on the last one. Tokens of the old service are not valid.
    pub token: Option<String>,
    /// The videos of this page.
    pub videos: Vec<VideoListItem>,
}

/// A video in a list.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoListItem {
    /// The id of the video.
    pub video_id: Option<String>,
    /// As in [`VideoStatus`].
    pub status: Option<String>,
    /// In seconds since 1970.
    pub created_at: Option<i64>,
    /// `GENERATED` or `TRANSLATED`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The title.
    pub video_title: Option<String>,
}
