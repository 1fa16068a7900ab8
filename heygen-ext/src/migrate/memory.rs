//! What the create calls of videos contained and v3 does not return.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::input_path::Place;
use super::planning::Remembered;
use super::source::{Source, Values};

/// The largest number of videos. The oldest is forgotten first; its status then has neither `callback_id` nor captions.
const MAX_VIDEOS: usize = 10_000;

/// Remembers by the id of the video.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    videos: HashMap<String, Remembered>,
    order: VecDeque<String>,
}

impl Memory {
    /// Remembers the request that created a video, by the legacy answer.
    pub(crate) fn remember(&self, values: &Values, answer: &Value) {
        let Some(id) = answer.pointer("/data/video_id").and_then(Value::as_str) else { return };
        // The values are read as the plan reads them.
        let source = Source::new(values);
        let body = source.node(Place::Body);
        let is_on = |name: &str| {
            let node = body.get(name);
            node.is_present() && (node.is_object() || node.boolean() == Some(true))
        };
        let remembered = Remembered {
            callback_id: body.get("callback_id").text(),
            with_captions: ["caption", "caption_open", "subtitles"].into_iter().any(is_on)
                || body.get("caption_mode").is_present(),
        };
        if remembered == Remembered::default() {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.videos.insert(id.to_owned(), remembered).is_none() {
            inner.order.push_back(id.to_owned());
        }
        if inner.order.len() > MAX_VIDEOS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.videos.remove(&oldest);
        }
    }

    /// What is remembered of the video that a request asks for.
    pub(crate) fn recall(&self, values: &Values) -> Option<Remembered> {
        let id = values.query.get("video_id")?.as_str()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).videos.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_videos_are_remembered() {
        let memory = Memory::default();
        let create = |id: usize, body: Value| {
            let values = Values { body, ..Values::default() };
            memory.remember(&values, &json!({"data": {"video_id": id.to_string()}}));
        };
        let recall = |id: usize| {
            memory.recall(&Values { query: json!({"video_id": id.to_string()}), ..Values::default() })
        };
        create(0, json!({"callback_id": "c", "caption": "True"}));
        create(1, json!({"title": "T", "caption": 0}));
        for captions in [json!(1), json!("1"), json!("yes"), json!({"file_format": "srt"})] {
            create(7, json!({"callback_id": 12, "caption": captions}));
            let expected = Remembered { callback_id: Some("12".to_owned()), with_captions: true };
            assert_eq!(recall(7), Some(expected), "{captions}");
        }
        assert_eq!(recall(0), Some(Remembered { callback_id: Some("c".to_owned()), with_captions: true }));
        assert_eq!(recall(1), None);
        (2..=MAX_VIDEOS + 1).for_each(|id| create(id, json!({"callback_id": "c"})));
        assert_eq!((recall(0), recall(2).is_some()), (None, true));
        assert_eq!(memory.0.lock().unwrap().videos.len(), MAX_VIDEOS);
    }
}
