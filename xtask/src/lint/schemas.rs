//! Rules on schemas: the forms that are supported, and a finding for anything else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::diagnostic::Diagnostic;
use crate::lower::{extension, unions};
use crate::walk::{self, Place};

const KEYWORDS: [&str; 16] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "deprecated",
    "description",
    "discriminator",
    "enum",
    "format",
    "items",
    "nullable",
    "oneOf",
    "properties",
    "required",
    "type",
    "anyOf",
    "default",
];
const INTEGERS: [&str; 8] = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
const CONSTRAINTS: [&str; 7] =
    ["pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "multipleOf"];
const BOUNDS: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    walk::schemas(lowered, |place, schema| {
        let mut say = |rule, problem: String, remedy: &str| {
            found.push(Diagnostic::new(rule, &place.pointer, problem, remedy));
        };
        let Some(map) = schema.as_object() else {
            say("schema-boolean", "a schema is `true` or `false`".into(), "write an object");
            return;
        };
        keywords(map, &mut say);
        if map.contains_key("$ref") {
            reference(lowered, map, &mut say);
            return;
        }
        combination(map, place, &mut say);
        kind(map, place, &mut say);
    });
    patches(lowered, found);
    recursion(lowered, found);
}

type Say<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn keywords(map: &Map<String, Value>, say: &mut Say<'_>) {
    for keyword in map.keys().map(String::as_str) {
        if CONSTRAINTS.contains(&keyword) {
            let problem = format!("`{keyword}` would make a type that refuses what the service may send");
            say("constraint", problem, "the pass `strictness` removes it");
        } else if BOUNDS.contains(&keyword) {
            let problem = format!(
                "`{keyword}` would change the number's type, or be dropped, or make the generator panic"
            );
            say("number-range", problem, "the pass `strictness` makes it a format");
        } else if keyword == "default" {
            let problem = "the generator would send the default with every request, or unwrap it when run";
            say("default-value", problem.to_owned(), "the pass `defaults` removes it");
        } else if !KEYWORDS.contains(&keyword) && !keyword.starts_with("x-") {
            let problem = format!("`{keyword}` is not supported");
            say("schema-keyword", problem, "say it otherwise in the overlay, or remove it");
        }
        if keyword == "x-rust-type" {
            say("schema-keyword", "`x-rust-type` names a type that is not there".into(), "remove it");
        }
    }
}

fn reference(lowered: &Value, map: &Map<String, Value>, say: &mut Say<'_>) {
    if map.len() > 1 {
        say(
            "reference-siblings",
            "what stands beside `$ref` is ignored".into(),
            "the pass `ref_siblings` wraps it",
        );
    }
    let target = map.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let name = target.strip_prefix("#/components/schemas/");
    if name.is_none_or(|name| lowered.pointer(&format!("/components/schemas/{name}")).is_none()) {
        let problem = format!("`$ref: {target}` leads to no component schema; the generator panics");
        say("dangling-reference", problem, "point it at a component schema");
    }
}

fn combination(map: &Map<String, Value>, place: &Place, say: &mut Say<'_>) {
    if let Some(members) = map.get("allOf").and_then(Value::as_array) {
        let lone = matches!(members.as_slice(), [only] if walk::reference(only).is_some());
        if !lone || map.contains_key("type") || map.contains_key("properties") {
            let problem = "`allOf` of more than one reference would be merged by guesswork";
            say("all-of", problem.to_owned(), "write the merged object in the overlay");
        }
    }
    if map.contains_key("anyOf") {
        let problem = "a union that nothing tells apart decodes into its first member that fits";
        say("untagged-union", problem.to_owned(), "add a discriminator in the overlay");
    }
    if map.contains_key("oneOf") {
        match unions::tag(&Value::Object(map.clone())) {
            None => {
                let problem = "a union that nothing tells apart decodes into its first member that fits";
                say("untagged-union", problem.to_owned(), "add a discriminator in the overlay");
            }
            Some(_) if !place.is_component_root() => {
                let problem = "a union that is no component is taken for an untagged one";
                say("inline-union", problem.to_owned(), "the pass `hoist` makes it a component");
            }
            Some(_) => {}
        }
    } else if map.contains_key("discriminator") {
        say("untagged-union", "a discriminator without `oneOf` is ignored".into(), "add the members");
    }
}

