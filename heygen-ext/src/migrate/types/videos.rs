//! Videos of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::scenes::{Dimension, Offset, Scene};

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
    /// Whether the video has HeyGen's watermark. v3 does not add it: it is lost.
    pub enable_watermark: Option<bool>,
    /// Whether the video is a test that is not charged. v3 has no tests: `true` is refused by any policy.
    pub test: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
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
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
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
    /// `normal` or `closeUp`. v3 has no styles: it is lost.
    pub avatar_style: Option<String>,
    /// The text that is spoken. In v3 `script`.
    pub input_text: Option<String>,
    /// The id of the voice.
    pub voice_id: Option<String>,
    /// A URL or an asset, in place of the text.
    pub input_audio: Option<String>,
    /// The frame.
    pub dimension: Option<Dimension>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
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
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A scene of the oldest request: the members of [`Character`](super::Character) and [`Voice`](super::Voice) together.
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
    /// Its position.
    pub offset: Option<Offset>,
    /// Whether the clip has captions.
    pub caption: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
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
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
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

/// `GET /v1/video/caption.get`: in v3 `GET /v3/videos/{video_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoCaption {
    /// The id of the video.
    pub video_id: Option<String>,
    /// 0: waiting, 1: running, 2: success, 3: failure, or the video has no captions.
    pub caption_status: Option<i64>,
    /// In v3 `captioned_video_url`.
    pub video_url_caption: Option<String>,
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
    /// URL of an animated preview.
    pub gif_url: Option<String>,
    /// URL of the thumbnail.
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
