//! The endpoints of Interactive Avatar, which became the separate product LiveAvatar.

use http::Method;

use super::endpoint::Endpoint;
use super::envelope::Envelope;

const fn gone(method: Method, path: &'static str, nearest: &'static str) -> Endpoint {
    Endpoint::without_counterpart(method, path, Envelope::Numeric, nearest)
}

const TOKEN: &str = "LiveAvatar (api.liveavatar.com, with a key of its own): create a session token";
const START: &str = "LiveAvatar (api.liveavatar.com): start the session";
const EVENTS: &str = "LiveAvatar (api.liveavatar.com): the events `avatar.speak_text`, `avatar.speak_response` and `avatar.interrupt`";
const CONTEXT: &str = "LiveAvatar (api.liveavatar.com): a context";
const SESSIONS: &str = "LiveAvatar (api.liveavatar.com): the list of sessions";

/// The endpoints of Interactive Avatar.
pub(crate) static ENDPOINTS: &[Endpoint] = &[
    gone(Method::POST, "/v1/streaming.create_token", TOKEN),
    gone(Method::POST, "/v1/streaming.new", TOKEN),
    gone(Method::POST, "/v1/streaming.start", START),
    gone(Method::POST, "/v1/streaming.ice", "LiveAvatar (api.liveavatar.com), which connects by LiveKit"),
    gone(Method::POST, "/v1/streaming.task", EVENTS),
    gone(Method::POST, "/v1/streaming.interrupt", EVENTS),
    gone(Method::POST, "/v1/streaming.stop", "LiveAvatar (api.liveavatar.com): stop the session"),
    gone(Method::POST, "/v1/streaming.keep_alive", "LiveAvatar (api.liveavatar.com): keep the session alive"),
    gone(Method::GET, "/v1/streaming.list", SESSIONS),
    gone(Method::GET, "/v2/streaming.list", SESSIONS),
    gone(Method::GET, "/v1/streaming/avatar.list", "LiveAvatar (api.liveavatar.com): the list of avatars"),
    gone(Method::GET, "/v1/streaming/knowledge_base/list", CONTEXT),
    gone(Method::GET, "/v1/streaming/knowledge_base", CONTEXT),
    gone(Method::POST, "/v1/streaming/knowledge_base/create", CONTEXT),
    gone(Method::GET, "/v1/streaming/knowledge_base/{id}", CONTEXT),
    gone(Method::POST, "/v1/streaming/knowledge_base/{id}", CONTEXT),
    gone(Method::POST, "/v1/streaming/knowledge_base/{id}/delete", CONTEXT),
];
