//! The vendored OpenAPI document: the operations, with their parameters, bodies and responses.
//!
//! The simulator reads the document without the client crates, so that it does not share an error of the client.

pub(crate) mod check;
mod precise;
pub(crate) mod sample;
#[cfg(feature = "validation")]
mod schema;
#[cfg(not(feature = "validation"))]
#[path = "schema_unchecked.rs"]
mod schema;

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use http::Method;
use serde_json::{Value, json};

use check::Parameter;
use schema::Schema;

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    // A test parses the embedded text. If it were invalid, the document would be empty, and all requests would fail.
    Document::new(serde_json::from_str(include_str!("../../openapi.json")).unwrap_or(Value::Null))
});

/// The embedded document.
pub(crate) fn document() -> &'static Document {
    &DOCUMENT
}

/// The document, prepared for lookups.
pub(crate) struct Document {
    value: Value,
    /// The document with rewritten unions, from which the validators are built.
    precise: Value,
    /// The header of the API key, in lower case.
    api_key_header: String,
    routes: Vec<Route>,
    /// For each path, the indexes of its routes.
    paths: matchit::Router<Vec<usize>>,
    /// Index of a route by its `operationId`.
    by_id: HashMap<String, usize>,
}

/// The form of an operation's error responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"error": {"code", "message", "param", "doc_url"}}`
    Standard,
    /// `{"code": 400, "message"}`
    Numeric,
    /// `{"data": null, "error": {"code", "message"}}`
    WithData,
}

/// The body that an operation accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestBody {
    /// No body.
    Nothing,
    /// A JSON value.
    Json {
        /// Whether the body is required.
        required: bool,
    },
    /// `multipart/form-data` with a file.
    Form,
    /// `application/x-www-form-urlencoded`.
    Pairs,
}

/// What a response carries.
pub(crate) enum Content {
    /// JSON of this schema.
    Json(Value),
    /// A text or a file of this media type.
    Other(String),
    /// Nothing.
    Nothing,
}

impl Content {
    /// The content of a response of the document.
    fn of(response: &Value) -> Self {
        if let Some(schema) = response.pointer("/content/application~1json/schema") {
            return Self::Json(schema.clone());
        }
        let media = response.get("content").and_then(Value::as_object).and_then(|media| media.keys().next());
        media.map_or(Self::Nothing, |media| Self::Other(media.clone()))
    }
}

/// An operation.
pub(crate) struct Route {
    /// `operationId` of the document.
    pub(crate) id: String,
    pub(crate) method: Method,
    /// The path, with its parameters in braces.
    pub(crate) path: String,
    pub(crate) body: RequestBody,
    pub(crate) envelope: Envelope,
    /// Whether the operation declares an `Idempotency-Key`.
    pub(crate) idempotent: bool,
    /// Whether it responds with an event stream.
    pub(crate) streams: bool,
    /// Permissions that an API key needs, such as `videos:write`.
    pub(crate) scopes: Vec<String>,
    parameters: Vec<Parameter>,
    /// Schema of the JSON body.
    body_schema: Value,
    /// The validator of the body, which is built when it is first used; `None` if the schema is invalid.
    validator: OnceLock<Option<Schema>>,
    /// Status and content of the first successful response.
    success: Option<(u16, Content)>,
}

/// The result of a lookup by method and path.
pub(crate) enum Found {
    /// The operation, and its path parameters, not yet percent-decoded.
    Route(&'static Route, BTreeMap<String, String>),
    /// The path exists, but not with this method; with those that it has, for the header `Allow`.
    OtherMethod(String),
    /// The path does not exist.
    Nothing,
}

impl Document {
    /// The header of the API key, in lower case.
    pub(crate) fn api_key_header(&self) -> &str {
        &self.api_key_header
    }

