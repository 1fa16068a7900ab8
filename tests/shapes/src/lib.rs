//! The catalogue of a training portal: what a user's program makes of the HeyGen API.
//!
//! The tests in `tests/it/` show how to snapshot-test such a program with `heygen_api::testing`.

use std::collections::BTreeMap;

use heygen_api::types::{
    BuildError, CreateVideoFromAvatar, SceneElement, VideoAspectRatio, VideoDetail, VideoStatus,
};
use heygen_api::{Client, Error};
use serde::Serialize;

/// A video in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueEntry {
    /// The id of the video.
    pub id: String,
    /// Its title, or a text in its place.
    pub title: String,
    /// What a visitor of the portal reads.
    pub notice: String,
    /// The length in minutes and seconds, such as `1:05`.
    pub length: Option<String>,
    /// The picture of the entry.
    pub picture: Option<String>,
}

/// Makes the catalogue entry of a video.
pub fn catalogue_entry(video: &VideoDetail) -> CatalogueEntry {
    let notice = match &video.status {
        VideoStatus::Completed => "Ready to watch".to_owned(),
        VideoStatus::Failed => {
            let reason = video.failure_message.as_deref().unwrap_or("no reason was given");
            format!("Not available: {reason}")
        }
        VideoStatus::Pending | VideoStatus::Processing => "In production".to_owned(),
        // An enumeration may have more values in a newer service.
        other => format!("In production ({other})"),
    };
    let length = video.duration.map(|seconds| {
        let seconds = seconds.round();
        format!("{}:{:02}", (seconds / 60.0).floor(), seconds % 60.0)
    });
    CatalogueEntry {
        id: video.id.clone(),
        title: video.title.clone().unwrap_or_else(|| "Untitled".to_owned()),
        notice,
        length,
        picture: video.thumbnail_url.clone(),
    }
}

/// The portal's settings for a lesson.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The presenter's avatar.
    pub avatar_id: String,
    /// The presenter's voice.
    pub voice_id: String,
    /// What the presenter says.
    pub script: String,
    /// Whether the lesson is watched on a phone.
    pub is_for_phones: bool,
}

/// Makes the request for the video of a lesson.
///
/// # Errors
///
/// A required member is missing.
pub fn lesson_request(lesson: &Lesson) -> Result<CreateVideoFromAvatar, BuildError> {
    let shape = if lesson.is_for_phones { VideoAspectRatio::_9x16 } else { VideoAspectRatio::_16x9 };
    CreateVideoFromAvatar::builder()
        .avatar_id(&lesson.avatar_id)
        .voice_id(&lesson.voice_id)
        .script(&lesson.script)
        .aspect_ratio(shape)
        .build()
}

/// Names an element of a scene for an editor.
pub fn element_label(element: &SceneElement) -> String {
    match element {
        SceneElement::Avatar(_) => "presenter".to_owned(),
        SceneElement::Image(image) => format!("picture {}", image.id),
        SceneElement::Video(video) => format!("film {}", video.id),
        SceneElement::Unknown(element) => format!("unknown {}", element.tag("type").unwrap_or("element")),
        _ => "something else".to_owned(),
    }
}

/// Reads the whole catalogue: the entries of all videos, by their notices.
///
/// # Errors
///
/// The service cannot be reached, or refuses the request.
pub async fn catalogue(client: &Client) -> Result<BTreeMap<String, Vec<CatalogueEntry>>, Error> {
    let mut all: BTreeMap<String, Vec<CatalogueEntry>> = BTreeMap::new();
    let mut token = None;
    loop {
        let page = client.list_videos().maybe_token(token).await?;
        for video in &page.items {
            let entry = catalogue_entry(video);
            all.entry(entry.notice.clone()).or_default().push(entry);
        }
        token = page.next_token.clone();
        if token.is_none() {
            return Ok(all);
        }
    }
}
