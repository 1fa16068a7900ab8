//! Templates of v2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::scenes::Dimension;

/// `GET /v2/templates`: in v3 `GET /v3/templates`, which lists templates with variables only.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Templates {
    /// The templates, of all pages.
    pub templates: Vec<TemplateItem>,
}

/// A template in a list.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateItem {
    /// The id.
    pub template_id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// URL of the thumbnail.
    pub thumbnail_image_url: Option<String>,
    /// Such as `16:9`.
    pub aspect_ratio: Option<String>,
}

/// `GET /v2/template/{template_id}`: in v3 `GET /v3/templates/{template_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// `4`, if the details were asked for.
    pub version: Option<String>,
    /// The variables by name.
    pub variables: BTreeMap<String, TemplateVariable>,
    /// The scenes, if the details were asked for.
    pub scenes: Vec<TemplateScene>,
}

/// A scene of a template.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateScene {
    /// The id.
    pub id: Option<String>,
    /// The text, with the names of variables in braces.
    pub script: Option<String>,
    /// The variables in it.
    pub variables: Vec<TemplateVariable>,
}

/// A variable of a template, and its value.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateVariable {
    /// The name.
    pub name: Option<String>,
    /// `text`, `image`, `video`, `audio`, `character` or `voice`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The value.
    pub properties: VariableProperties,
}

/// The value of a variable, by its type.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariableProperties {
    /// The text.
    pub content: Option<String>,
    /// The URL of a file. In v3 `asset`.
    pub url: Option<String>,
    /// The asset of a file. In v3 `asset`.
    pub asset_id: Option<String>,
    /// `cover`, `contain`, `crop` or `none`.
    pub fit: Option<String>,
    /// `fit_to_scene`, `freeze`, `loop` or `once`.
    pub play_style: Option<String>,
    /// The id of a look.
    pub character_id: Option<String>,
    /// `avatar` or `talking_photo`, of a character. In v3 `character_type`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id of a voice.
    pub voice_id: Option<String>,
    /// The locale of a voice.
    pub locale: Option<String>,
}

impl TemplateVariable {
    /// A text.
    pub fn text(name: impl Into<String>, content: impl Into<String>) -> Self {
        let properties =
            VariableProperties { content: Some(content.into()), ..VariableProperties::default() };
        Self { name: Some(name.into()), kind: Some("text".to_owned()), properties }
    }
}

/// `POST /v2/template/{template_id}/generate`: in v3 `POST /v3/templates/{template_id}`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateFromTemplate {
    /// The values by name. A text that is missing keeps that of the template.
    pub variables: BTreeMap<String, TemplateVariable>,
    /// Whether captions are burned in.
    pub caption: Option<bool>,
    /// The title.
    pub title: Option<String>,
    /// Returned in events.
    pub callback_id: Option<String>,
    /// The URL that is called when the video has ended.
    pub callback_url: Option<String>,
    /// The frame, in the ratio of the template.
    pub dimension: Option<Dimension>,
    /// 25, 30 or 60.
    pub fps: Option<f64>,
    /// The scenes in their order.
    pub scene_ids: Option<Vec<String>>,
    /// Whether music moves with its scene.
    pub reorder_music: Option<bool>,
    /// Whether texts are centered again.
    pub keep_text_vertically_centered: Option<bool>,
    /// The style of captions.
    pub subtitles: Option<Value>,
    /// Whether the event has a moving preview.
    pub include_gif: Option<bool>,
    /// Whether the video has a public page.
    pub enable_sharing: Option<bool>,
    /// The folder of the video.
    pub folder_id: Option<String>,
    /// In v3 `brand_glossary_id`.
    pub brand_voice_id: Option<String>,
    /// As in [`GenerateVideo`](super::GenerateVideo).
    pub test: Option<bool>,
    /// Members that have no field here. Those that v3 takes are carried; the losses list the others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
