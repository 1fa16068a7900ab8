//! Records the base URL of the service and the header for the API key, before later passes remove them.

use serde_json::Value;

use super::extension;
use crate::document;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let base = document
        .pointer("/servers/0/url")
        .and_then(Value::as_str)
        .map(|url| url.trim_end_matches('/').to_owned());
    let header = document::key_header(document).map(str::to_ascii_lowercase);
    if let Some(base) = base {
        document[extension::BASE_URL] = base.into();
    }
    if let Some(header) = header {
        document[extension::API_KEY_HEADER] = header.into();
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

    #[test]
    fn the_root_security_decides_the_header_which_is_in_lower_case() {
        let mut document = json!({
            "security": [{"Token": []}, {"Key": []}],
            "components": {"securitySchemes": {
                "Another": {"type": "apiKey", "in": "header", "name": "x-another"},
                "Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "Token": {"type": "http", "scheme": "bearer"}}}});
        super::apply(&mut document);
        assert_eq!(document["x-api-key-header"], "x-api-key");
        document["security"] = json!([{"Token": []}]);
        document["x-api-key-header"].take();
        super::apply(&mut document);
        assert!(document["x-api-key-header"].is_null());
    }
}
