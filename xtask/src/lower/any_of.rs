//! Replaces `anyOf` with a discriminator by `oneOf`: the discriminator selects one member, so they mean the same.
//!
//! Moves combinations whose members only list required properties into an extension. They are conditions on the object, which
//! a Rust type cannot express and the service checks.

use serde_json::{Value, json};

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        if map.contains_key("discriminator")
            && let Some(members) = map.remove("anyOf")
        {
            map.insert("oneOf".into(), members);
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            let members = map.get(keyword).and_then(Value::as_array);
            if members.is_some_and(|members| !members.is_empty() && members.iter().all(is_condition))
                && let Some(conditions) = map.remove(keyword)
            {
                let all = map.entry(extension::CONDITIONS).or_insert_with(|| json!({}));
                all[keyword] = conditions;
            }
        }
    });
}

/// Whether a member of a combination only requires properties. A title, a description or examples make no difference.
pub fn is_condition(member: &Value) -> bool {
    let texts = ["title", "description", "example", "examples"];
    let is_text = |keyword: &String| texts.contains(&keyword.as_str()) || keyword.starts_with("x-");
    member.as_object().is_some_and(|map| {
        map.contains_key("required") && map.keys().all(|keyword| keyword == "required" || is_text(keyword))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn any_of_with_a_discriminator_becomes_one_of() {
        let mut document = json!({"components": {"schemas": {"A": {"anyOf": [{}], "discriminator": {}}}}});
        super::apply(&mut document);
        assert_eq!(document["components"]["schemas"]["A"], json!({"oneOf": [{}], "discriminator": {}}));
    }

    #[test]
    fn conditions_move_into_an_extension() {
        let mut document = json!({"components": {"schemas": {"A": {
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}}}}});
        super::apply(&mut document);
        let conditions = json!({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert_eq!(
            document["components"]["schemas"]["A"],
            json!({"properties": {"a": {}, "b": {}}, "x-conditions": conditions})
        );
    }
}
