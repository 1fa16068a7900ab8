//! Replaces the type `null` of OpenAPI 3.1 by `nullable: true` of 3.0.

use serde_json::{Map, Value};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        lower_type_list(map);
        for keyword in ["anyOf", "oneOf"] {
            lower_members(map, keyword);
        }
        if let Some(values) = map.get_mut("enum").and_then(Value::as_array_mut) {
            let before = values.len();
            values.retain(|value| !value.is_null());
            if values.len() < before {
                map.insert("nullable".into(), true.into());
            }
        }
    });
}

fn lower_type_list(map: &mut Map<String, Value>) {
    let Some(types) = map.get("type").and_then(Value::as_array) else { return };
    let (null, rest): (Vec<Value>, Vec<Value>) = types.iter().cloned().partition(|t| t == "null");
    if let [only] = rest.as_slice() {
        map.insert("type".into(), only.clone());
        if !null.is_empty() {
            map.insert("nullable".into(), true.into());
        }
    }
}

fn lower_members(map: &mut Map<String, Value>, keyword: &str) {
    let Some(all) = map.get(keyword).and_then(Value::as_array) else { return };
    let is_null = |member: &&Value| member.get("type").and_then(Value::as_str) == Some("null");
    let null = all.iter().any(|member| is_null(&member));
    let rest: Vec<Value> = all.iter().filter(|member| !is_null(member)).cloned().collect();
    if let ([only], false) = (rest.as_slice(), map.contains_key("discriminator")) {
        let only = only.clone();
        map.remove(keyword);
        if only.get("$ref").is_some() {
            map.insert("allOf".into(), Value::Array(vec![only]));
        } else if let Value::Object(only) = only {
            for (name, value) in only {
                map.entry(name).or_insert(value);
            }
        }
    } else if null {
        map.insert(keyword.into(), Value::Array(rest));
    }
    if null {
        map.insert("nullable".into(), true.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({"components": {"schemas": {"A": schema}}});
        super::apply(&mut document);
        document["components"]["schemas"]["A"].clone()
    }

    #[test]
    fn null_in_a_type_list_becomes_nullable() {
        assert_eq!(lowered(json!({"type": ["string", "null"]})), json!({"type": "string", "nullable": true}));
    }

    #[test]
    fn a_type_or_null_keeps_the_outer_description() {
        let schema = json!({"anyOf": [{"type": "string", "maxLength": 3, "description": "inner"}, {"type": "null"}],
                            "description": "outer"});
        let expected = json!({"type": "string", "maxLength": 3, "description": "outer", "nullable": true});
        assert_eq!(lowered(schema), expected);
    }

    #[test]
    fn a_reference_or_null_becomes_all_of() {
        let reference = json!({"$ref": "#/components/schemas/A"});
        assert_eq!(
            lowered(json!({"anyOf": [reference, {"type": "null"}]})),
            json!({"allOf": [reference], "nullable": true})
        );
    }

    #[test]
    fn several_members_or_null_keep_the_members() {
        let (a, b) = (json!({"type": "string"}), json!({"type": "integer"}));
        assert_eq!(
            lowered(json!({"oneOf": [a, b, {"type": "null"}]})),
            json!({"oneOf": [a, b], "nullable": true})
        );
    }

    #[test]
    fn a_union_with_one_member_stays_a_union() {
        let schema =
            json!({"oneOf": [{"$ref": "#/components/schemas/A"}], "discriminator": {"propertyName": "t"}});
        assert_eq!(lowered(schema.clone()), schema);
    }
}
