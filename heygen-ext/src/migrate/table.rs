//! The endpoints of v1 and v2: the one table that routes, plans, reports and documentation follow.

use http::Method;

use super::endpoint::{Endpoint, Level};
use super::envelope::Envelope;
use super::planning::Conversion;
use super::{
    account, agents, assets, avatars, brand_voices, folders, photo_avatars, proofreads, templates,
    translations, videos, voices, webhook_endpoints, without_counterpart,
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;
const PATCH: Method = Method::PATCH;
const V1: Envelope = Envelope::Numeric;
const V2: Envelope = Envelope::WithError;
const LATER: Envelope = Envelope::Later;

const fn full(
    method: Method,
    path: &'static str,
    envelope: Envelope,
    to: &'static str,
    how: Conversion,
) -> Endpoint {
    Endpoint::new(method, path, envelope, Level::Full, to, how)
}

const fn partly(
    method: Method,
    path: &'static str,
    envelope: Envelope,
    to: &'static str,
    how: Conversion,
) -> Endpoint {
    Endpoint::new(method, path, envelope, Level::WithLosses, to, how)
}

const fn emulated(
    method: Method,
    path: &'static str,
    envelope: Envelope,
    to: &'static str,
    how: Conversion,
) -> Endpoint {
    Endpoint::new(method, path, envelope, Level::Emulated, to, how)
}

/// The endpoints that have a counterpart.
static ENDPOINTS: &[Endpoint] = &[
    // Videos.
    partly(POST, "/v2/video/generate", Envelope::Both, "POST /v3/videos", videos::GENERATE),
    full(POST, "/v2/video/av4/generate", V2, "POST /v3/videos", videos::GENERATE_AVATAR_IV),
    partly(POST, "/v1/video.webm", V1, "POST /v3/videos", videos::GENERATE_WEBM),
    partly(POST, "/v1/video.generate", V1, "POST /v3/videos", videos::GENERATE_FIRST),
    full(POST, "/v2/videos", LATER, "POST /v3/videos", videos::CREATE_LATER),
    full(GET, "/v2/videos", LATER, "GET /v3/videos", videos::LIST_LATER),
    full(GET, "/v2/videos/{video_id}", LATER, "GET /v3/videos/{video_id}", videos::GET_LATER),
    full(DELETE, "/v2/videos/{video_id}", LATER, "DELETE /v3/videos/{video_id}", videos::DELETE_LATER),
    full(GET, "/v1/video_status.get", V1, "GET /v3/videos/{video_id}", videos::STATUS),
    full(GET, "/v1/video/caption.get", V1, "GET /v3/videos/{video_id}", videos::CAPTION),
    full(GET, "/v1/video.list", V1, "GET /v3/videos", videos::LIST),
    full(DELETE, "/v1/video.delete", V1, "DELETE /v3/videos/{video_id}", videos::DELETE),
    // Templates.
    partly(GET, "/v2/templates", V2, "GET /v3/templates", templates::LIST),
    partly(GET, "/v2/template/{template_id}", V2, "GET /v3/templates/{template_id}", templates::GET),
    partly(GET, "/v3/template/{template_id}", V2, "GET /v3/templates/{template_id}", templates::GET_DETAILS),
    full(
        POST,
        "/v2/template/{template_id}/generate",
        V2,
        "POST /v3/templates/{template_id}",
        templates::GENERATE,
    ),
    // Avatars.
    partly(GET, "/v2/avatars", V2, "GET /v3/avatars/looks", avatars::LIST),
    partly(GET, "/v1/avatar.list", V1, "GET /v3/avatars/looks", avatars::LIST_FIRST),
    partly(GET, "/v2/avatar_group.list", V2, "GET /v3/avatars", avatars::LIST_GROUPS),
    partly(GET, "/v2/avatar_group/{group_id}/avatars", V2, "GET /v3/avatars/looks", avatars::LIST_LOOKS),
    partly(GET, "/v2/avatar/{avatar_id}/details", V2, "GET /v3/avatars/looks/{look_id}", avatars::DETAILS),
    partly(
        POST,
        "/v2/video_avatar",
        V2,
        "POST /v3/avatars, then POST /v3/avatars/{group_id}/consent",
        avatars::CREATE_TWIN,
    ),
    partly(GET, "/v2/video_avatar/{avatar_id}", V2, "GET /v3/avatars/looks/{look_id}", avatars::GET_TWIN),
    full(
        DELETE,
        "/v2/video_avatar/{avatar_id}",
        V1,
        "DELETE /v3/avatars/looks/{look_id}",
        avatars::DELETE_TWIN,
    ),
    // Talking photos and photo avatars.
    emulated(POST, "/v1/talking_photo", V1, "POST /v3/assets, then POST /v3/avatars", photo_avatars::UPLOAD)
        .with_file(),
    emulated(GET, "/v1/talking_photo.list", V1, "GET /v3/avatars/looks", photo_avatars::LIST),
    emulated(
        DELETE,
        "/v2/talking_photo/{talking_photo_id}",
        V2,
        "DELETE /v3/avatars/looks/{look_id}",
        photo_avatars::DELETE_TALKING_PHOTO,
    ),
    emulated(POST, "/v2/photo_avatar/photo/generate", V2, "POST /v3/avatars", photo_avatars::GENERATE_PHOTO),
    emulated(
        GET,
        "/v2/photo_avatar/generation/{generation_id}",
        V2,
        "GET /v3/avatars/looks/{look_id}",
        photo_avatars::GENERATION,
    ),
    emulated(POST, "/v2/photo_avatar/look/generate", V2, "POST /v3/avatars", photo_avatars::GENERATE_LOOK),
    full(POST, "/v2/photo_avatar/avatar_group/create", V2, "POST /v3/avatars", photo_avatars::CREATE_GROUP),
    full(POST, "/v2/photo_avatar/avatar_group/add", V2, "POST /v3/avatars", photo_avatars::ADD_LOOKS),
    emulated(POST, "/v2/photo_avatar/train", V2, "GET /v3/avatars/{group_id}", photo_avatars::TRAIN),
    emulated(
        GET,
        "/v2/photo_avatar/train/status/{group_id}",
        V2,
        "GET /v3/avatars/{group_id}",
        photo_avatars::TRAIN_STATUS,
    ),
    full(GET, "/v2/photo_avatar/{id}", V2, "GET /v3/avatars/looks/{look_id}", photo_avatars::GET),
    full(DELETE, "/v2/photo_avatar/{id}", V2, "DELETE /v3/avatars/looks/{look_id}", photo_avatars::DELETE),
    full(
        DELETE,
        "/v2/photo_avatar_group/{group_id}",
        V2,
        "DELETE /v3/avatars/{group_id}",
        photo_avatars::DELETE_GROUP,
    ),
    // Voices and speech.
    partly(GET, "/v2/voices", V2, "GET /v3/voices", voices::LIST),
    partly(GET, "/v1/voice.list", V1, "GET /v3/voices", voices::LIST_FIRST),
    partly(POST, "/v2/voices/{voice_id}/preview", V2, "POST /v3/voices/speech", voices::PREVIEW),
    partly(POST, "/v1/audio/text_to_speech", V2, "POST /v3/voices/speech", voices::SPEAK),
    partly(GET, "/v1/audio/voices", LATER, "GET /v3/voices", voices::LIST_SPEECH_VOICES),
    partly(GET, "/v1/brand_voice/list", V1, "GET /v3/brand-glossaries", brand_voices::LIST),
    partly(
        POST,
        "/v1/brand_voice/{brand_voice_id}",
        V1,
        "PATCH /v3/brand-glossaries/{brand_glossary_id}",
        brand_voices::UPDATE,
    ),
    // Translations.
    full(
        GET,
        "/v2/video_translate/target_languages",
        V2,
        "GET /v3/video-translations/languages",
        translations::LANGUAGES,
    ),
    full(POST, "/v2/video_translate", V2, "POST /v3/video-translations", translations::CREATE),
    full(
        GET,
        "/v2/video_translate/{video_translate_id}",
        V2,
        "GET /v3/video-translations/{video_translation_id}",
        translations::GET,
    ),
    full(
        GET,
        "/v2/video_translate/caption",
        V2,
        "GET /v3/video-translations/{video_translation_id}",
        translations::CAPTION,
    ),
    full(
        POST,
        "/v2/video_translate/proofread",
        V2,
        "POST /v3/video-translations/proofreads",
        proofreads::CREATE,
    ),
    full(
        GET,
        "/v2/video_translate/proofread/{proofread_id}",
        V2,
        "GET /v3/video-translations/proofreads/{proofread_id}",
        proofreads::GET,
    ),
    full(
        GET,
        "/v2/video_translate/proofread/{proofread_id}/srt",
        V2,
        "GET /v3/video-translations/proofreads/{proofread_id}/srt",
        proofreads::DOWNLOAD,
    ),
    full(
        POST,
        "/v2/video_translate/proofread/{proofread_id}/srt",
        V2,
        "PUT /v3/video-translations/proofreads/{proofread_id}/srt",
        proofreads::UPLOAD,
    ),
    full(
        POST,
        "/v2/video_translate/proofread/{proofread_id}/generate",
        V2,
        "POST /v3/video-translations/proofreads/{proofread_id}/generate",
        proofreads::GENERATE,
    ),
    // Assets and folders.
    partly(
        POST,
        "/v1/asset",
        V1,
        "POST /v3/assets; for a large file POST /v3/assets/direct-uploads",
        assets::UPLOAD,
    )
    .with_file(),
    partly(GET, "/v1/asset/list", V2, "GET /v3/assets", assets::LIST),
    full(POST, "/v1/asset/{asset_id}/delete", V1, "DELETE /v3/assets/{asset_id}", assets::DELETE),
    partly(POST, "/v1/folders/create", V1, "POST /v3/folders", folders::CREATE),
    // Webhooks.
    full(GET, "/v1/webhook/webhook.list", V1, "GET /v3/webhooks/event-types", webhook_endpoints::EVENT_TYPES),
    partly(GET, "/v1/webhook/endpoint.list", V1, "GET /v3/webhooks/endpoints", webhook_endpoints::LIST),
    partly(POST, "/v1/webhook/endpoint.add", V1, "POST /v3/webhooks/endpoints", webhook_endpoints::ADD),
    partly(
        PATCH,
        "/v1/webhook/endpoint.update",
        V1,
        "PATCH /v3/webhooks/endpoints/{endpoint_id}",
        webhook_endpoints::UPDATE,
    ),
    full(
        DELETE,
        "/v1/webhook/endpoint.delete",
        V1,
        "DELETE /v3/webhooks/endpoints/{endpoint_id}",
        webhook_endpoints::DELETE,
    ),
    // The account.
    partly(GET, "/v2/user/remaining_quota", V2, "GET /v3/users/me", account::QUOTA),
    full(GET, "/v1/user/me", V1, "GET /v3/users/me", account::ME),
    // Video Agent.
    partly(POST, "/v1/video_agent/generate", V2, "POST /v3/video-agents", agents::GENERATE),
];

/// All endpoints of v1 and v2 that are known.
///
/// ```
/// let mut endpoints = heygen_ext::migrate::endpoints();
/// assert!(endpoints.any(|one| one.path() == "/v2/video/generate"));
/// ```
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().chain(without_counterpart::ENDPOINTS)
}

