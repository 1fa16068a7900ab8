//! Copies into descriptions what later passes remove: limits, defaults, formats and lists of numbers of schemas; path, scopes,
//! credentials, reference page and source of operations.

use serde_json::{Map, Value};

use super::extension;
use crate::walk;

/// Site of the provider's reference pages. The document has the path of each page.
const REFERENCE_SITE: &str = "https://developers.heygen.com";

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        if let Some(map) = schema.as_object_mut() {
            let facts = facts(map);
            describe(map, &facts);
        }
    });
    walk::operations_mut(document, |path, method, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let facts = parameter.get("schema").and_then(Value::as_object).map(facts).unwrap_or_default();
            if let Some(map) = parameter.as_object_mut() {
                describe(map, &facts);
            }
        }
        if let Some(map) = operation.as_object_mut() {
            let text = operation_text(path, method, map);
            map.insert("description".into(), text.into());
        }
    });
}

fn describe(map: &mut Map<String, Value>, facts: &str) {
    if facts.is_empty() {
        return;
    }
    let text = match map.get("description").and_then(Value::as_str) {
        Some(text) if text.ends_with(facts) => return,
        Some(text) => format!("{}\n\n{facts}", text.trim_end()),
        None => facts.to_owned(),
    };
    map.insert("description".into(), text.into());
}

/// Default, length, range, number of items, format and pattern, on one line.
fn facts(map: &Map<String, Value>) -> String {
    let mut facts = Vec::new();
    if let Some(default) = map.get("default").filter(|value| !value.is_null()) {
        facts.push(format!("Default: `{default}`."));
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array).filter(|_| is_plain(map)) {
        let listed: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        facts.push(format!("One of {}.", listed.join(", ")));
    }
    let flag = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or(false);
    let bound = |key: &str| map.get(key).filter(|value| value.is_number());
    facts.extend(range("Length", bound("minLength"), bound("maxLength"), (false, false)));
    let exclusive = (flag("exclusiveMinimum"), flag("exclusiveMaximum"));
    facts.extend(range("Range", bound("minimum"), bound("maximum"), exclusive));
    facts.extend(range("Items", bound("minItems"), bound("maxItems"), (false, false)));
    if let Some(format) = map.get("format").and_then(Value::as_str) {
        facts.push(format!("Format: {format}."));
    }
    if let Some(pattern) = map.get("pattern").and_then(Value::as_str) {
        facts.push(format!("Pattern: `{pattern}`."));
    }
    facts.join(" ")
}

/// Whether a schema is that of a number or boolean, which has no enumeration in Rust.
pub(super) fn is_plain(map: &Map<String, Value>) -> bool {
    matches!(map.get("type").and_then(Value::as_str), Some("integer" | "number" | "boolean"))
}

fn range(what: &str, low: Option<&Value>, high: Option<&Value>, exclusive: (bool, bool)) -> Option<String> {
    let at_least = if exclusive.0 { "more than" } else { "at least" };
    let at_most = if exclusive.1 { "less than" } else { "at most" };
    match (low, high) {
        (Some(low), Some(high)) if exclusive == (false, false) => Some(format!("{what}: {low} to {high}.")),
        (Some(low), Some(high)) => Some(format!("{what}: {at_least} {low}, {at_most} {high}.")),
        (Some(low), None) => Some(format!("{what}: {at_least} {low}.")),
        (None, Some(high)) => Some(format!("{what}: {at_most} {high}.")),
        (None, None) => None,
    }
}

fn operation_text(path: &str, method: &str, map: &Map<String, Value>) -> String {
    let mut parts = Vec::new();
    parts.extend(map.get("description").and_then(Value::as_str).map(|text| text.trim().to_owned()));
    parts.push(format!("`{} {path}`", method.to_uppercase()));
    let scopes: Vec<&str> = map
        .get("x-heygen-required-scopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !scopes.is_empty() {
        parts.push(format!("Scopes of an OAuth token: `{}`.", scopes.join("`, `")));
    }
    let credentials = match map.get(extension::CREDENTIALS).and_then(Value::as_str) {
        Some("key") => Some("The service accepts only an API key, not an OAuth token."),
        Some("token") => Some("The service accepts only an OAuth token, not an API key."),
        Some("none") => Some("The service needs no credentials."),
        _ => None,
    };
    parts.extend(credentials.map(str::to_owned));
    if let Some(href) = map.get("x-mint").and_then(|hint| hint.get("href")).and_then(Value::as_str) {
        parts.push(format!("The provider's page: <{REFERENCE_SITE}{href}>"));
    }
    if let Some(source) = map.get("x-source").and_then(Value::as_str) {
        parts.push(format!("Source: {source}."));
    }
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn descriptions_contain_limits_and_defaults() {
        let mut document = json!({"components": {"schemas": {"A": {"properties": {
            "a": {"type": "string", "minLength": 1, "maxLength": 9, "description": "The name."},
            "b": {"type": "number", "exclusiveMinimum": true, "minimum": 0, "maximum": 1, "default": 0.5}}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(properties["a"]["description"], "The name.\n\nLength: 1 to 9.");
        assert_eq!(properties["b"]["description"], "Default: `0.5`. Range: more than 0, at most 1.");
    }

    #[test]
    fn the_description_of_an_operation_contains_path_scopes_and_page() {
        let mut document = json!({"paths": {"/a": {"get": {"operationId": "a", "description": "Does a.",
            "x-mint": {"href": "/reference/a"}, "x-heygen-required-scopes": ["a:read"], "x-credentials": "key"}}}});
        super::apply(&mut document);
        assert_eq!(
            document["paths"]["/a"]["get"]["description"],
            "Does a.\n\n`GET /a`\n\nScopes of an OAuth token: `a:read`.\n\n\
             The service accepts only an API key, not an OAuth token.\n\n\
             The provider's page: <https://developers.heygen.com/reference/a>"
        );
    }
}