    fn new(value: Value) -> Self {
        let mut document = Self {
            precise: precise::precise(&value),
            api_key_header: api_key_header(&value),
            value,
            routes: Vec::new(),
            paths: matchit::Router::new(),
            by_id: HashMap::new(),
        };
        for (path, item) in document.value.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let mut here = Vec::new();
            for method in ["get", "put", "post", "delete", "patch"] {
                let Some(operation) = item.get(method) else { continue };
                let route = Route::new(&document.value, path, method, operation);
                here.push(document.routes.len());
                document.by_id.insert(route.id.clone(), document.routes.len());
                document.routes.push(route);
            }
            // Two paths that match the same requests would be an error in the document. The test of all routes finds it.
            let _ = document.paths.insert(path.clone(), here);
        }
        document
    }

    /// The operation for a method and a path.
    pub(crate) fn find(&'static self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.paths.at(path) else { return Found::Nothing };
        let routes = || found.value.iter().filter_map(|index| self.routes.get(*index));
        // Every GET can be asked for its head.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match routes().find(|route| route.method == *method) {
            Some(route) => {
                let named = found.params.iter();
                Found::Route(route, named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            }
            None => {
                let mut methods: Vec<&str> = routes().map(|route| route.method.as_str()).collect();
                if methods.contains(&"GET") {
                    methods.push("HEAD");
                }
                methods.sort_unstable();
                Found::OtherMethod(methods.join(", "))
            }
        }
    }

    /// The operation with this `operationId`.
    pub(crate) fn route(&self, id: &str) -> Option<&Route> {
        self.by_id.get(id).and_then(|index| self.routes.get(*index))
    }

    /// The `operationId` of an operation that is named as in a client: `get_video` for `getVideoV3`.
    pub(crate) fn operation_id(&self, name: &str) -> Option<String> {
        let named = self.routes.iter().find(|route| method_name(&route.id, &route.path) == name);
        named.map(|route| route.id.clone())
    }

    /// All operations, in the order of the document.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The values of the component `component`, which is an enumeration.
    pub(crate) fn enum_values(&self, component: &str) -> Vec<&str> {
        let values = self.value.pointer(&format!("/components/schemas/{component}/enum"));
        values.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Follows the reference of a schema, if it is one.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolve(&self.value, schema)
    }
}

impl Route {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let text = |pointer: &str| operation.pointer(pointer).and_then(Value::as_str);
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters: Vec<_> =
            parameters.filter_map(|one| Parameter::new(document, resolve(document, one))).collect();
        let json_body = operation.pointer("/requestBody/content/application~1json/schema");
        let body = match json_body {
            Some(_) => {
                let required = operation.pointer("/requestBody/required") == Some(&Value::Bool(true));
                RequestBody::Json { required }
            }
            None if operation
                .pointer("/requestBody/content/application~1x-www-form-urlencoded")
                .is_some() =>
            {
                RequestBody::Pairs
            }
            None if operation.get("requestBody").is_some() => RequestBody::Form,
            None => RequestBody::Nothing,
        };
        let refused = operation.pointer("/responses/400/content/application~1json/schema");
        let refused = refused.map(Value::to_string).unwrap_or_default();
        let envelope = if refused.contains("/V1APIError") {
            Envelope::Numeric
        } else if refused.contains("/LegacyAPIError") {
            Envelope::WithData
        } else {
            Envelope::Standard
        };
        let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
        let mut successes = answers.filter(|(status, _)| status.starts_with('2'));
        let success =
            successes.find_map(|(status, answer)| Some((status.parse().ok()?, Content::of(answer))));
        Self {
            id: text("/operationId").unwrap_or_default().to_owned(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default(),
            path: path.to_owned(),
            body,
            envelope,
            idempotent: parameters.iter().any(|one| one.name.eq_ignore_ascii_case("Idempotency-Key")),
            streams: operation.pointer("/responses/200/content/text~1event-stream").is_some(),
            scopes: {
                let scopes = operation.get("x-heygen-required-scopes").and_then(Value::as_array);
                scopes.into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
            },
            parameters,
            body_schema: json_body.cloned().unwrap_or(json!({})),
            validator: OnceLock::new(),
            success,
        }
    }

