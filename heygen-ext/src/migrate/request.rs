//! Legacy requests, and the endpoints that they are for.

use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use heygen_api::from_json_slice;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde_json::{Map, Value};

use super::endpoint::{Endpoint, NoCounterpart};
use super::look_up::LookUps;
use super::migrate_error::MigrateError;
use super::options::MigrateOptions;
use super::plan::Plan;
use super::source::Values;
use super::table::endpoints_at;
use super::unknown_endpoint::UnknownEndpoint;

/// A request of a program that was written for v1 or v2.
///
/// ```
/// use heygen_ext::http::Method;
/// use heygen_ext::migrate::{LegacyRequest, LookUps, MigrateOptions};
/// use serde_json::json;
///
/// # fn main() -> Result<(), heygen_ext::migrate::MigrateError> {
/// let request = LegacyRequest::new(&Method::POST, "/v2/video/generate")?;
/// let request = request.json(json!({
///     "dimension": {"width": 1280, "height": 720},
///     "video_inputs": [{
///         "character": {"type": "avatar", "avatar_id": "LOOK_ID"},
///         "voice": {"type": "text", "voice_id": "V", "input_text": "Hello."}
///     }]
/// }));
/// let plan = request.plan(&LookUps::new(), &MigrateOptions::new())?;
/// let body = plan.requests()[0].body().unwrap();
/// assert_eq!(body["type"], "avatar");
/// // v2 rendered with Avatar III, and so does the plan: the default of v3
/// // costs several times as much.
/// assert_eq!(body["engine"]["type"], "avatar_iii");
/// println!("{plan}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct LegacyRequest {
    endpoint: &'static Endpoint,
    values: Values,
    file: Option<Bytes>,
}

impl LegacyRequest {
    /// Finds the endpoint of a method and a target: a path with its query, or a whole URL.
    ///
    /// # Errors
    ///
    /// [`MigrateError::UnknownEndpoint`]: v1 and v2 have no such path, or not with this method.
    pub fn new(method: &Method, target: &str) -> Result<Self, MigrateError> {
        static BASE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("https://api.heygen.com").ok());
        // Two slashes at the start would be followed by a host.
        let target = match target.strip_prefix("//") {
            Some(path) => &format!("/{}", path.trim_start_matches('/')),
            None => target,
        };
        let url = BASE.as_ref().and_then(|base| base.join(target).ok());
        let Some(url) = url else { return Err(UnknownEndpoint::new(method, target).into()) };
        // A base URL with a slash at its end gives `//v2/avatars`.
        let url_path = format!("/{}", url.path().trim_start_matches('/'));
        let mut found = endpoints_at(&url_path);
        let Some((endpoint, path)) = found.find(|(endpoint, _)| endpoint.method() == method) else {
            return Err(UnknownEndpoint::new(method, &url_path).into());
        };
        let mut query: Map<String, Value> = Map::new();
        for (name, value) in url.query_pairs() {
            let value = Value::from(value.into_owned());
            match query.get_mut(name.as_ref()) {
                Some(Value::Array(several)) => several.push(value),
                // A parameter that is given twice is a list, which no endpoint takes.
                Some(first) => *first = Value::from(vec![first.clone(), value]),
                None => drop(query.insert(name.into_owned(), value)),
            }
        }
        let decode = |text: &str| Value::from(percent_decode_str(text).decode_utf8_lossy().into_owned());
        let path: Map<String, Value> =
            path.into_iter().map(|(name, text)| (name.to_owned(), decode(text))).collect();
        let values = Values { query: query.into(), path: path.into(), ..Values::default() };
        Ok(Self { endpoint, values, file: None })
    }

    /// Sets the JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.values.body = body;
        self
    }

    /// Sets the body from bytes: the file of an upload, or else JSON. An empty body counts as none.
    ///
    /// # Errors
    ///
    /// [`MigrateError::NotJson`]: the endpoint takes JSON, and the bytes are something else. [`MigrateError::Answer`]: the
    /// endpoint takes a file, and the bytes are a form that contains it.
    pub fn body(mut self, media_type: Option<&str>, body: impl Into<Bytes>) -> Result<Self, MigrateError> {
        let body = body.into();
        if self.endpoint.is_upload() {
            if media_type.is_some_and(is_form_with_files) {
                return Err(MigrateError::form_instead_of_file());
            }
            self.values.media_type = media_type.map(str::to_owned);
            self.file = Some(body);
            return Ok(self);
        }
        if !body.iter().all(u8::is_ascii_whitespace) {
            self.values.body = from_json_slice(&body)
                .map_err(|error| MigrateError::NotJson { problem: error.to_string() })?;
        }
        Ok(self)
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// Makes the plan from answers to its look-ups. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Refused`]: the request is invalid, or the policy does not accept what would be lost.
    /// [`MigrateError::NoCounterpart`]: v3 has nothing like the endpoint.
    pub fn plan(&self, answers: &LookUps, options: &MigrateOptions) -> Result<Plan, MigrateError> {
        let Some(conversion) = self.endpoint.conversion() else {
            return Err(NoCounterpart::new(self.endpoint).into());
        };
        Ok(Plan::make(self.endpoint, conversion, &self.values, answers, options)?
            .with_file(self.file.clone()))
    }
}

/// Whether a body of this media type has files as its parts.
fn is_form_with_files(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or(media_type).trim();
    name.eq_ignore_ascii_case("multipart/form-data")
}

impl MigrateError {
    fn form_instead_of_file() -> Self {
        Self::Answer {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_parameter",
            message: "the body is a form (`multipart/form-data`), but this endpoint takes the file itself: send its bytes as \
                      the body, with its own media type, such as `image/png`, as `Content-Type`"
                .to_owned(),
        }
    }

    /// The answer of a request does not have the form of its type.
    pub(crate) fn unreadable(request: &LegacyRequest, problem: &serde_json::Error) -> Self {
        Self::Answer {
            status: StatusCode::BAD_GATEWAY,
            code: "internal_error",
            message: format!("the answer of {} does not have the form of v2: {problem}", request.endpoint),
        }
    }
}

impl fmt::Debug for LegacyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyRequest({})", self.endpoint)
    }
}
