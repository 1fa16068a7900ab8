//! 3.1 says "or null" with a type; 3.0 says it with `nullable: true`.

use serde_json::{Map, Value};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        type_list(map);
        for keyword in ["anyOf", "oneOf"] {
            members(map, keyword);
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

fn type_list(map: &mut Map<String, Value>) {
    let Some(types) = map.get("type").and_then(Value::as_array) else { return };
    let (null, rest): (Vec<Value>, Vec<Value>) = types.iter().cloned().partition(|t| t == "null");
    if let [only] = rest.as_slice() {
        map.insert("type".into(), only.clone());
        if !null.is_empty() {
            map.insert("nullable".into(), true.into());
        }
    }
}

fn members(map: &mut Map<String, Value>, keyword: &str) {
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
    fn a_type_list_with_null() {
        assert_eq!(lowered(json!({"type": ["string", "null"]})), json!({"type": "string", "nullable": true}));
    }

    #[test]
    fn any_of_a_type_and_null_keeps_the_outer_description() {
        let schema = json!({"anyOf": [{"type": "string", "maxLength": 3, "description": "inner"}, {"type": "null"}],
                            "description": "outer"});
        let expected = json!({"type": "string", "maxLength": 3, "description": "outer", "nullable": true});
        assert_eq!(lowered(schema), expected);
    }

    #[test]
    fn any_of_a_reference_and_null() {
        let reference = json!({"$ref": "#/components/schemas/A"});
        assert_eq!(
            lowered(json!({"anyOf": [reference, {"type": "null"}]})),
            json!({"allOf": [reference], "nullable": true})
        );
    }

    #[test]
    fn a_null_beside_several_members_leaves_them() {
        let (a, b) = (json!({"type": "string"}), json!({"type": "integer"}));
        assert_eq!(
            lowered(json!({"oneOf": [a, b, {"type": "null"}]})),
            json!({"oneOf": [a, b], "nullable": true})
        );
    }

    #[test]
    fn a_union_of_one_stays_a_union() {
        let schema =
            json!({"oneOf": [{"$ref": "#/components/schemas/A"}], "discriminator": {"propertyName": "t"}});
        assert_eq!(lowered(schema.clone()), schema);
    }
}