    /// Whether the operation belongs to v1 or v2, whose support has ended.
    pub(crate) fn is_legacy(&self) -> bool {
        !self.path.starts_with("/v3/")
    }

    /// The default of a query parameter.
    pub(crate) fn query_default(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|one| one.place == "query" && one.name == name)?.schema.get("default")
    }
}

/// The header of the security scheme that takes an API key.
fn api_key_header(document: &Value) -> String {
    let schemes =
        document.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten();
    let mut keys = schemes.filter(|(_, scheme)| scheme["type"] == "apiKey" && scheme["in"] == "header");
    let name = keys.find_map(|(_, scheme)| scheme["name"].as_str());
    name.unwrap_or("x-api-key").to_ascii_lowercase()
}

/// The target of a reference; a value without a reference is returned as it is.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The name of a client's method for an operation: snake case, without `V3`; for an operation of v1 or v2 with its version.
fn method_name(id: &str, path: &str) -> String {
    let mut name = String::new();
    for letter in id.strip_suffix("V3").unwrap_or(id).chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    match path.split('/').nth(1) {
        Some(version @ ("v1" | "v2")) => format!("{name}_{version}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "validation")]
    fn the_embedded_document_has_all_operations_and_every_body_compiles() {
        let routes = document().routes();
        let operations: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let operations =
            operations["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
        assert_eq!(
            routes.len(),
            operations.filter(|(_, operation)| operation["operationId"].is_string()).count()
        );
        for route in routes {
            assert!(
                matches!(document().find(&route.method, &route.path), Found::Route(found, _) if found.id == route.id)
            );
            if matches!(route.body, RequestBody::Json { .. }) {
                // No body is a number, so the error shows that the schema was compiled and applied.
                let refusal = route.check_body(&json!(0)).unwrap_err();
                assert!(format!("{refusal:?}").contains("invalid_parameter"), "{}: {refusal:?}", route.id);
            }
        }
    }

    #[test]
    fn the_content_of_a_response_is_json_another_media_type_or_nothing() {
        let text = Content::of(&json!({"content": {"text/plain": {}}}));
        assert!(matches!(text, Content::Other(media) if media == "text/plain"));
        let both = Content::of(&json!({"content": {"text/csv": {}, "application/json": {"schema": {}}}}));
        assert!(matches!(both, Content::Json(_)));
        assert!(matches!(Content::of(&json!({"description": "Deleted"})), Content::Nothing));
    }

    #[test]
    fn a_literal_segment_takes_precedence_over_a_parameter() {
        let id = |method: Method, path: &str| match document().find(&method, path) {
            Found::Route(route, _) => route.id.clone(),
            Found::OtherMethod(methods) => format!("allowed: {methods}"),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(id(Method::GET, "/v3/videos/statuses"), "bulkVideoStatusesV3");
        assert_eq!(id(Method::GET, "/v3/videos/abc"), "getVideoV3");
        assert_eq!(id(Method::GET, "/v3/avatars/looks/abc"), "getAvatarLook");
        assert_eq!(id(Method::POST, "/v3/avatars/abc/consent"), "createAvatarConsent");
        assert_eq!(id(Method::PUT, "/v3/videos/abc"), "allowed: DELETE, GET, HEAD");
        assert_eq!(id(Method::HEAD, "/v3/videos/abc"), "getVideoV3");
        assert_eq!(id(Method::GET, "/v3/vidoes"), "nothing");
        assert_eq!(id(Method::GET, "/v3/videos/"), "nothing");
    }

    #[test]
    fn errors_have_the_envelope_of_their_operation() {
        let envelope = |id: &str| document().route(id).unwrap().envelope;
        assert_eq!(envelope("getVideoV3"), Envelope::Standard);
        assert_eq!(envelope("getUserMe"), Envelope::Numeric);
        assert_eq!(envelope("createVideoAgent"), Envelope::WithData);
    }
}
