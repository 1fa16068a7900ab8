//! The data of events, by what they are about.

use std::fmt;

use serde_json::Value;

use super::event::Event;
use super::event_url::EventUrl;
use super::job::JobKind;

/// The data of an event, as far as it is known. What is not here is in [`Event::data`]: the service documents few payloads,
/// and adds to them.
///
/// Every field may be missing; see [`Event::failure`] for those of failures.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// `avatar_video.*`, `avatar_video_gif.*`, `avatar_video_caption.*`.
    Video(VideoPayload),
    /// `video_translate.*`.
    Translation(TranslationPayload),
    /// `video_agent.*`.
    Agent(AgentPayload),
    /// `personalized_video`.
    Personalized(PersonalizedPayload),
    /// `hyperframes_video.*`, `filler_word_removal.*`, `podcast.*`, `proofread_creation.*`, `lipsync.*`.
    File(FilePayload),
    /// `ai_clipping.*`.
    Clipping(ClippingPayload),
    /// `instant_avatar.*`, `photo_avatar_*.*`, `live_avatar.*`.
    Avatar(AvatarPayload),
    /// `batch.finished`.
    Batch(BatchPayload),
    /// A type that this version does not know; [`Event::data`] has what came.
    Other,
}

/// Of a video that is done, or has failed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VideoPayload {
    /// Its id.
    pub video_id: Option<String>,
    /// The MP4 or WebM (`url`, formerly `video_url`).
    pub url: Option<EventUrl>,
    /// A GIF of it, if one was asked for.
    pub gif_url: Option<EventUrl>,
    /// A picture of it.
    pub thumbnail_url: Option<EventUrl>,
    /// Its page in the provider's application: no file.
    pub page_url: Option<EventUrl>,
    /// The page for people who were given its link.
    pub share_page_url: Option<EventUrl>,
    /// Its length in seconds.
    pub duration: Option<f64>,
    /// The folder that it lies in.
    pub folder_id: Option<String>,
}

/// Of a video translation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TranslationPayload {
    /// Its id.
    pub video_translation_id: Option<String>,
    /// The translated video, or its sound alone.
    pub url: Option<EventUrl>,
    /// The language it is in now.
    pub output_language: Option<String>,
}

/// Of a session of the Video Agent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AgentPayload {
    /// Its id.
    pub session_id: Option<String>,
    /// The video that it made.
    pub video_id: Option<String>,
    /// That video (`video_url`, or `url`).
    pub url: Option<EventUrl>,
}

/// Of a personalized video.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PersonalizedPayload {
    /// The project.
    pub project_id: Option<String>,
    /// The video of one contact.
    pub video_id: Option<String>,
    /// That video.
    pub url: Option<EventUrl>,
    /// Its page.
    pub landing_page_url: Option<EventUrl>,
    /// A GIF of it.
    pub gif_url: Option<EventUrl>,
}

/// Of a job that makes one file: a render, a lipsync, a video without filler words, a podcast, a proofread.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FilePayload {
    /// Id of the job.
    pub job_id: Option<String>,
    /// The file.
    pub url: Option<EventUrl>,
    /// A picture of it.
    pub thumbnail_url: Option<EventUrl>,
}

/// Of a job of AI clipping: the whole resource comes, as `get_ai_clipping` gives it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ClippingPayload {
    /// Its id.
    pub ai_clipping_id: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its clips, as they came.
    pub clips: Vec<Value>,
}

impl fmt::Debug for ClippingPayload {
    /// How many clips there are; their links are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClippingPayload")
            .field("ai_clipping_id", &self.ai_clipping_id)
            .field("status", &self.status)
            .field("clips", &self.clips.len())
            .finish()
    }
}

/// Of an avatar. Nothing is documented of these.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AvatarPayload {
    /// The look.
    pub avatar_id: Option<String>,
    /// Its group.
    pub group_id: Option<String>,
}

/// Of a batch whose items have all ended, each in its way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BatchPayload {
    /// Its id.
    pub batch_id: Option<String>,
    /// Its status, as the items make it.
    pub status: Option<String>,
    /// How many items it has.
    pub total_items: Option<u64>,
}

impl Event {
    /// Its data, by what the type is about.
    pub fn payload(&self) -> Payload {
        Payload::of(self)
    }
}

