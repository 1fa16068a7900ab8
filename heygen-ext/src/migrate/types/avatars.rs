//! Avatars of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /v2/avatars`: in v3 all pages of `GET /v3/avatars/looks`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Avatars {
    /// Avatars with video.
    pub avatars: Vec<Avatar>,
    /// Photos.
    pub talking_photos: Vec<TalkingPhoto>,
}

/// An avatar: a look of v3.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Avatar {
    /// The id of the look.
    pub avatar_id: Option<String>,
    /// The name.
    pub avatar_name: Option<String>,
    /// `male`, `female` or another word.
    pub gender: Option<String>,
    /// URL of the preview image.
    pub preview_image_url: Option<String>,
    /// URL of the preview video.
    pub preview_video_url: Option<String>,
    /// Always `false`: v3 does not report it.
    pub premium: Option<bool>,
    /// Always missing.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The voice that the look has by default.
    pub default_voice_id: Option<String>,
}

/// A talking photo: a photo look of v3.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TalkingPhoto {
    /// The id of the look.
    pub talking_photo_id: Option<String>,
    /// The name.
    pub talking_photo_name: Option<String>,
    /// URL of the preview image.
    pub preview_image_url: Option<String>,
}

/// `GET /v1/avatar.list`. A look of v3 is an avatar with one pose.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstAvatars {
    /// The avatars.
    pub avatars: Vec<FirstAvatar>,
}

/// An avatar of v1.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstAvatar {
    /// The id of the look.
    pub avatar_id: Option<String>,
    /// The name.
    pub avatar_name: Option<String>,
    /// Its poses.
    pub avatar_states: Vec<AvatarPose>,
}

/// A pose of an avatar of v1, for `avatar_pose_id`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AvatarPose {
    /// The id of the look.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The gender.
    pub gender: Option<String>,
    /// URL of the preview image.
    pub preview_image_url: Option<String>,
    /// URL of the preview video.
    pub preview_video_url: Option<String>,
}

/// `GET /v2/avatar_group.list`: in v3 all pages of `GET /v3/avatars`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AvatarGroups {
    /// The number of groups.
    pub total_count: Option<i64>,
    /// The groups.
    pub avatar_group_list: Vec<AvatarGroup>,
}

/// A group of looks.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AvatarGroup {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// In seconds since 1970.
    pub created_at: Option<i64>,
    /// The number of looks.
    pub num_looks: Option<i64>,
    /// URL of the preview image.
    pub preview_image: Option<String>,
    /// `PRIVATE` or `PUBLIC`; v2 had more words.
    pub group_type: Option<String>,
    /// `empty`, `pending`, `training`, `ready` or `failed`.
    pub train_status: Option<String>,
    /// The voice that the group has by default.
    pub default_voice_id: Option<String>,
}

/// `GET /v2/avatar_group/{group_id}/avatars`: in v3 `GET /v3/avatars/looks`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupLooks {
    /// The looks: an [`Avatar`] or a [`PhotoAvatar`](super::PhotoAvatar), by the kind of the look.
    pub avatar_list: Vec<Value>,
}

/// `GET /v2/avatar/{avatar_id}/details`: in v3 `GET /v3/avatars/looks/{look_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AvatarDetails {
    /// `avatar`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id of the look.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The gender.
    pub gender: Option<String>,
    /// URL of the preview image.
    pub preview_image_url: Option<String>,
    /// URL of the preview video.
    pub preview_video_url: Option<String>,
    /// Always `false`: v3 does not report it.
    pub premium: Option<bool>,
    /// Whether the provider offers it to everyone.
    pub is_public: Option<bool>,
    /// The voice that the look has by default.
    pub default_voice_id: Option<String>,
    /// The tags, with `AVATAR_IV` if that engine can render it.
    pub tags: Vec<String>,
}

/// `POST /v2/video_avatar`: a digital twin. In v3 `POST /v3/avatars`, then `POST /v3/avatars/{group_id}/consent`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateVideoAvatar {
    /// The footage. In v3 `file`.
    pub training_footage_url: Option<String>,
    /// The recorded consent. In v3 `consent_video` of the second request.
    pub video_consent_url: Option<String>,
    /// In v3 `name`.
    pub avatar_name: Option<String>,
    /// The group that it is added to.
    pub avatar_group_id: Option<String>,
    /// v3 sends events to registered endpoints only.
    pub callback_id: Option<String>,
    /// v3 sends events to registered endpoints only.
    pub callback_url: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A digital twin that was created.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoAvatarCreated {
    /// The id of the look.
    pub avatar_id: Option<String>,
    /// The id of its group.
    pub avatar_group_id: Option<String>,
    /// Where the person agrees, if v3 did not take the recorded consent. v2 did not have it.
    pub consent_url: Option<String>,
}

/// `GET /v2/video_avatar/{avatar_id}`: in v3 `GET /v3/avatars/looks/{look_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoAvatar {
    /// The id of the look.
    pub avatar_id: Option<String>,
    /// The name.
    pub avatar_name: Option<String>,
    /// `in_progress`, `completed` or `failed`.
    pub status: Option<String>,
    /// v3 does not report it.
    pub created_at: Option<i64>,
    /// URL of the preview image.
    pub preview_image_url: Option<String>,
    /// URL of the preview video.
    pub preview_video_url: Option<String>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// The voice that the look has by default.
    pub default_voice_id: Option<String>,
}
