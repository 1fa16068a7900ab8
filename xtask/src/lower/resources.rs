//! Records the resource of each operation: its first tag or, without tags, the first word of its path. Generated code has
//! one folder for each resource, so that the diff of an update shows which resources changed.

use heck::ToSnakeCase;
use serde_json::{Map, Value};

use super::extension;
use super::gates::legacy_version;
use crate::walk;

/// The folder of the types that several resources use.
pub const SHARED: &str = "shared";

/// Runs the pass. It must run before `annotations`, which removes the tags.
pub fn apply(document: &mut Value) {
    let mut described = Map::new();
    let tags = document.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    walk::operations_mut(document, |path, _, operation| {
        let tag = operation.pointer("/tags/0").and_then(Value::as_str);
        let title = tag.map_or_else(|| first_word(path), str::to_owned);
        operation[extension::RESOURCE] = title.to_snake_case().into();
        let text = tags.iter().find(|tag| tag.get("name").and_then(Value::as_str) == Some(&title));
        let text = text.and_then(|tag| tag.get("description")).and_then(Value::as_str).unwrap_or_default();
        described.insert(
            title.to_snake_case(),
            serde_json::json!({"title": title, "description": text.trim_end_matches('.')}),
        );
    });
    document[extension::RESOURCES] = described.into();
}

/// The first word of a path after the version.
fn first_word(path: &str) -> String {
    let words = path.split('/').filter(|word| !word.is_empty());
    let mut named = words.filter(|word| *word != "v3" && legacy_version(&format!("/{word}")).is_none());
    named.next().unwrap_or("other").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_resource_is_the_tag_or_the_first_word_of_the_path() {
        let mut document = json!({
            "tags": [{"name": "AI Clipping", "description": "Cut clips."}],
            "paths": {
                "/v3/ai-clipping": {"get": {"tags": ["AI Clipping"]}},
                "/v3/brand-kits/{id}": {"get": {}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/v3/ai-clipping"]["get"]["x-resource"], "ai_clipping");
        assert_eq!(document["paths"]["/v3/brand-kits/{id}"]["get"]["x-resource"], "brand_kits");
        assert_eq!(
            document["x-resources"]["ai_clipping"],
            json!({"title": "AI Clipping", "description": "Cut clips"})
        );
    }
}
