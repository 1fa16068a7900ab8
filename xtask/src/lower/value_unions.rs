//! Finds unions without a tag whose members have different JSON types, such as one string or a list of strings: the type of
//! the value tells them apart. Each becomes an enum with a variant for each type.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::extension;
use crate::walk;

/// Maximum number of components that only refer to the next one.
const MAX_REFERENCES: usize = 32;

/// One member of a union whose members have different JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Type of its JSON.
    pub kind: JsonType,
    /// Its schema.
    pub schema: &'a Value,
}

/// A type of JSON values. Every integer is a number in JSON, so a union has one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonType {
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
}

/// The members of a union whose members have different JSON types; empty for any other schema.
pub fn members<'a>(document: &'a Value, schema: &'a Value) -> Vec<Member<'a>> {
    if schema.get(extension::BY_JSON_TYPE).is_none() {
        return Vec::new();
    }
    let all = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|schema| Some(Member { kind: json_type(document, schema)?, schema })).collect()
}

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let whole = document.clone();
    walk::schemas_mut(document, |_, schema| {
        if schema.get("discriminator").is_some() {
            return;
        }
        let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| schema.get(keyword).is_some());
        let Some((keyword, members)) =
            keyword.and_then(|keyword| Some((keyword, schema.get(keyword)?.as_array()?)))
        else {
            return;
        };
        let Some(members) = distinct(&whole, members) else { return };
        let Some(map) = schema.as_object_mut() else { return };
        map.remove(keyword);
        if let [only] = members.as_slice() {
            for (name, value) in only.as_object().into_iter().flatten() {
                map.entry(name).or_insert_with(|| value.clone());
            }
            return;
        }
        map.insert("oneOf".into(), members.into());
        map.insert(extension::BY_JSON_TYPE.into(), true.into());
    });
}

/// The members with one for each JSON type; `None` if two lists, two objects or unions are among them.
fn distinct(document: &Value, members: &[Value]) -> Option<Vec<Value>> {
    if members.is_empty() {
        return None;
    }
    let mut kinds = BTreeSet::new();
    let mut all: Vec<(JsonType, Value)> = Vec::new();
    for member in members {
        let kind = json_type(document, member)?;
        if kinds.insert(kind) {
            all.push((kind, member.clone()));
            continue;
        }
        let known = all.iter_mut().find(|(known, _)| *known == kind)?;
        known.1 = match kind {
            _ if known.1 == *member => member.clone(),
            JsonType::String => json!({"type": "string"}),
            JsonType::Number => json!({"type": "number"}),
            JsonType::Boolean => json!({"type": "boolean"}),
            JsonType::Array | JsonType::Object => return None,
        };
    }
    Some(all.into_iter().map(|(_, schema)| schema).collect())
}

fn json_type(document: &Value, schema: &Value) -> Option<JsonType> {
    let mut schema = schema;
    for _ in 0..MAX_REFERENCES {
        let Some(name) = walk::target(schema) else { break };
        schema = walk::component(document, name)?;
    }
    Some(match schema.get("type")?.as_str()? {
        "string" => JsonType::String,
        "integer" | "number" => JsonType::Number,
        "boolean" => JsonType::Boolean,
        "array" => JsonType::Array,
        "object" => JsonType::Object,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({"components": {"schemas": {
            "Size": {"type": "string", "enum": ["a4"]}, "Point": {"type": "object", "properties": {"x": {}}},
            "Tested": schema}}});
        super::apply(&mut document);
        document["components"]["schemas"]["Tested"].clone()
    }

    #[test]
    fn different_json_types_tell_members_apart() {
        let members = json!([{"type": "string"}, {"type": "array", "items": {}}, {"$ref": "#/components/schemas/Point"}]);
        let expected = json!({"oneOf": members, "x-by-json-type": true});
        assert_eq!(lowered(json!({"anyOf": members})), expected);
    }

    #[test]
    fn scalars_of_one_json_type_are_one_member() {
        let size = json!({"$ref": "#/components/schemas/Size"});
        assert_eq!(lowered(json!({"oneOf": [size, {"type": "string"}]})), json!({"type": "string"}));
        assert_eq!(
            lowered(json!({"oneOf": [{"type": "integer"}, {"type": "number"}]})),
            json!({"type": "number"})
        );
        let expected = json!({"oneOf": [size, {"type": "integer"}], "x-by-json-type": true});
        assert_eq!(lowered(json!({"oneOf": [size, {"type": "integer"}]})), expected);
    }

    #[test]
    fn other_unions_stay() {
        let object = json!({"type": "object"});
        for schema in [
            json!({"oneOf": [object, {"$ref": "#/components/schemas/Point"}]}),
            json!({"oneOf": [{"type": "string"}, {}]}),
            json!({"anyOf": []}),
            json!({"oneOf": [{"type": "string"}, object], "discriminator": {"propertyName": "t"}}),
        ] {
            assert_eq!(lowered(schema.clone()), schema);
        }
    }
}
