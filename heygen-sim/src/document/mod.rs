//! The provider's document as the simulator reads it: routes, and what each takes and gives.
//!
//! Read without the client crates: what the client misunderstands, the simulator must not.

pub(crate) mod check;
mod precise;
pub(crate) mod sample;

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use check::Parameter;

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    // The text is embedded and a test reads it; an empty document has no routes, so a broken one cannot pass unseen.
    Document::new(serde_json::from_str(include_str!("../../openapi.json")).unwrap_or(Value::Null))
});

/// The embedded document.
pub(crate) fn document() -> &'static Document {
    &DOCUMENT
}

pub(crate) struct Document {
    value: Value,
    /// The same, with unions that say which member is meant: what validators are made of.
    precise: Value,
    routes: Vec<Route>,
    /// Path to the routes on it, one for each method.
    paths: matchit::Router<Vec<usize>>,
    by_id: HashMap<String, usize>,
}

/// The form of an operation's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"error": {"code", "message", "param", "doc_url"}}`
    Standard,
    /// `{"code": 400, "message"}`
    Numeric,
    /// `{"data": null, "error": {"code", "message"}}`
    WithData,
}

/// Which body an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Json { required: bool },
    Form,
}

pub(crate) struct Route {
    /// `operationId` of the document.
    pub(crate) id: String,
    pub(crate) method: Method,
    /// The path with its parameters in braces.
    pub(crate) path: String,
    pub(crate) takes: Takes,
    pub(crate) envelope: Envelope,
    /// Whether the operation declares an `Idempotency-Key`.
    pub(crate) idempotent: bool,
    /// Whether it answers with a stream of events.
    pub(crate) streams: bool,
    parameters: Vec<Parameter>,
    body: Value,
    validator: OnceLock<Option<Validator>>,
    /// Status and schema of the first success in JSON.
    success: Option<(u16, Value)>,
}

/// What came of looking for a route.
pub(crate) enum Found {
    /// The operation, and its path parameters, still escaped.
    Route(&'static Route, BTreeMap<String, String>),
    /// The path is known with other methods.
    OtherMethod,
    /// Nobody knows the path.
    Nothing,
}

impl Document {
    fn new(value: Value) -> Self {
        let mut document = Self {
            precise: precise::precise(&value),
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
            // Two paths that nobody can tell apart would be a broken document; the test of all routes sees it.
            let _ = document.paths.insert(path.clone(), here);
        }
        document
    }

    /// The operation for a method and a path.
    pub(crate) fn find(&'static self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.paths.at(path) else { return Found::Nothing };
        let mut routes = found.value.iter().filter_map(|index| self.routes.get(*index));
        match routes.find(|route| route.method == *method) {
            Some(route) => {
                let named = found.params.iter();
                Found::Route(route, named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            }
            None => Found::OtherMethod,
        }
    }

    /// The operation of that id.
    pub(crate) fn route(&self, id: &str) -> Option<&Route> {
        self.by_id.get(id).and_then(|index| self.routes.get(*index))
    }

    /// All operations, in the order of the document.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The words of an enumeration among the components.
    pub(crate) fn words(&self, component: &str) -> Vec<&str> {
        let words = self.value.pointer(&format!("/components/schemas/{component}/enum"));
        words.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A schema that is more than a reference.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolve(&self.value, schema)
    }
}

impl Route {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let text = |pointer: &str| operation.pointer(pointer).and_then(Value::as_str);
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters: Vec<_> =
            parameters.filter_map(|one| Parameter::new(resolve(document, one))).collect();
        let json_body = operation.pointer("/requestBody/content/application~1json/schema");
        let takes = match json_body {
            Some(_) => {
                let required = operation.pointer("/requestBody/required") == Some(&Value::Bool(true));
                Takes::Json { required }
            }
            None if operation.get("requestBody").is_some() => Takes::Form,
            None => Takes::Nothing,
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
        let success = answers.filter(|(status, _)| status.starts_with('2')).find_map(|(status, answer)| {
            let schema = answer.pointer("/content/application~1json/schema")?;
            Some((status.parse().ok()?, schema.clone()))
        });
        Self {
            id: text("/operationId").unwrap_or_default().to_owned(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default(),
            path: path.to_owned(),
            takes,
            envelope,
            idempotent: parameters.iter().any(|one| one.name.eq_ignore_ascii_case("Idempotency-Key")),
            streams: operation.pointer("/responses/200/content/text~1event-stream").is_some(),
            parameters,
            body: json_body.cloned().unwrap_or(json!({})),
            validator: OnceLock::new(),
            success,
        }
    }

    /// Whether the operation is one of those whose support has ended.
    pub(crate) fn is_legacy(&self) -> bool {
        !self.path.starts_with("/v3/")
    }

    /// The default that the document gives a query parameter.
    pub(crate) fn query_default(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|one| one.place == "query" && one.name == name)?.schema.get("default")
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
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
            if matches!(route.takes, Takes::Json { .. }) {
                // Nothing fits a number; a refusal shows that the schema was compiled and looked at.
                let refusal = route.check_body(&json!(0)).unwrap_err();
                assert!(format!("{refusal:?}").contains("invalid_parameter"), "{}: {refusal:?}", route.id);
            }
        }
    }

    #[test]
    fn a_fixed_path_wins_over_a_parameter() {
        let id = |method: Method, path: &str| match document().find(&method, path) {
            Found::Route(route, _) => route.id.clone(),
            Found::OtherMethod => "other method".to_owned(),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(id(Method::GET, "/v3/videos/statuses"), "bulkVideoStatusesV3");
        assert_eq!(id(Method::GET, "/v3/videos/abc"), "getVideoV3");
        assert_eq!(id(Method::GET, "/v3/avatars/looks/abc"), "getAvatarLook");
        assert_eq!(id(Method::POST, "/v3/avatars/abc/consent"), "createAvatarConsent");
        assert_eq!(id(Method::PUT, "/v3/videos/abc"), "other method");
        assert_eq!(id(Method::GET, "/v3/vidoes"), "nothing");
        assert_eq!(id(Method::GET, "/v3/videos/"), "nothing");
    }

    #[test]
    fn refusals_have_the_form_of_their_operation() {
        let envelope = |id: &str| document().route(id).unwrap().envelope;
        assert_eq!(envelope("getVideoV3"), Envelope::Standard);
        assert_eq!(envelope("getUserMe"), Envelope::Numeric);
        assert_eq!(envelope("createVideoAgent"), Envelope::WithData);
    }
}
