//! The vendored document: which routes there are, and what fits them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use http::{HeaderMap, Method};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// The document with its overlay, as `cargo xtask generate` writes it.
const TEXT: &str = include_str!("../openapi.json");

/// What the simulator needs of it. An embedded document that is no JSON would have no routes; a test sees to that.
static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| Document::new(serde_json::from_str(TEXT).unwrap_or_default()));

pub(crate) fn document() -> &'static Document {
    &DOCUMENT
}

pub(crate) struct Document {
    value: Value,
    routes: Vec<Route>,
}

/// One operation of the document.
pub(crate) struct Route {
    /// Its `operationId`.
    pub(crate) id: String,
    method: Method,
    segments: Vec<Segment>,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    body_validator: OnceLock<Option<Validator>>,
}

enum Segment {
    Fixed(String),
    Named(String),
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    schema: Value,
}

/// What came of looking for a route.
pub(crate) enum Found<'a> {
    /// The operation, and its path parameters.
    Route(&'a Route, BTreeMap<String, String>),
    /// The path is known with other methods.
    OtherMethod,
    /// Nobody knows the path.
    Nothing,
}

impl Document {
    fn new(value: Value) -> Self {
        let mut routes = Vec::new();
        for (path, item) in value.get("paths").and_then(Value::as_object).into_iter().flatten() {
            for method in ["get", "put", "post", "delete", "patch"] {
                if let Some(operation) = item.get(method) {
                    routes.push(Route::new(&value, path, method, operation));
                }
            }
        }
        // A fixed segment is a better match than a named one: /v3/videos/statuses is no video.
        routes.sort_by_key(|route| {
            route.segments.iter().map(|one| matches!(one, Segment::Named(_))).collect::<Vec<_>>()
        });
        Self { value, routes }
    }

    /// The operation for a method and a path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let mut known = false;
        for route in &self.routes {
            if let Some(parameters) = route.match_path(path) {
                if route.method == *method {
                    return Found::Route(route, parameters);
                }
                known = true;
            }
        }
        if known { Found::OtherMethod } else { Found::Nothing }
    }

    #[cfg(test)]
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

impl Route {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let segments = path.split('/').skip(1).map(|segment| {
            match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
                Some(name) => Segment::Named(name.to_owned()),
                None => Segment::Fixed(segment.to_owned()),
            }
        });
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let parameters =
            parameters.map(|parameter| resolve(document, parameter)).map(|parameter| Parameter {
                name: text(parameter, "name"),
                place: text(parameter, "in"),
                required: parameter.get("required").and_then(Value::as_bool).unwrap_or(false),
                schema: parameter.get("schema").cloned().unwrap_or(json!({})),
            });
        Self {
            id: text(operation, "operationId"),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default(),
            segments: segments.collect(),
            parameters: parameters.collect(),
            body: operation.pointer("/requestBody/content/application~1json/schema").cloned(),
            body_validator: OnceLock::new(),
        }
    }

    fn match_path(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let given: Vec<&str> = path.split('/').skip(1).collect();
        if given.len() != self.segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment {
                Segment::Fixed(fixed) if fixed == given => {}
                Segment::Named(name) if !given.is_empty() => {
                    parameters.insert(name.clone(), given.to_owned());
                }
                _ => return None,
            }
        }
        Some(parameters)
    }

    /// Whether the operation takes a JSON body.
    pub(crate) fn takes_json(&self) -> bool {
        self.body.is_some()
    }

    /// Checks a body against the schema of the document.
    pub(crate) fn check_body(&self, body: &Value) -> Result<(), Refusal> {
        let Some(schema) = &self.body else { return Ok(()) };
        let validator = self.body_validator.get_or_init(|| {
            let whole = json!({"allOf": [schema], "components": DOCUMENT.value.get("components")});
            jsonschema::draft202012::new(&whole).ok()
        });
        let Some(validator) = validator else {
            // A schema that does not compile must not pass everything unseen.
            return Err(Refusal::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                "the schema is broken",
            ));
        };
        match validator.iter_errors(body).next() {
            None => Ok(()),
            Some(error) => {
                let mut param = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
                let member = match error.kind() {
                    ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
                    ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.first().cloned(),
                    _ => None,
                };
                if let Some(member) = member {
                    param = if param.is_empty() { member } else { format!("{param}.{member}") };
                }
                Err(Refusal::invalid(param, error.to_string()))
            }
        }
    }

    /// Checks that the headers are there which the document requires.
    pub(crate) fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let required =
            self.parameters.iter().filter(|parameter| parameter.place == "header" && parameter.required);
        for parameter in required {
            let given =
                headers.get(&parameter.name).is_some_and(|value| !value.as_bytes().trim_ascii().is_empty());
            if !given {
                return Err(Refusal::invalid(
                    &parameter.name,
                    format!("the header {} is required", parameter.name),
                ));
            }
        }
        Ok(())
    }

    /// Checks the query against the parameters of the document.
    pub(crate) fn check_query(&self, query: &BTreeMap<String, String>) -> Result<(), Refusal> {
        for parameter in self.parameters.iter().filter(|parameter| parameter.place == "query") {
            let name = &parameter.name;
            let Some(given) = query.get(name) else {
                if parameter.required {
                    return Err(Refusal::invalid(name, format!("{name} is required")));
                }
                continue;
            };
            let value = typed(given, &parameter.schema);
            let fits = jsonschema::draft202012::new(&parameter.schema)
                .is_ok_and(|validator| validator.is_valid(&value));
            if !fits {
                return Err(Refusal::invalid(name, format!("{name} does not take `{given}`")));
            }
        }
        Ok(())
    }
}

/// A query's text as the type that the schema asks for; the text itself when it is not of that type.
fn typed(given: &str, schema: &Value) -> Value {
    let parsed = match schema.get("type").and_then(Value::as_str) {
        Some("integer") => given.parse::<i64>().ok().map(Value::from),
        Some("number") => given.parse::<f64>().ok().map(Value::from),
        Some("boolean") => given.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    parsed.unwrap_or_else(|| given.into())
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
        assert_eq!(routes.len(), 150);
        for route in routes.iter().filter(|route| route.takes_json()) {
            // Nothing fits a number; a refusal shows that the schema was compiled and looked at.
            let refusal = route.check_body(&json!(0)).unwrap_err();
            assert!(format!("{refusal:?}").contains("invalid_parameter"), "{}: {refusal:?}", route.id);
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
        assert_eq!(id(Method::PUT, "/v3/videos/abc"), "other method");
        assert_eq!(id(Method::GET, "/v3/vidoes"), "nothing");
        assert_eq!(id(Method::GET, "/v3/videos/"), "nothing");
    }

    #[test]
    fn a_query_is_checked_by_type_and_bound() {
        let Found::Route(route, _) = document().find(&Method::GET, "/v3/videos") else { panic!("no route") };
        let check =
            |name: &str, value: &str| route.check_query(&BTreeMap::from([(name.into(), value.into())]));
        assert!(check("limit", "100").is_ok());
        for wrong in ["0", "101", "ten", "1.5"] {
            assert!(check("limit", wrong).is_err(), "{wrong}");
        }
        assert!(check("unknown", "x").is_ok());
    }
}
