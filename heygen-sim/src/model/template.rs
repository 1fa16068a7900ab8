//! Templates of videos.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A template: a video whose variables a request sets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) aspect_ratio: String,
    /// Size in pixels.
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) scenes: Vec<TemplateScene>,
    /// The variables with their values, as the service shows them.
    pub(crate) variables: Map<String, Value>,
    /// Id of the video that it was made from; `None` for a preset.
    #[serde(default)]
    pub(crate) source_video: Option<String>,
    /// Number of the changes of its variables.
    #[serde(default)]
    pub(crate) edits: u64,
    /// Creation time and time of the last change, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) created: u64,
    #[serde(default)]
    pub(crate) updated: u64,
}

/// A scene of a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateScene {
    pub(crate) scene_id: String,
    /// What is spoken, with the placeholders of the variables.
    pub(crate) script: Option<String>,
    /// Names of the variables in the scene.
    pub(crate) variables: Vec<String>,
    /// The script without placeholders.
    #[serde(default)]
    pub(crate) words: Option<String>,
    /// Id of the avatar, and of the voice.
    #[serde(default)]
    pub(crate) avatar: Option<String>,
    #[serde(default)]
    pub(crate) voice: Option<String>,
}

impl Template {
    /// The version of its draft. It is opaque, and changes with each edit of the variables.
    pub(crate) fn edit_version(&self) -> String {
        format!("{}-{}", self.id, self.edits)
    }
}
