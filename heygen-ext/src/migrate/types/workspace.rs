//! Assets, folders, webhook endpoints, the account and Video Agent of v1 and v2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /v1/asset`: in v3 `POST /v3/assets`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asset {
    /// The id.
    pub id: Option<String>,
    /// The id.
    pub name: Option<String>,
    /// `image`, `audio` or `video`.
    pub file_type: Option<String>,
    /// Always empty.
    pub folder_id: Option<String>,
    /// Always missing.
    pub meta: Option<Value>,
    /// In seconds since 1970.
    pub created_ts: Option<i64>,
    /// A link to the file.
    pub url: Option<String>,
    /// The key of a picture, for requests of v1 and v2. v3 has no such keys.
    pub image_key: Option<String>,
}

/// `GET /v1/asset/list`: in v3 `GET /v3/assets` of the user of the key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetList {
    /// The assets of this page.
    pub assets: Vec<Asset>,
    /// v3 does not count them.
    pub total: Option<i64>,
    /// The token of the next page.
    pub token: Option<String>,
}

/// `POST /v1/folders/create`: in v3 `POST /v3/folders`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateFolder {
    /// The name.
    pub name: Option<String>,
    /// `mixed`, `video` or `video_translate`. In v3 `type`.
    pub project_type: Option<String>,
    /// The folder that contains it.
    pub parent_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A folder.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folder {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The folder that contains it.
    pub parent_id: Option<String>,
    /// In v3 `type`.
    pub project_type: Option<String>,
    /// Whether it is in the trash.
    pub is_trash: Option<bool>,
    /// When it was created, as v3 reports it.
    pub created_ts: Option<Value>,
    /// When it was changed, as v3 reports it.
    pub updated_ts: Option<Value>,
    /// Who created it.
    pub creator_username: Option<String>,
}

/// `POST /v1/webhook/endpoint.add`: in v3 `POST /v3/webhooks/endpoints`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddWebhookEndpoint {
    /// The URL, which must use `https`.
    pub url: Option<String>,
    /// The event types; `None` for all.
    pub events: Option<Vec<String>>,
    /// Limits the endpoint to one resource.
    pub entity_id: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `PATCH /v1/webhook/endpoint.update`: in v3 `PATCH /v3/webhooks/endpoints/{endpoint_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateWebhookEndpoint {
    /// The id.
    pub endpoint_id: Option<String>,
    /// The new URL.
    pub url: Option<String>,
    /// The new event types.
    pub events: Option<Vec<String>>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A webhook endpoint.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookEndpoint {
    /// The id.
    pub endpoint_id: Option<String>,
    /// Always missing: v3 does not report it.
    pub username: Option<String>,
    /// The URL.
    pub url: Option<String>,
    /// `enabled` or `disabled`.
    pub status: Option<String>,
    /// The event types; `None` for all.
    pub events: Option<Vec<String>>,
    /// The secret that signs deliveries. v3 reports it once, when the endpoint is created: store it.
    pub secret: Option<String>,
    /// When it was created.
    pub created_at: Option<String>,
}

/// `GET /v2/user/remaining_quota`: from `GET /v3/users/me`. An account with a balance in dollars has none.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemainingQuota {
    /// Seconds of video: 60 times the credits. Prices are by the second and by the engine, so a program cannot tell from
    /// it how many minutes are left.
    pub remaining_quota: Option<i64>,
    /// The same number as `api`.
    pub details: Option<Value>,
}

/// `GET /v1/user/me`: in v3 `GET /v3/users/me`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CurrentUser {
    /// The name of the user.
    pub username: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// How calls are paid.
    pub billing_type: Option<String>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `POST /v1/video_agent/generate`: in v3 `POST /v3/video-agents` in the mode `generate`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateAgentVideo {
    /// What the video is.
    pub prompt: Option<String>,
    /// The id of a look.
    pub avatar_id: Option<String>,
    /// The id of a voice.
    pub voice_id: Option<String>,
    /// `landscape` or `portrait`.
    pub orientation: Option<String>,
    /// The length. In v3 a sentence of the prompt.
    pub duration_sec: Option<f64>,
    /// The older place of the members above.
    pub config: Option<Value>,
    /// Files to use.
    pub files: Vec<AgentFile>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// Returned in events, with `callback_url` only.
    pub callback_id: Option<String>,
    /// Whether the session has no memory.
    pub incognito_mode: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A file for Video Agent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentFile {
    /// The asset.
    pub asset_id: Option<String>,
}

/// A session of Video Agent that has started.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentVideo {
    /// The id of the video; that of the session, if v3 has not named the video yet. The calls that read a video take both.
    pub video_id: Option<String>,
    /// The id of the session.
    pub session_id: Option<String>,
}
