//! Marks properties that contain URLs, so that Debug omits the query. A URL in a reply may be signed: anyone who has its
//! query can read the file. Other secrets are marked in the overlay.

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
    fn properties_with_urls_are_marked() {
        let mut document = json!({"components": {"schemas": {"A": {"properties": {
            "video_url": {"type": "string"}, "title": {"type": "string"}}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(properties["video_url"]["x-signed-url"], true);
        assert_eq!(properties["title"].get("x-signed-url"), None);
    }
}
