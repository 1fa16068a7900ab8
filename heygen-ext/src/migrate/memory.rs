//! What the create calls of videos contained and v3 does not return.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::planned_request::PlannedRequest;
use super::planning::Remembered;
use super::source::Values;

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
    /// Remembers the v3 requests that created a video, by the legacy answer. Those of the legacy request have values in more
    /// forms, which the conversion has read.
    pub(crate) fn remember(&self, requests: &[PlannedRequest], answer: &Value) {
        let Some(id) = answer.pointer("/data/video_id").and_then(Value::as_str) else { return };
        let values = |name: &'static str| {
            requests
                .iter()
                .filter_map(move |request| request.body()?.get(name))
                .filter(|value| !value.is_null())
        };
        let remembered = Remembered {
            callback_id: values("callback_id").find_map(Value::as_str).map(str::to_owned),
            with_captions: values("caption").chain(values("subtitles")).any(|value| *value != false),
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
    use heygen_api::operations;
    use http::Method;
    use serde_json::json;

    use super::super::look_up::LookUps;
    use super::super::options::MigrateOptions;
    use super::super::request::LegacyRequest;
    use super::*;

    /// The v3 requests of a legacy request, whose body gets a scene.
    fn requests(mut body: Value) -> Vec<PlannedRequest> {
        body["video_inputs"] = json!([{
            "character": {"avatar_id": "A"},
            "voice": {"type": "text", "voice_id": "V", "input_text": "Hello."},
        }]);
        let request = LegacyRequest::new(&Method::POST, "/v2/video/generate").unwrap().json(body);
        request.plan(&LookUps::new(), &MigrateOptions::new()).unwrap().requests().to_vec()
    }

    #[test]
    fn values_are_remembered_as_the_plan_reads_them() {
        for (body, callback_id, with_captions) in [
            (json!({"caption": 1}), None, true),
            (json!({"caption": "yes"}), None, true),
            (json!({"caption": "0", "callback_id": 12}), Some("12"), false),
            (json!({"caption": false, "caption_mode": "file_only"}), None, true),
        ] {
            let memory = Memory::default();
            memory.remember(&requests(body.clone()), &json!({"data": {"video_id": "v"}}));
            let recalled = memory
                .recall(&Values { query: json!({"video_id": "v"}), ..Values::default() })
                .unwrap_or_default();
            assert_eq!(
                (recalled.callback_id.as_deref(), recalled.with_captions),
                (callback_id, with_captions),
                "{body}"
            );
        }
    }

    #[test]
    fn the_newest_videos_are_remembered() {
        let memory = Memory::default();
        let create = |id: usize, body: Value| {
            let request = PlannedRequest::new(&operations::CREATE_VIDEO, "creates the video").with_body(body);
            memory.remember(&[request], &json!({"data": {"video_id": id.to_string()}}));
        };
        let recall = |id: usize| {
            memory.recall(&Values { query: json!({"video_id": id.to_string()}), ..Values::default() })
        };
        create(0, json!({"callback_id": "c", "caption": {"file_format": "srt"}}));
        create(1, json!({"title": "T"}));
        assert_eq!(recall(0), Some(Remembered { callback_id: Some("c".to_owned()), with_captions: true }));
        assert_eq!(recall(1), None);
        (2..=MAX_VIDEOS + 1).for_each(|id| create(id, json!({"callback_id": "c"})));
        assert_eq!((recall(0), recall(2).is_some()), (None, true));
        assert_eq!(memory.0.lock().unwrap().videos.len(), MAX_VIDEOS);
    }
}