impl Payload {
    pub(super) fn of(event: &Event) -> Self {
        let fields = event.fields();
        let job_id = event.job_id().map(str::to_owned);
        let Some(kind) = event.job_kind() else { return Self::Other };
        match kind {
            JobKind::Video => Self::Video(VideoPayload {
                video_id: job_id,
                url: fields.url(&["url", "video_url"]),
                gif_url: fields.url(&["gif_download_url", "gif_url"]),
                thumbnail_url: fields.url(&["thumbnail_url"]),
                page_url: fields.url(&["video_page_url"]),
                share_page_url: fields.url(&["video_share_page_url"]),
                duration: fields.number(&["duration"]),
                folder_id: fields.text(&["folder_id"]),
            }),
            JobKind::VideoTranslation => Self::Translation(TranslationPayload {
                video_translation_id: job_id,
                url: fields.url(&["url", "video_url", "audio_url"]),
                output_language: fields.text(&["output_language"]),
            }),
            JobKind::VideoAgentSession => Self::Agent(AgentPayload {
                session_id: job_id,
                video_id: fields.text(&["video_id"]),
                url: fields.url(&["video_url", "url"]),
            }),
            JobKind::PersonalizedVideo => Self::Personalized(PersonalizedPayload {
                project_id: fields.text(&["project_id"]),
                video_id: fields.text(&["video_id"]),
                url: fields.url(&["video_url", "url"]),
                landing_page_url: fields.url(&["landing_page_url"]),
                gif_url: fields.url(&["gif_url", "gif_download_url"]),
            }),
            JobKind::HyperframesRender
            | JobKind::Lipsync
            | JobKind::FillerWordRemoval
            | JobKind::Podcast
            | JobKind::Proofread => Self::File(FilePayload {
                job_id,
                url: fields.url(&["video_url", "url", "srt_url"]),
                thumbnail_url: fields.url(&["thumbnail_url"]),
            }),
            JobKind::AiClipping => Self::Clipping(ClippingPayload {
                ai_clipping_id: job_id,
                status: fields.text(&["status"]),
                clips: event.data().get("clips").and_then(Value::as_array).cloned().unwrap_or_default(),
            }),
            JobKind::AvatarLook => Self::Avatar(AvatarPayload {
                avatar_id: job_id,
                group_id: fields.text(&["group_id", "avatar_group_id"]),
            }),
            JobKind::Batch => Self::Batch(BatchPayload {
                batch_id: job_id,
                status: fields.text(&["status"]),
                total_items: fields.count(&["total_items"]),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(kind: &str, data: &Value) -> Payload {
        let body = json!({"event_type": kind, "event_data": data}).to_string();
        Event::of(body.as_bytes(), None).unwrap().payload()
    }

    #[test]
    fn both_spellings_of_a_link_are_one_field() {
        for name in ["url", "video_url"] {
            let video = payload("avatar_video.success", &json!({"video_id": "v", name: "https://x"}));
            assert!(
                matches!(video, Payload::Video(video) if video.url.as_ref().unwrap().as_str() == "https://x")
            );
            let agent = payload("video_agent.success", &json!({"session_id": "s", name: "https://x"}));
            assert!(
                matches!(agent, Payload::Agent(agent) if agent.url.is_some() && agent.session_id.is_some())
            );
        }
        assert_eq!(payload("hologram.success", &json!({"a": 1})), Payload::Other);
    }

    #[test]
    fn odd_but_valid_json_is_read() {
        let body = b"\xef\xbb\xbf{\"event_type\":\"batch.finished\",\"event_data\":{\"batch_id\":\"b\",\
            \"status\":\"cut \\ud83d\",\"total_items\":5.0}}";
        let read = Event::of(body, None).unwrap().payload();
        let Payload::Batch(batch) = read else { unreachable!("not a batch") };
        assert_eq!((batch.status.as_deref(), batch.total_items), (Some("cut \u{fffd}"), Some(5)));
        // Read at once, and a number with a point all the same.
        let batch = payload("batch.finished", &json!({"total_items": 7.0}));
        assert!(matches!(batch, Payload::Batch(batch) if batch.total_items == Some(7)));
    }

    #[test]
    fn no_link_shows() {
        let data =
            json!({"video_id": "v", "url": "https://x/?marked", "gif_download_url": "https://x/?marked"});
        let shown = format!("{:?}", payload("avatar_video.success", &data));
        assert!(shown.contains("EventUrl") && !shown.contains("marked"), "{shown}");
        let clips = payload(
            "ai_clipping.success",
            &json!({"id": "c", "clips": [{"video_url": "https://x/?marked"}]}),
        );
        let shown = format!("{clips:?}");
        assert!(shown.contains("clips: 1") && !shown.contains("marked"), "{shown}");
    }
}
