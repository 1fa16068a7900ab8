//! Links in replies may be signed: whoever holds the query holds the file. Their properties are marked, so that Debug
//! leaves the query out. Secrets proper are marked in the overlay.

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        for (name, property) in properties {
            let text = property.get("type").and_then(Value::as_str) == Some("string");
            if text
                && (name == "url" || name.ends_with("_url"))
                && property.get(extension::SENSITIVE).is_none()
            {
                property[extension::SIGNED_URL] = true.into();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn links_are_marked() {
        let mut document = json!({"components": {"schemas": {"A": {"properties": {
            "video_url": {"type": "string"}, "title": {"type": "string"}}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(properties["video_url"]["x-signed-url"], true);
        assert_eq!(properties["title"].get("x-signed-url"), None);
    }
}
