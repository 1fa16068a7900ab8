//! Checks that the value of each keyword has the JSON type that OpenAPI gives it: `required` is a list of names, `properties`
//! an object of schemas. Everything after this check relies on it.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::walk;

/// The type of a value.
#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Flag,
    Number,
    /// A number, or a flag as OpenAPI 3.0 has it.
    Bound,
    /// A list of values of any type.
    List,
    Texts,
    TextMap,
    /// A text or a list of texts.
    TextOrTexts,
    /// A schema: an object, or `true` or `false`.
    Schema,
    SchemaList,
    One(Members),
    Many(Members),
    /// An object whose members all have this type.
    Map(&'static Type),
}

/// The members of an object that have a fixed type. Other members may have any type.
type Members = &'static [(&'static str, Type)];

const SCHEMAS: Type = Type::Map(&Type::Schema);

const DOCUMENT: Members = &[
    ("info", Type::One(&[("description", Type::Text)])),
    ("servers", Type::Many(&[("url", Type::Text)])),
    ("security", SECURITY),
    ("tags", Type::Many(&[("name", Type::Text), ("description", Type::Text)])),
    ("paths", Type::Map(&Type::One(PATH_ITEM))),
    (
        "components",
        Type::One(&[
            ("schemas", SCHEMAS),
            ("parameters", Type::Map(&Type::One(PARAMETER))),
            ("headers", Type::Map(&Type::One(PARAMETER))),
            ("requestBodies", Type::Map(&Type::One(BODY))),
            ("responses", Type::Map(&Type::One(RESPONSE))),
            (
                "securitySchemes",
                Type::Map(&Type::One(&[
                    ("type", Type::Text),
                    ("in", Type::Text),
                    ("name", Type::Text),
                    ("scheme", Type::Text),
                ])),
            ),
        ]),
    ),
];

const SECURITY: Type = Type::Many(&[]);

const PATH_ITEM: Members = &[
    ("parameters", Type::Many(PARAMETER)),
    ("servers", Type::Many(&[("url", Type::Text)])),
    ("get", Type::One(OPERATION)),
    ("put", Type::One(OPERATION)),
    ("post", Type::One(OPERATION)),
    ("delete", Type::One(OPERATION)),
    ("options", Type::One(OPERATION)),
    ("head", Type::One(OPERATION)),
    ("patch", Type::One(OPERATION)),
    ("trace", Type::One(OPERATION)),
];

const OPERATION: Members = &[
    ("summary", Type::Text),
    ("description", Type::Text),
    ("deprecated", Type::Flag),
    ("tags", Type::Texts),
    ("security", SECURITY),
    ("servers", Type::Many(&[("url", Type::Text)])),
    ("parameters", Type::Many(PARAMETER)),
    ("requestBody", Type::One(BODY)),
    ("responses", Type::Map(&Type::One(RESPONSE))),
];

const PARAMETER: Members = &[
    ("name", Type::Text),
    ("in", Type::Text),
    ("description", Type::Text),
    ("required", Type::Flag),
    ("deprecated", Type::Flag),
    ("explode", Type::Flag),
    ("style", Type::Text),
    ("schema", Type::Schema),
];

const BODY: Members = &[("description", Type::Text), ("required", Type::Flag), ("content", CONTENT)];

const RESPONSE: Members =
    &[("description", Type::Text), ("content", CONTENT), ("headers", Type::Map(&Type::One(PARAMETER)))];

const CONTENT: Type = Type::Map(&Type::One(&[("schema", Type::Schema)]));

const SCHEMA: Members = &[
    ("$ref", Type::Text),
    ("type", Type::TextOrTexts),
    ("title", Type::Text),
    ("description", Type::Text),
    ("format", Type::Text),
    ("pattern", Type::Text),
    ("required", Type::Texts),
    ("enum", Type::List),
    ("properties", SCHEMAS),
    ("patternProperties", SCHEMAS),
    ("items", Type::Schema),
    ("not", Type::Schema),
    ("additionalProperties", Type::Schema),
    ("allOf", Type::SchemaList),
    ("anyOf", Type::SchemaList),
    ("oneOf", Type::SchemaList),
    ("prefixItems", Type::SchemaList),
    ("discriminator", Type::One(&[("propertyName", Type::Text), ("mapping", Type::TextMap)])),
    ("deprecated", Type::Flag),
    ("nullable", Type::Flag),
    ("readOnly", Type::Flag),
    ("writeOnly", Type::Flag),
    ("uniqueItems", Type::Flag),
    ("minimum", Type::Number),
    ("maximum", Type::Number),
    ("exclusiveMinimum", Type::Bound),
    ("exclusiveMaximum", Type::Bound),
    ("minLength", Type::Number),
    ("maxLength", Type::Number),
    ("minItems", Type::Number),
    ("maxItems", Type::Number),
    ("multipleOf", Type::Number),
];

