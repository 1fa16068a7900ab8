//! Rules on schemas: a list of what is supported. Anything else is a finding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::diagnostic::Diagnostic;
use crate::lower::{aliases, extension, unions};
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
/// Maximum number of steps in the JSON pointer to a schema. Progenitor recurses into nested schemas.
const MAX_STEPS: usize = 32;
const BOUNDS: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    walk::schemas(lowered, |place, schema| {
        let mut report = |rule, problem: String, remedy: &str| {
            found.push(Diagnostic::new(rule, &place.pointer, problem, remedy));
        };
        let Some(map) = schema.as_object() else {
            report(
                "schema-boolean",
                "the schema is `true` or `false`, which is not supported".into(),
                "replace it by an object in the overlay",
            );
            return;
        };
        // A schema is one or two steps below the one that holds it. Reporting only the first ones gives one finding.
        let steps = place.pointer.matches('/').count();
        if steps == MAX_STEPS + 1 || steps == MAX_STEPS + 2 {
            report(
                "schema-depth",
                format!("schemas are nested too deeply: the JSON pointer has more than {MAX_STEPS} steps"),
                "make one of the inner schemas a component with properties",
            );
        }
        if place.is_component_root()
            && aliases::is_alias(schema)
            && aliases::contains_itself(lowered, &place.owner)
        {
            report(
                "recursive-alias",
                "the component contains only itself, in lists or maps, and never a type".into(),
                "replace the `$ref` of one component in the cycle with a schema",
            );
        }
        keywords(map, &mut report);
        if map.contains_key("$ref") {
            reference(lowered, map, &mut report);
            return;
        }
        combination(map, place, &mut report);
        kind(map, place, &mut report);
    });
    patches(lowered, found);
    recursion(lowered, found);
    errors(lowered, found);
}

/// The component that hand-written code reads from each error response.
const ERROR: &str = "StandardApiError";

/// Hand-written code reads errors: code and message always, and the parameter if there is one.
fn errors(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let Some(error) = walk::component(lowered, ERROR) else { return };
    let required = error.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    for (name, must) in [("code", true), ("message", true), ("param", false)] {
        let property = error.get("properties").and_then(|all| all.get(name));
        let is_text = property.is_some_and(|property| property["type"] == "string");
        let nullable = property.is_some_and(|property| property.get("nullable") == Some(&true.into()));
        if !is_text || (is_required(name) && !nullable) != must {
            let presence = if must { "required" } else { "optional" };
            found.push(Diagnostic::new(
                "error-schema",
                format!("#/components/schemas/{ERROR}"),
                format!(
                    "errors are read by hand-written code, for which `{name}` must be a {presence} string"
                ),
                "correct the member in the overlay, or change heygen-api/src/{error,refusal}.rs",
            ));
        }
    }
}

type Report<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn keywords(map: &Map<String, Value>, report: &mut Report<'_>) {
    for keyword in map.keys().map(String::as_str) {
        if CONSTRAINTS.contains(&keyword) {
            let problem =
                format!("`{keyword}` would become a type that rejects values which the service may send");
            report("constraint", problem, "remove it; the pass `strictness` should do so");
        } else if BOUNDS.contains(&keyword) {
            let problem = format!(
                "`{keyword}` would change the type of the number, have no effect, or make the generator panic"
            );
            report("number-range", problem, "replace it by a `format`; the pass `strictness` should do so");
        } else if keyword == "default" {
            let problem = "the generated client would send the default with every request, or panic on it";
            report("default-value", problem.to_owned(), "remove it; the pass `defaults` should do so");
        } else if !KEYWORDS.contains(&keyword) && !keyword.starts_with("x-") {
            let problem = format!("the keyword `{keyword}` is not supported");
            report("schema-keyword", problem, "express it by other keywords in the overlay, or remove it");
        }
        if keyword == "x-rust-type" {
            report(
                "schema-keyword",
                "`x-rust-type` names a type that does not exist".into(),
                "remove it in the overlay",
            );
        }
    }
}

fn reference(lowered: &Value, map: &Map<String, Value>, report: &mut Report<'_>) {
    if map.len() > 1 {
        report(
            "reference-siblings",
            "members beside `$ref` are ignored".into(),
            "move the `$ref` into `allOf`; the pass `ref_siblings` should do so",
        );
    }
    let target = map.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let name = target.strip_prefix("#/components/schemas/");
    if name.is_none_or(|name| lowered.pointer(&format!("/components/schemas/{name}")).is_none()) {
        let problem =
            format!("`$ref: {target}` does not refer to a component schema, so the generator would panic");
        report("dangling-reference", problem, "refer to an existing component in `#/components/schemas`");
    }
}

fn combination(map: &Map<String, Value>, place: &Place, report: &mut Report<'_>) {
    if let Some(members) = map.get("allOf").and_then(Value::as_array) {
        let lone = matches!(members.as_slice(), [only] if walk::reference(only).is_some());
        if !lone || map.contains_key("type") || map.contains_key("properties") {
            let problem = "the members of `allOf` cannot be merged: they contradict each other, contain unions, or are a circle";
            report("all-of", problem.to_owned(), "replace `allOf` by the merged schema in the overlay");
        }
    }
    if map.contains_key("anyOf") {
        let problem = "nothing tells the members of the union apart: it has no discriminator, and two members have the same JSON type";
        report("untagged-union", problem.to_owned(), "add a `discriminator` in the overlay");
    }
    if map.get(extension::BY_JSON_TYPE).is_some() {
        if !place.is_component_root() {
            let problem = "the union is not a component, so the generator would choose its name";
            report("inline-union", problem.to_owned(), "make it a component; the pass `hoist` should do so");
        }
    } else if map.contains_key("oneOf") {
        match unions::tag(&Value::Object(map.clone())) {
            None => {
                let problem = "nothing tells the members of the union apart: it has no discriminator, and two members have the same JSON type";
                report("untagged-union", problem.to_owned(), "add a `discriminator` in the overlay");
            }
            Some(_) if !place.is_component_root() => {
                let problem = "the union is not a component, so the generator would ignore its discriminator";
                report(
                    "inline-union",
                    problem.to_owned(),
                    "make it a component; the pass `hoist` should do so",
                );
            }
            Some(_) => {}
        }
    } else if map.contains_key("discriminator") {
        report(
            "untagged-union",
            "a discriminator without `oneOf` is ignored".into(),
            "list the members in `oneOf`",
        );
    }
}

