//! The known members of an event's data, by any of the names that the service uses for them.

use std::fmt;

use serde_json::{Map, Value};

/// The known members of an event's data, besides the [id of the job](super::Event::job_id) and the
/// [failure](super::Event::failure). [`Event::payload`](super::Event::payload) returns it.
///
/// The service documents few of them, and adds others; [`Event::data`](super::Event::data) contains all. Each may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Payload {
    /// The file that the job made: a video, the audio of a translation, or the subtitles of a proofread (`url`, `video_url`,
    /// `audio_url`, `srt_url`).
    pub url: Option<EventUrl>,
    /// The GIF of the video, if the request asked for one (`gif_url`, `gif_download_url`).
    pub gif_url: Option<EventUrl>,
    /// The thumbnail image.
    pub thumbnail_url: Option<EventUrl>,
    /// The web page of the video in the provider's application (`video_page_url`).
    pub page_url: Option<EventUrl>,
    /// The web page for people with whom the video is shared (`video_share_page_url`).
    pub share_page_url: Option<EventUrl>,
    /// The landing page of a personalized video.
    pub landing_page_url: Option<EventUrl>,
    /// The video: the one that a session created, or that of one contact of a personalized video.
    pub video_id: Option<String>,
    /// The length of the video, in seconds.
    pub duration: Option<f64>,
    /// The folder that contains the video.
    pub folder_id: Option<String>,
    /// The target language of a translation, such as `Spanish (Spain)`.
    pub output_language: Option<String>,
    /// The group of an avatar look (`group_id`, `avatar_group_id`).
    pub group_id: Option<String>,
    /// The status of the job. That of a batch follows from its items.
    pub status: Option<String>,
    /// The number of items of a batch.
    pub total_items: Option<u64>,
}

impl Payload {
    pub(crate) fn of(fields: Fields<'_>, is_video: bool) -> Self {
        // If both are there, the newer name of the same event decides.
        let url: &[&str] = match is_video {
            true => &["url", "video_url", "audio_url"],
            false => &["video_url", "url", "audio_url", "srt_url"],
        };
        Self {
            url: fields.url(url),
            gif_url: fields.url(&["gif_url", "gif_download_url"]),
            thumbnail_url: fields.url(&["thumbnail_url"]),
            page_url: fields.url(&["video_page_url"]),
            share_page_url: fields.url(&["video_share_page_url"]),
            landing_page_url: fields.url(&["landing_page_url"]),
            video_id: fields.text(&["video_id"]),
            duration: fields.number(&["duration"]),
            folder_id: fields.text(&["folder_id"]),
            output_language: fields.text(&["output_language"]),
            group_id: fields.text(&["group_id", "avatar_group_id"]),
            status: fields.text(&["status"]),
            total_items: fields.count(&["total_items"]),
        }
    }
}

/// Reads members by any of several names.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The first of the members that is a non-empty string or a number, as a string.
    pub(crate) fn text(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::Number(number) => Some(number.to_string()),
            value => value.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        })
    }

    /// The first of the members that is a non-empty string.
    pub(crate) fn string(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str().filter(|text| !text.is_empty()))
    }

    pub(crate) fn url(self, names: &[&str]) -> Option<EventUrl> {
        self.string(names).map(|url| EventUrl(url.to_owned()))
    }

    /// The first of the members that is a whole number; it may be written with a decimal point.
    pub(crate) fn count(self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| {
            let value = self.0.get(*name)?;
            let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number));
            value.as_u64().or(whole.map(|number| number as u64))
        })
    }

    pub(crate) fn number(self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| self.0.get(*name)?.as_f64())
    }
}

/// A URL from an event, which `Debug` does not print.
///
/// It is signed: anyone who has it can download the file until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct EventUrl(pub(crate) String);

impl EventUrl {
    /// The complete URL, with its signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "client")]
impl From<&EventUrl> for crate::download::Link {
    /// A link that cannot be refreshed: once it has expired, read the resource for a new one.
    fn from(url: &EventUrl) -> Self {
        Self::new(url.as_str())
    }
}

impl fmt::Debug for EventUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventUrl")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::webhook::event::Event;

    fn payload(kind: &str, data: &Value) -> Payload {
        let body = json!({"event_type": kind, "event_data": data}).to_string();
        Event::of_delivery(body.as_bytes(), None, "".into()).unwrap().payload()
    }

    #[test]
    fn a_url_is_read_by_both_of_its_names() {
        let url = |kind, data| payload(kind, &data).url.map(|url| url.as_str().to_owned());
        for kind in
            ["avatar_video.success", "video_agent.success", "video_translate.success", "podcast.success"]
        {
            for name in ["url", "video_url"] {
                assert_eq!(
                    url(kind, json!({name: "https://x"})).as_deref(),
                    Some("https://x"),
                    "{kind} {name}"
                );
            }
        }
        let both = json!({"url": "https://url", "video_url": "https://video_url"});
        assert_eq!(url("avatar_video.success", both.clone()).as_deref(), Some("https://url"));
        assert_eq!(url("video_agent.success", both).as_deref(), Some("https://video_url"));
        assert_eq!(payload("hologram.success", &json!({"a": 1})), Payload::default());
    }

    #[test]
    fn odd_but_valid_json_is_read() {
        let body = b"\xef\xbb\xbf{\"event_type\":\"batch.finished\",\"event_data\":{\"batch_id\":\"b\",\
            \"status\":\"cut \\ud83d\",\"total_items\":5.0}}";
        let batch = Event::of_delivery(body, None, "".into()).unwrap().payload();
        assert_eq!((batch.status.as_deref(), batch.total_items), (Some("cut \u{fffd}"), Some(5)));
        // A number with a decimal point.
        assert_eq!(payload("batch.finished", &json!({"total_items": 7.0})).total_items, Some(7));
    }

    #[test]
    fn debug_prints_no_urls() {
        let data = json!({"video_id": "v", "url": "https://x/?marked", "gif_download_url": "https://x/?marked",
            "clips": [{"video_url": "https://x/?marked"}]});
        for kind in ["avatar_video.success", "ai_clipping.success"] {
            let shown = format!("{:?}", payload(kind, &data));
            assert!(shown.contains("EventUrl") && !shown.contains("marked"), "{shown}");
        }
    }
}
