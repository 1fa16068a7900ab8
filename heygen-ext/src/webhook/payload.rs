//! The typed data of events.

use std::fmt;

use serde_json::Value;

use super::event::Event;
use super::fields::EventUrl;
use super::job::JobKind;

/// The known data of an event, by the kind of its job.
///
/// The service documents few payloads, and adds fields; [`Event::data`] contains all of them. Every field may be missing. The
/// data of a failure is in [`Event::failure`].
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
    /// A type that this version does not know; see [`Event::data`].
    Other,
}

/// The data of an event about a video.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VideoPayload {
    /// The id of the video.
    pub video_id: Option<String>,
    /// The MP4 or WebM file (`url`, formerly `video_url`).
    pub url: Option<EventUrl>,
    /// The GIF, if the request asked for one.
    pub gif_url: Option<EventUrl>,
    /// The thumbnail image.
    pub thumbnail_url: Option<EventUrl>,
    /// The web page of the video in the provider's application.
    pub page_url: Option<EventUrl>,
    /// The web page for people with whom the video is shared.
    pub share_page_url: Option<EventUrl>,
    /// The length of the video, in seconds.
    pub duration: Option<f64>,
    /// The folder that contains the video.
    pub folder_id: Option<String>,
}

/// The data of an event about a video translation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TranslationPayload {
    /// The id of the translation.
    pub video_translation_id: Option<String>,
    /// The translated video, or its audio.
    pub url: Option<EventUrl>,
    /// The target language, such as `Spanish (Spain)`.
    pub output_language: Option<String>,
}

/// The data of an event about a Video Agent session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AgentPayload {
    /// The id of the session.
    pub session_id: Option<String>,
    /// The id of the video that the session created.
    pub video_id: Option<String>,
    /// The file of that video (`video_url`, or `url`).
    pub url: Option<EventUrl>,
}

/// The data of an event about a personalized video.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PersonalizedPayload {
    /// The id of the project.
    pub project_id: Option<String>,
    /// The id of the video for one contact.
    pub video_id: Option<String>,
    /// The file of that video.
    pub url: Option<EventUrl>,
    /// The landing page of that video.
    pub landing_page_url: Option<EventUrl>,
    /// The GIF of that video.
    pub gif_url: Option<EventUrl>,
}

/// The data of an event about a job that creates one file: a HyperFrames render, lipsync, filler word removal, podcast or
/// proofread.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FilePayload {
    /// The id of the job.
    pub job_id: Option<String>,
    /// The file (`video_url`, `url` or `srt_url`).
    pub url: Option<EventUrl>,
    /// The thumbnail image.
    pub thumbnail_url: Option<EventUrl>,
}

/// The data of an event about an AI clipping job: the complete resource, as `get_ai_clipping` returns it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ClippingPayload {
    /// The id of the job.
    pub ai_clipping_id: Option<String>,
    /// The status of the job.
    pub status: Option<String>,
    /// The clips, as received.
    pub clips: Vec<Value>,
}

impl fmt::Debug for ClippingPayload {
    /// Prints the number of clips only, because their URLs are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClippingPayload")
            .field("ai_clipping_id", &self.ai_clipping_id)
            .field("status", &self.status)
            .field("clips", &self.clips.len())
            .finish()
    }
}

/// The data of an event about an avatar. The service does not document it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AvatarPayload {
    /// The id of the look.
    pub avatar_id: Option<String>,
    /// The id of its group.
    pub group_id: Option<String>,
}

/// The data of an event about a batch. All of its items have ended, with or without success.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BatchPayload {
    /// The id of the batch.
    pub batch_id: Option<String>,
    /// The status of the batch, which follows from its items.
    pub status: Option<String>,
    /// The number of items.
    pub total_items: Option<u64>,
}

impl Event {
    /// Returns the known data, by the kind of the job.
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
        Event::of_delivery(body.as_bytes(), None, "".into()).unwrap().payload()
    }

    #[test]
    fn a_url_is_read_by_both_of_its_names() {
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
        let Payload::Batch(batch) = Event::of_delivery(body, None, "".into()).unwrap().payload() else {
            unreachable!("not a batch")
        };
        assert_eq!((batch.status.as_deref(), batch.total_items), (Some("cut \u{fffd}"), Some(5)));
        // A number with a decimal point.
        let batch = payload("batch.finished", &json!({"total_items": 7.0}));
        assert!(matches!(batch, Payload::Batch(batch) if batch.total_items == Some(7)));
    }

    #[test]
    fn debug_prints_no_urls() {
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