fn kind(map: &Map<String, Value>, place: &Place, report: &mut Report<'_>) {
    let combined = map.contains_key("allOf") || map.contains_key("oneOf") || map.contains_key("anyOf");
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    match map.get("type") {
        None if combined => {}
        None if map.contains_key("properties") || map.contains_key("enum") || map.contains_key("items") => {
            let problem = "the schema has no `type`, so the generator would ignore its other keywords";
            report("schema-type", problem.to_owned(), "add `type` in the overlay");
        }
        None => {}
        Some(Value::String(_)) => {}
        Some(_) => {
            let problem = "`type` is a list, which is not supported";
            report("schema-type", problem.to_owned(), "keep one type, or write a union with a discriminator");
        }
    }
    match text("type") {
        Some("object") => object(map, place, report),
        Some("array") if !map.get("items").is_some_and(Value::is_object) => {
            report(
                "array-items",
                "the array has no schema for its items".into(),
                "add `items` in the overlay",
            );
        }
        Some("integer") if !text("format").is_some_and(|format| INTEGERS.contains(&format)) => {
            report(
                "integer-format",
                "the integer has no `format` that stands for a Rust type".into(),
                "set a format such as `int64`; the pass `strictness` should do so",
            );
        }
        Some("string") if map.get("enum").is_none() && text("format").is_some() => {
            let problem = format!(
                "the format `{}` would become a type that rejects other strings",
                text("format").unwrap_or_default()
            );
            report("string-format", problem, "remove `format`; the pass `strictness` should do so");
        }
        Some("array" | "string" | "integer" | "number" | "boolean") | None => {}
        Some(other) => {
            let problem =
                format!("`type: {other}` does not exist in OpenAPI 3.0, so the generator would panic");
            report(
                "schema-type",
                problem,
                "use `object`, `array`, `string`, `integer`, `number` or `boolean`",
            );
        }
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        if text("type") != Some("string") || !values.iter().all(Value::is_string) || values.is_empty() {
            report(
                "enum-type",
                "the enumeration is empty or contains a value that is not a string, which is not supported"
                    .into(),
                "remove `enum` in the overlay, or list strings",
            );
        } else if !place.is_component_root() {
            let problem = "an inline enumeration would reject unknown values, and with them the whole reply";
            report("inline-enum", problem.to_owned(), "make it a component; the pass `hoist` should do so");
        }
    }
}

fn object(map: &Map<String, Value>, place: &Place, report: &mut Report<'_>) {
    let properties = map.get("properties").and_then(Value::as_object);
    let additional = map.get("additionalProperties");
    match (properties.is_some_and(|all| !all.is_empty()), additional) {
        (true, Some(_)) => {
            let problem = "`additionalProperties` beside `properties` would reject unknown members, or add a field that takes them all";
            report("closed-object", problem.to_owned(), "remove it; the pass `strictness` should do so");
        }
        (true, None) if !place.is_component_root() => {
            let problem = "the generator would choose the name of an inline object";
            report("inline-object", problem.to_owned(), "make it a component; the pass `hoist` should do so");
        }
        _ => {}
    }
    let names: BTreeSet<&str> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for required in
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !names.contains(required) {
            let problem = format!("`{required}` is required, but is not a property");
            report("required-unknown", problem, "add the property, or remove it from `required`");
        }
    }
}

/// Finds properties of PATCH bodies whose type could not tell null and absent apart.
fn patches(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let mut roots = BTreeSet::new();
    for operation in walk::operations(lowered).iter().filter(|operation| operation.method == "patch") {
        roots.extend(walk::bodies(operation));
    }
    for name in roots {
        let Some(schema) = walk::component(lowered, &name) else {
            continue;
        };
        let required: Vec<&Value> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        for (property, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let nullable =
                inner.get("nullable") == Some(&true.into()) && inner.get(extension::CLEARABLE).is_none();
            // The pass `optional_lists` makes optional lists nullable, so that absent and empty differ.
            let list = matches!(inner.get("type").and_then(Value::as_str), Some("array" | "object"));
            if nullable && !list && !required.iter().any(|one| *one == property) {
                found.push(Diagnostic::new(
                    "patch-null",
                    format!("#/components/schemas/{name}/properties/{property}"),
                    "null and absent differ in the body of a PATCH, but would be the same in Rust",
                    "set `x-clearable`; the pass `patches` should do so",
                ));
            }
        }
    }
}

/// Finds types that contain themselves without a list or a map in between: they have no finite size.
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
        let (mut seen, mut pending) = (BTreeSet::new(), vec![*start]);
        while let Some(at) = pending.pop() {
            for next in edges.get(at).into_iter().flatten() {
                if next == start {
                    found.push(Diagnostic::new(
                        "recursive-type",
                        format!("#/components/schemas/{start}"),
                        "the type contains itself without a list or a map in between, so it has no finite size",
                        "make the property a list, or free-form (`{}`)",
                    ));
                    pending.clear();
                    break;
                }
                if seen.insert(*next) {
                    pending.push(next);
                }
            }
        }
    }
}
