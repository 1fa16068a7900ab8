//! The operations of v1 and v2, whose support ended on 31 October 2026.
//!
//! It is not known how the service has responded since then. The simulator responds with 410, in the envelope of the
//! operation. If the operations are enabled, it adds the warning that the service sent before that date.

use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::api_error::ApiError;
use crate::document::{Envelope, Route};
use crate::reply::{Payload, Reply};

/// The v3 operation that replaces each operation.
const SUCCESSORS: [(&str, &str); 15] = [
    ("textToSpeech", "POST /v3/voices/speech"),
    ("listAudioVoices", "GET /v3/voices"),
    ("getUserMe", "GET /v3/users/me"),
    ("createVideoAgent", "POST /v3/video-agents"),
    ("listWorkflows", "GET /v3/workflows/node-types"),
    ("createWorkflowExecution", "POST /v3/workflow-runs"),
    ("getWorkflowExecution", "GET /v3/workflow-runs/{run_id}"),
    ("createGraphExecution", "POST /v3/workflow-runs"),
    ("createVideoTranslate", "POST /v3/video-translations"),
    ("getVideoTranslateCaption", "GET /v3/video-translations/{video_translation_id}"),
    ("listVideoTranslateLanguages", "GET /v3/video-translations/languages"),
    ("listVideos", "GET /v3/videos"),
    ("createAvatarVideo", "POST /v3/videos"),
    ("deleteVideo", "DELETE /v3/videos/{video_id}"),
    ("getVideo", "GET /v3/videos/{video_id}"),
];

/// The v3 counterparts of paths that the document does not have any more, by the beginning of the path without its version.
/// The longest that fits counts.
const COUNTERPARTS: [(&str, &str); 33] = [
    ("asset", "POST /v3/assets"),
    ("audio", "POST /v3/voices/speech"),
    ("avatar", "GET /v3/avatars/looks"),
    ("avatar_group", "GET /v3/avatars"),
    ("avatars", "GET /v3/avatars/looks"),
    ("brand_voice", "GET /v3/brand-glossaries"),
    ("folders", "POST /v3/folders"),
    ("photo_avatar", "POST /v3/avatars"),
    ("photo_avatar/generation", "GET /v3/avatars/looks/{look_id}"),
    ("photo_avatar_group", "DELETE /v3/avatars/{group_id}"),
    ("talking_photo", "POST /v3/avatars"),
    ("template", "GET /v3/templates/{template_id}"),
    ("templates", "GET /v3/templates"),
    ("user", "GET /v3/users/me"),
    ("video", "GET /v3/videos/{video_id}"),
    ("video.delete", "DELETE /v3/videos/{video_id}"),
    ("video.generate", "POST /v3/videos"),
    ("video.list", "GET /v3/videos"),
    ("video.webm", "POST /v3/videos"),
    ("video/av4", "POST /v3/videos"),
    ("video/generate", "POST /v3/videos"),
    ("video_agent", "POST /v3/video-agents"),
    ("video_avatar", "POST /v3/avatars"),
    ("video_status.get", "GET /v3/videos/{video_id}"),
    ("video_translate", "POST /v3/video-translations"),
    ("video_translate/proofread", "POST /v3/video-translations/proofreads"),
    ("videos", "GET /v3/videos"),
    ("voice.list", "GET /v3/voices"),
    ("voices", "GET /v3/voices"),
    ("webhook", "GET /v3/webhooks/endpoints"),
    ("webhook/endpoint.add", "POST /v3/webhooks/endpoints"),
    ("webhook/webhook.list", "GET /v3/webhooks/event-types"),
    ("workflows", "GET /v3/workflows"),
];

/// The response to a path of v1 or v2 that the document does not have, with the envelope of its version; `None` for another
/// path. What the service responds is not known.
pub(crate) fn unknown_path(method: &Method, path: &str) -> Option<(ApiError, Envelope)> {
    let (rest, envelope) = match (path.strip_prefix("/v1/"), path.strip_prefix("/v2/")) {
        (Some(rest), _) => (rest, Envelope::Numeric),
        (None, Some(rest)) => (rest, Envelope::WithData),
        (None, None) => return None,
    };
    let fits = |start: &str| {
        rest.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
    };
    let known = COUNTERPARTS.iter().filter(|(start, _)| fits(start)).max_by_key(|(start, _)| start.len());
    let counterpart = known.map_or("the v3 API", |(_, new)| *new);
    let message = format!("{method} {path} was retired on 2026-10-31; use {counterpart}");
    Some((ApiError::new(StatusCode::GONE, "endpoint_retired", message), envelope))
}

fn successor(route: &Route) -> &'static str {
    SUCCESSORS.iter().find(|(old, _)| *old == route.id).map_or("the v3 API", |(_, new)| *new)
}

/// The response if the operations are not enabled.
pub(crate) fn refusal(route: &Route) -> ApiError {
    let message =
        format!("{} {} was retired on 2026-10-31; use {}", route.method, route.path, successor(route));
    ApiError::new(StatusCode::GONE, "endpoint_retired", message)
}

/// Adds the warning and the headers that the service sent before the retirement.
pub(crate) fn add_warning(route: &Route, mut reply: Reply) -> Reply {
    if let Payload::Bytes(text) = &reply.payload
        && let Ok(body) = serde_json::from_slice(text)
    {
        reply.payload = Payload::Json(body);
    }
    if let Payload::Json(body) = &mut reply.payload {
        body["warning"] = json!({"message": format!("This endpoint is retired; use {}", successor(route))});
    }
    reply.headers.insert(HeaderName::from_static("deprecation"), HeaderValue::from_static("true"));
    let sunset = HeaderValue::from_static("Sat, 31 Oct 2026 00:00:00 GMT");
    reply.headers.insert(HeaderName::from_static("sunset"), sunset);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::document;

    #[test]
    fn every_retired_operation_has_a_successor_that_exists() {
        let routes = document().routes();
        let old: Vec<&str> =
            routes.iter().filter(|route| route.is_legacy()).map(|route| route.id.as_str()).collect();
        let mut listed = SUCCESSORS.map(|(old, _)| old);
        listed.sort_unstable();
        let mut wanted = old.clone();
        wanted.sort_unstable();
        assert_eq!(listed.to_vec(), wanted);
        for (_, new) in SUCCESSORS.into_iter().chain(COUNTERPARTS) {
            let (method, path) = new.split_once(' ').unwrap();
            assert!(routes.iter().any(|route| route.path == path && route.method == method), "{new}");
        }
    }
}
