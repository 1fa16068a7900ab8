//! The endpoints of v1 and v2: the one table that routes, plans, reports and documentation follow.

use http::Method;

use super::endpoint::{Endpoint, Level};
use super::envelope::Envelope;
use super::planning::Conversion;
use super::videos;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;
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

const fn none(method: Method, path: &'static str, envelope: Envelope, nearest: &'static str) -> Endpoint {
    Endpoint::without_counterpart(method, path, envelope, nearest)
}

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
    full(GET, "/v1/video.list", V1, "GET /v3/videos", videos::LIST),
    full(DELETE, "/v1/video.delete", V1, "DELETE /v3/videos/{video_id}", videos::DELETE),
    none(
        POST,
        "/v1/video/share",
        V1,
        "`enable_sharing` when a template is generated, or `video_share_page_url` of the webhook event; `video_page_url` of \
         GET /v3/videos/{video_id} opens the page for members of the workspace",
    ),
    none(GET, "/v1/video/caption.get", V1, "`captioned_video_url` of GET /v3/videos/{video_id}"),
];

/// All endpoints of v1 and v2 that are known.
///
/// ```
/// assert!(heygen_ext::migrate::endpoints().any(|endpoint| endpoint.path() == "/v2/video/generate"));
/// ```
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter()
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
