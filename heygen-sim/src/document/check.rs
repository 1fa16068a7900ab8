//! Validates requests against the document. The error names the first problem.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::schema::Schema;
use crate::api_error::ApiError;
use crate::document::{Route, document, resolve};

/// Query or path parameters by name.
pub(crate) type Pairs = BTreeMap<String, String>;

/// A parameter of an operation.
pub(super) struct Parameter {
    pub(super) name: String,
    /// Where it is sent: `path`, `query` or `header`.
    pub(super) place: String,
    pub(super) schema: Value,
    required: bool,
    validator: Option<Schema>,
}

impl Parameter {
    pub(super) fn new(document: &Value, value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        // The schema may be a reference to a component, which has no references itself.
        let schema = value.get("schema").map(|schema| resolve(document, schema).clone()).unwrap_or(json!({}));
        Some(Self {
            name: text("name")?,
            place: text("in")?,
            required: value.get("required").and_then(Value::as_bool).unwrap_or(false),
            validator: Schema::new(&schema),
            schema,
        })
    }

    fn check(&self, given: Option<&str>) -> Result<(), ApiError> {
        let name = &self.name;
        match given {
            None if self.required => Err(ApiError::invalid(name, format!("{name} is required"))),
            None => Ok(()),
            Some(given) => {
                let value = convert(given, &self.schema);
                if self.validator.as_ref().is_some_and(|validator| validator.accepts(&value)) {
                    return Ok(());
                }
                Err(ApiError::invalid(name, format!("{name} does not take `{given}`")))
            }
        }
    }
}

impl Route {
    /// Checks path, query and header parameters.
    pub(crate) fn check_parameters(
        &self,
        path: &Pairs,
        query: &Pairs,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        for parameter in &self.parameters {
            let header = || headers.get(&parameter.name).map(|value| value.to_str().unwrap_or("\u{fffd}"));
            let given = match parameter.place.as_str() {
                "path" => path.get(&parameter.name).map(String::as_str),
                "query" => query.get(&parameter.name).map(String::as_str),
                // A required header that is empty counts as missing.
                "header" => header().map(str::trim).filter(|value| !(value.is_empty() && parameter.required)),
                _ => continue,
            };
            parameter.check(given)?;
        }
        Ok(())
    }

    /// The validator of the body; `None` if the schema is invalid.
    fn validator(&self) -> Option<&Schema> {
        let validator = self.validator.get_or_init(|| {
            let body = super::precise::precise(&self.body_schema);
            let whole = json!({"allOf": [body], "components": document().precise.get("components")});
            Schema::new(&whole)
        });
        validator.as_ref()
    }

    /// Whether a request may have no body, because an empty object would be valid. HeyGen's own command line sends none to
    /// stop a session.
    pub(crate) fn accepts_empty_body(&self) -> bool {
        self.check_body(&json!({})).is_ok()
    }

    /// Checks a JSON body, and removes unknown members from it. Several integrations send such members.
    pub(crate) fn check_body_leniently(&self, body: &mut Value) -> Result<(), ApiError> {
        for _ in 0..MAX_UNKNOWN {
            let unexpected = self.validator().and_then(|validator| validator.unexpected_members(body));
            let Some((place, unexpected)) = unexpected else { break };
            let Some(object) = body.pointer_mut(&place).and_then(Value::as_object_mut) else { break };
            unexpected.iter().for_each(|name| drop(object.remove(name)));
        }
        self.check_body(body)
    }

    /// Checks a JSON body.
    pub(crate) fn check_body(&self, body: &Value) -> Result<(), ApiError> {
        let Some(validator) = self.validator() else {
            // Refuse the request, so that an invalid schema is noticed.
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(ApiError::new(status, "internal_error", "the schema is broken"));
        };
        validator.check(body).map_err(|(place, problem)| ApiError::invalid(place, problem))
    }
}

/// How many unknown members are removed from a body, one after another.
const MAX_UNKNOWN: usize = 100;

/// Converts a parameter to the type of its schema. If that fails, returns the text.
fn convert(given: &str, schema: &Value) -> Value {
    let parsed = match schema.get("type").and_then(Value::as_str) {
        Some("integer") => given.parse::<i64>().ok().map(Value::from),
        Some("number") => given.parse::<f64>().ok().map(Value::from),
        Some("boolean") => given.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    parsed.unwrap_or_else(|| given.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "validation")]
    fn query_parameters_are_checked_for_type_and_bounds() {
        let route = document().route("listVideosV3").unwrap();
        let check = |name: &str, value: &str| {
            let query = BTreeMap::from([(name.into(), value.into())]);
            route.check_parameters(&BTreeMap::new(), &query, &HeaderMap::new())
        };
        assert!(check("limit", "100").is_ok());
        for wrong in ["0", "101", "ten", "1.5", ""] {
            assert!(check("limit", wrong).is_err(), "{wrong}");
        }
        assert!(check("unknown", "x").is_ok());
    }

    #[test]
    #[cfg(feature = "validation")]
    fn idempotency_keys_are_checked_for_characters_and_length() {
        let route = document().route("createVideo").unwrap();
        let check = |key: &str| {
            let headers = HeaderMap::from_iter([("idempotency-key".parse().unwrap(), key.parse().unwrap())]);
            route.check_parameters(&BTreeMap::new(), &BTreeMap::new(), &headers)
        };
        assert!(check("a-1:b_2.c").is_ok());
        assert!(check("with space").is_err());
        assert!(check(&"x".repeat(256)).is_err());
    }

    #[test]
    #[cfg(feature = "validation")]
    fn an_error_quotes_only_part_of_a_long_value() {
        let route = document().route("createVideoAgentV3").unwrap();
        let refusal = route.check_body(&json!({"prompt": "é".repeat(20_000)})).unwrap_err();
        assert!(format!("{refusal:?}").len() < 1000, "{refusal:?}");
    }
}