/// Finds every value of another type than OpenAPI gives its keyword.
pub fn check(document: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    members(document, DOCUMENT, "#", &mut found);
    found
}

fn members(object: &Value, all: Members, pointer: &str, found: &mut Vec<Diagnostic>) {
    for (name, expected) in all {
        if let Some(value) = object.get(name) {
            value_of(value, *expected, &format!("{pointer}/{}", walk::escape(name)), found);
        }
    }
}

fn value_of(value: &Value, expected: Type, pointer: &str, found: &mut Vec<Diagnostic>) {
    let is_texts = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    let is_schema = |value: &Value| value.is_object() || value.is_boolean();
    let fits = match expected {
        Type::Text => value.is_string(),
        Type::Flag => value.is_boolean(),
        Type::Number => value.is_number(),
        Type::Bound => value.is_number() || value.is_boolean(),
        Type::List => value.is_array(),
        Type::Texts => is_texts(value),
        Type::TextOrTexts => value.is_string() || is_texts(value),
        Type::TextMap => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
        Type::Schema => is_schema(value),
        Type::SchemaList => value.as_array().is_some_and(|items| items.iter().all(is_schema)),
        Type::One(_) | Type::Map(_) => value.is_object(),
        Type::Many(_) => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
    };
    if !fits {
        found.push(Diagnostic::new(
            "keyword-type",
            pointer,
            format!("the value must be {}, but it is {}", described(expected), shortened(value)),
            "correct the value by an action in the overlay, or remove it",
        ));
        return;
    }
    match expected {
        Type::Schema => members(value, SCHEMA, pointer, found),
        Type::One(all) => members(value, all, pointer, found),
        Type::Many(_) | Type::SchemaList => {
            let all = if let Type::Many(all) = expected { all } else { SCHEMA };
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                members(item, all, &format!("{pointer}/{index}"), found);
            }
        }
        Type::Map(inner) => {
            for (name, item) in value.as_object().into_iter().flatten() {
                // Path items, responses and content may have extensions beside their members.
                if !(name.starts_with("x-") && matches!(inner, Type::One(_))) {
                    value_of(item, *inner, &format!("{pointer}/{}", walk::escape(name)), found);
                }
            }
        }
        _ => {}
    }
}

fn described(expected: Type) -> &'static str {
    match expected {
        Type::Text => "a string",
        Type::Flag => "`true` or `false`",
        Type::Number => "a number",
        Type::Bound => "a number, `true` or `false`",
        Type::List => "a list",
        Type::Texts => "a list of strings",
        Type::TextOrTexts => "a string or a list of strings",
        Type::TextMap => "an object whose members are strings",
        Type::Schema => "a schema",
        Type::SchemaList => "a list of schemas",
        Type::One(_) | Type::Map(_) => "an object",
        Type::Many(_) => "a list of objects",
    }
}

/// The value as JSON, at most 40 characters of it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn place_and_problem(document: Value) -> (String, String) {
        let found = check(&document);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].place.clone(), found[0].problem.clone())
    }

    #[test]
    fn a_value_of_the_wrong_type_is_found_at_its_place() {
        let schema = |schema: Value| json!({"components": {"schemas": {"A": schema}}});
        let a = "#/components/schemas/A";
        for (document, place, problem) in [
            (schema(json!(null)), a.to_owned(), "must be a schema, but it is `null`"),
            (schema(json!({"required": ["a", 1]})), format!("{a}/required"), "must be a list of strings"),
            (
                schema(json!({"properties": {"a/b": {"items": {"enum": {}}}}})),
                format!("{a}/properties/a~1b/items/enum"),
                "must be a list, but it is `{}`",
            ),
            (
                schema(json!({"discriminator": {"mapping": {"a": 1}}})),
                format!("{a}/discriminator/mapping"),
                "an object whose members are strings",
            ),
            (
                json!({"paths": {"/a": {"get": {"responses": {"200": {"content": []}}}}}}),
                "#/paths/~1a/get/responses/200/content".to_owned(),
                "must be an object",
            ),
            (json!({"servers": ["https://a.example"]}), "#/servers".to_owned(), "must be a list of objects"),
        ] {
            let (at, found) = place_and_problem(document);
            assert_eq!(at, place);
            assert!(found.contains(problem), "{found}");
        }
    }

    #[test]
    fn values_that_are_data_may_have_any_type() {
        let schema = json!({"default": 1, "example": {"required": 1}, "x-a": {"type": 1}, "properties": {
            "required": {"type": ["string", "null"]}, "any": true}, "exclusiveMinimum": true});
        assert_eq!(check(&json!({"components": {"schemas": {"A": schema}}, "paths": {"x-b": 1}})), []);
    }
}
