//! Talking photos and photo avatars of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /v1/talking_photo`: v3 makes a look of the picture, which is charged.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TalkingPhotoUploaded {
    /// The id of the look.
    pub talking_photo_id: Option<String>,
    /// URL of the photo.
    pub talking_photo_url: Option<String>,
}

/// A photo in `GET /v1/talking_photo.list`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TalkingPhotoItem {
    /// The id of the look.
    pub id: Option<String>,
    /// URL of the photo.
    pub image_url: Option<String>,
    /// Always empty.
    pub circle_image: Option<String>,
}

/// A photo avatar: a photo look of v3.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhotoAvatar {
    /// The id of the look.
    pub id: Option<String>,
    /// URL of the photo.
    pub image_url: Option<String>,
    /// v3 does not report it.
    pub created_at: Option<f64>,
    /// The name.
    pub name: Option<String>,
    /// `pending`, `completed` or `failed`.
    pub status: Option<String>,
    /// The id of the group. In v2 the id of the first look was that of its group.
    pub group_id: Option<String>,
    /// Always `false`: motion is part of a video.
    pub is_motion: Option<bool>,
    /// Always missing.
    pub motion_preview_url: Option<String>,
    /// Always missing.
    pub business_type: Option<String>,
    /// Always `false`.
    pub upscaled: Option<bool>,
    /// The voice that the look has by default.
    pub default_voice_id: Option<String>,
}

/// `POST /v2/photo_avatar/photo/generate`: in v3 `POST /v3/avatars` of the type `prompt`, which makes one finished look.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneratePhoto {
    /// The name.
    pub name: Option<String>,
    /// Such as `Young Adult`. The words become a part of `prompt`.
    pub age: Option<String>,
    /// `Woman`, `Man` or `Unspecified`.
    pub gender: Option<String>,
    /// Such as `Hispanic`, or `Unspecified`.
    pub ethnicity: Option<String>,
    /// `square`, `horizontal` or `vertical`. In v3 `aspect_ratio`.
    pub orientation: Option<String>,
    /// `half_body`, `close_up` or `full_body`.
    pub pose: Option<String>,
    /// Such as `Realistic`.
    pub style: Option<String>,
    /// What the person looks like. In v3 `prompt`.
    pub appearance: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v2/photo_avatar/look/generate`: in v3 `POST /v3/avatars` of the type `prompt`, with a look of the group.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateLook {
    /// The group.
    pub group_id: Option<String>,
    /// What the look is.
    pub prompt: Option<String>,
    /// As in [`GeneratePhoto`].
    pub orientation: Option<String>,
    /// As in [`GeneratePhoto`].
    pub pose: Option<String>,
    /// As in [`GeneratePhoto`].
    pub style: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A generation that has started.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationStarted {
    /// Its id: that of the look.
    pub generation_id: Option<String>,
}

/// `GET /v2/photo_avatar/generation/{generation_id}`: in v3 the status of the look.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// The id.
    pub id: Option<String>,
    /// `pending`, `success` or `failed`.
    pub status: Option<String>,
    /// Why it failed.
    pub msg: Option<String>,
    /// One picture; v2 had four.
    pub image_url_list: Vec<String>,
    /// Its key, for [`CreatePhotoGroup`].
    pub image_key_list: Vec<String>,
}

/// `POST /v2/photo_avatar/avatar_group/create`: in v3 `POST /v3/avatars` of the type `photo`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreatePhotoGroup {
    /// The name.
    pub name: Option<String>,
    /// The key of an uploaded or generated picture.
    pub image_key: Option<String>,
    /// The generation of the picture. The key is enough.
    pub generation_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v2/photo_avatar/avatar_group/add`: in v3 one `POST /v3/avatars` for each picture.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddLooks {
    /// The group.
    pub group_id: Option<String>,
    /// The keys of up to four pictures.
    pub image_keys: Vec<String>,
    /// The name.
    pub name: Option<String>,
    /// The generation of the pictures. The keys are enough.
    pub generation_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The looks that were added.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LooksAdded {
    /// The looks.
    pub photo_avatar_list: Vec<PhotoAvatar>,
}

/// `POST /v2/photo_avatar/train`: v3 trains when an avatar is created.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainGroup {
    /// The group.
    pub group_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `GET /v2/photo_avatar/train/status/{group_id}`: in v3 the status of the group.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainStatus {
    /// `pending`, `ready` or `failed`.
    pub status: Option<String>,
    /// Why it failed.
    pub error_msg: Option<String>,
    /// In seconds since 1970.
    pub created_at: Option<i64>,
    /// v3 does not report it.
    pub updated_at: Option<i64>,
}