fn kind(map: &Map<String, Value>, place: &Place, say: &mut Say<'_>) {
    let combined = map.contains_key("allOf") || map.contains_key("oneOf") || map.contains_key("anyOf");
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    match map.get("type") {
        None if combined => {}
        None if map.contains_key("properties") || map.contains_key("enum") || map.contains_key("items") => {
            let problem = "the schema has no `type`, so what else it says is not looked at";
            say("schema-type", problem.to_owned(), "add the type");
        }
        None => {}
        Some(Value::String(_)) => {}
        Some(_) => {
            let problem = "several types in one schema are not supported";
            say("schema-type", problem.to_owned(), "choose one, or make a tagged union");
        }
    }
    match text("type") {
        Some("object") => object(map, place, say),
        Some("array") if !map.get("items").is_some_and(Value::is_object) => {
            say("array-items", "an array does not say what it holds".into(), "add `items`");
        }
        Some("integer") if !text("format").is_some_and(|format| INTEGERS.contains(&format)) => {
            say(
                "integer-format",
                "an integer has no format that is a Rust type".into(),
                "the pass `strictness` sets it",
            );
        }
        Some("string") if map.get("enum").is_none() && text("format").is_some() => {
            let problem = format!(
                "the format `{}` would make a type that refuses other text",
                text("format").unwrap_or_default()
            );
            say("string-format", problem, "the pass `strictness` removes it");
        }
        Some("array" | "string" | "integer" | "number" | "boolean") | None => {}
        Some(other) => {
            let problem = format!("`type: {other}` is unknown; the generator panics");
            say("schema-type", problem, "use a type of OpenAPI 3.0");
        }
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        if text("type") != Some("string") || !values.iter().all(Value::is_string) || values.is_empty() {
            say(
                "enum-type",
                "only enumerations of strings are supported".into(),
                "drop `enum`, or make it strings",
            );
        } else if !place.is_component_root() {
            let problem = "an inline enumeration would be closed: an unknown value fails the whole reply";
            say("inline-enum", problem.to_owned(), "the pass `hoist` makes it a component");
        }
    }
}

fn object(map: &Map<String, Value>, place: &Place, say: &mut Say<'_>) {
    let properties = map.get("properties").and_then(Value::as_object);
    let additional = map.get("additionalProperties");
    match (properties.is_some_and(|all| !all.is_empty()), additional) {
        (true, Some(_)) => {
            let problem = "`additionalProperties` beside properties closes the type, or adds a field that swallows the rest";
            say("closed-object", problem.to_owned(), "the pass `strictness` removes it");
        }
        (true, None) if !place.is_component_root() => {
            let problem = "an inline object gets a name by chance";
            say("inline-object", problem.to_owned(), "the pass `hoist` makes it a component");
        }
        _ => {}
    }
    let names: BTreeSet<&str> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for required in
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !names.contains(required) {
            let problem = format!("`{required}` is required and is no property");
            say("required-unknown", problem, "add the property, or drop it from `required`");
        }
    }
}

/// A PATCH in which null and absent would be the same.
fn patches(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let mut roots = BTreeSet::new();
    for operation in walk::operations(lowered).iter().filter(|operation| operation.method == "patch") {
        roots.extend(walk::bodies(operation));
    }
    for name in roots {
        let Some(schema) = lowered.pointer(&format!("/components/schemas/{}", walk::escape(&name))) else {
            continue;
        };
        let required: Vec<&Value> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        for (property, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let nullable =
                inner.get("nullable") == Some(&true.into()) && inner.get(extension::CLEARABLE).is_none();
            // Optional lists are nullable by the pass that keeps absent and empty apart.
            let list = matches!(inner.get("type").and_then(Value::as_str), Some("array" | "object"));
            if nullable && !list && !required.iter().any(|one| *one == property) {
                found.push(Diagnostic::new(
                    "patch-null",
                    format!("#/components/schemas/{name}/properties/{property}"),
                    "absent and null could not be told apart in the body of a PATCH",
                    "the pass `patches` marks it",
                ));
            }
        }
    }
}

/// A type that holds itself without a list or a map in between has no size.
fn recursion(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let edges: BTreeMap<&str, BTreeSet<&str>> = walk::components(lowered)
        .map(|(name, schema)| {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            let held = properties.filter_map(|(_, property)| walk::target(property));
            let members = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
            (name.as_str(), held.chain(members.filter_map(walk::reference)).collect())
        })
        .collect();
    for start in edges.keys() {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![*start]);
        while let Some(at) = waiting.pop() {
            for next in edges.get(at).into_iter().flatten() {
                if next == start {
                    found.push(Diagnostic::new(
                        "recursive-type",
                        format!("#/components/schemas/{start}"),
                        "the type holds itself without a list or a map in between, so it has no size",
                        "make the property a list, or free-form (`{}`)",
                    ));
                    waiting.clear();
                    break;
                }
                if seen.insert(*next) {
                    waiting.push(next);
                }
            }
        }
    }
}
