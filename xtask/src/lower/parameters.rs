//! Simplifies the schemas of parameters. A query has no null, so an optional parameter is absent instead; a value of one of
//! several types is sent as text; one value or a list of values is sent as a list.

use serde_json::{Value, json};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let whole = document.clone();
    walk::operations_mut(document, |_, _, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(schema) = parameter.get_mut("schema") else { continue };
            if let Some(map) = schema.as_object_mut() {
                map.remove("nullable");
            }
            if let Some(simple) = simplified(schema, &whole) {
                *schema = simple;
            }
        }
    });
}

/// The schema for a value of one of several types; `None` for any other schema, and if one of the types is an object.
fn simplified(schema: &Value, document: &Value) -> Option<Value> {
    let members = ["oneOf", "anyOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array())?;
    let is_list = |schema: &Value| schema.get("type") == Some(&"array".into());
    let is_scalar = |schema: &Value| {
        let schema = walk::target(schema).and_then(|name| walk::component(document, name)).unwrap_or(schema);
        let kind = schema.get("type").and_then(Value::as_str);
        matches!(kind, Some("string" | "integer" | "number" | "boolean"))
    };
    let (lists, values): (Vec<&Value>, Vec<&Value>) = members.iter().partition(|member| is_list(member));
    let items: Vec<&Value> = lists.iter().map(|list| list.get("items")).collect::<Option<_>>()?;
    let mut scalars: Vec<&Value> = values.into_iter().chain(items).collect();
    scalars.dedup();
    let scalar = match scalars.as_slice() {
        [only] => (*only).clone(),
        several if several.iter().all(|one| is_scalar(one)) => json!({"type": "string"}),
        _ => return None,
    };
    let mut simple = if lists.is_empty() { scalar } else { json!({"type": "array", "items": scalar}) };
    if let Some(text) = schema.get("description") {
        simple["description"] = text.clone();
    }
    Some(simple)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({
            "components": {"schemas": {"Size": {"type": "string", "enum": ["a4"]}, "Box": {"type": "object"}}},
            "paths": {"/a": {"get": {"parameters": [{"name": "a", "in": "query", "schema": schema}]}}}});
        super::apply(&mut document);
        document["paths"]["/a"]["get"]["parameters"][0]["schema"].clone()
    }

    #[test]
    fn a_parameter_is_never_null() {
        assert_eq!(lowered(json!({"type": "integer", "nullable": true})), json!({"type": "integer"}));
    }

    #[test]
    fn one_of_several_types_is_text() {
        let size = crate::walk::reference_to("Size");
        let schema = json!({"anyOf": [{"type": "integer"}, size], "description": "d"});
        assert_eq!(lowered(schema), json!({"type": "string", "description": "d"}));
    }

    #[test]
    fn one_or_several_values_are_a_list() {
        let text = json!({"type": "string"});
        let list = json!({"type": "array", "items": text});
        assert_eq!(lowered(json!({"oneOf": [text, list]})), list);
        let of_numbers = json!({"type": "array", "items": {"type": "integer"}});
        assert_eq!(lowered(json!({"oneOf": [text, of_numbers]})), list);
    }

    #[test]
    fn a_union_with_an_object_stays() {
        let schema = json!({"oneOf": [{"type": "string"}, crate::walk::reference_to("Box")]});
        assert_eq!(lowered(schema.clone()), schema);
    }
}