/// The endpoints whose path is this one, with the values of the path parameters. The one with the most literal parts is
/// first.
pub(crate) fn endpoints_at(
    path: &str,
) -> impl Iterator<Item = (&'static Endpoint, Vec<(&'static str, &str)>)> {
    let mut found: Vec<_> =
        endpoints().filter_map(|endpoint| Some((endpoint, parameters_of(endpoint.path(), path)?))).collect();
    found.sort_by_key(|(_, parameters)| parameters.len());
    let fewest = found.first().map_or(0, |(_, parameters)| parameters.len());
    found.into_iter().filter(move |(_, parameters)| parameters.len() == fewest)
}

/// The values of the parameters of a template in a path; `None` if the path does not fit.
fn parameters_of<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    // Most templates differ before their first parameter.
    let literal = template.split('{').next().unwrap_or(template);
    if !path.starts_with(literal) {
        return None;
    }
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let mut found = Vec::new();
    for wanted in template.split('/') {
        let part = parts.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !part.is_empty() => found.push((name, part)),
            None if wanted == part => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_part_is_preferred_to_a_parameter() {
        assert_eq!(parameters_of("/a/{x}/c", "/a/b/c"), Some(vec![("x", "b")]));
        assert_eq!(parameters_of("/a/b", "/a/b/"), Some(vec![]));
        for (template, path) in [("/a/{x}", "/a/"), ("/a/{x}", "/a/b/c"), ("/a", "/b"), ("/a/{x}", "/a")] {
            assert_eq!(parameters_of(template, path), None, "{template} {path}");
        }
    }
}
