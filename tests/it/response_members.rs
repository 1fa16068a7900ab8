//! Checks of the members of a response that its schema leaves open: members that are missing, and members that it does not have.

use serde_json::Value;

/// Optional members of an envelope.
const OPTIONAL: [&str; 2] = ["error", "warning"];

/// Makes the members of an envelope required, which the document omits.
pub(crate) fn with_required_members(mut schema: Value) -> Value {
    let members = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    schema["required"] = members.filter(|name| !OPTIONAL.contains(&name.as_str())).collect();
    schema
}

/// Collects schemas with the targets of references and the members of combinations.
fn flatten<'a>(document: &'a Value, schemas: &[&'a Value], found: &mut Vec<&'a Value>) {
    for schema in schemas {
        let schema = xtask::document::resolve(document, schema);
        found.push(schema);
        for combination in ["allOf", "anyOf", "oneOf"] {
            let members: Vec<&Value> = schema[combination].as_array().into_iter().flatten().collect();
            flatten(document, &members, found);
        }
    }
}

/// Finds members that the document does not have, in objects whose members it lists.
pub(crate) fn find_unknown_members(
    document: &Value,
    schemas: &[&Value],
    value: &Value,
    at: &str,
    unknown: &mut Vec<String>,
) {
    let mut schemas_here = Vec::new();
    flatten(document, schemas, &mut schemas_here);
    match value {
        Value::Object(members) => {
            let values = || schemas_here.iter().filter_map(|schema| schema.get("additionalProperties"));
            let open = values().any(|values| values != false)
                || schemas_here.iter().all(|schema| schema.get("properties").is_none());
            for (name, value) in members {
                let inner = schemas_here.iter().filter_map(|schema| schema["properties"].get(name));
                let inner: Vec<&Value> = inner.chain(values().filter(|values| values.is_object())).collect();
                if inner.is_empty() && !open && !OPTIONAL.contains(&name.as_str()) {
                    unknown.push(format!("{at}: the document has no {name}"));
                }
                find_unknown_members(document, &inner, value, &format!("{at}.{name}"), unknown);
            }
        }
        Value::Array(items) => {
            let inner: Vec<&Value> = schemas_here.iter().filter_map(|schema| schema.get("items")).collect();
            items.iter().for_each(|item| find_unknown_members(document, &inner, item, at, unknown));
        }
        _ => {}
    }
}
