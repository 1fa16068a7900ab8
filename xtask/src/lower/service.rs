//! Records the base URL of the service and the header for the API key, before later passes remove them.

use serde_json::Value;

use super::extension;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let base = document
        .pointer("/servers/0/url")
        .and_then(Value::as_str)
        .map(|url| url.trim_end_matches('/').to_owned());
    let schemes =
        document.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten();
    let header = schemes
        .map(|(_, scheme)| scheme)
        .find(|scheme| {
            scheme.get("type") == Some(&"apiKey".into()) && scheme.get("in") == Some(&"header".into())
        })
        .and_then(|scheme| scheme.get("name"))
        .cloned();
    if let Some(base) = base {
        document[extension::BASE_URL] = base.into();
    }
    if let Some(header) = header {
        document[extension::API_KEY_HEADER] = header;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn base_url_and_header_are_recorded() {
        let mut document = json!({
            "servers": [{"url": "https://a.example/"}],
            "components": {"securitySchemes": {"K": {"type": "apiKey", "in": "header", "name": "x-key"}}}});
        super::apply(&mut document);
        assert_eq!(document["x-base-url"], "https://a.example");
        assert_eq!(document["x-api-key-header"], "x-key");
    }
}
