//! Records the base URL of the service, the header for the API key, and which credentials an operation takes, before later
//! passes remove them.

use serde_json::Value;

use super::extension;
use crate::{document, walk};

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
    let schemes = document.pointer("/components/securitySchemes").cloned().unwrap_or_default();
    walk::operations_mut(document, |_, _, operation| {
        if let Some(credentials) = credentials(operation, &schemes) {
            operation[extension::CREDENTIALS] = credentials.into();
        }
    });
}

/// The only credentials that an operation takes: `key`, `token` or `none`. `None` if it takes what the client has.
fn credentials(operation: &Value, schemes: &Value) -> Option<&'static str> {
    let alternatives = operation.get("security")?.as_array()?;
    let names = alternatives.iter().filter_map(Value::as_object).flatten().map(|(name, _)| name);
    let is_key = |name: &String| schemes[name]["type"] == "apiKey";
    let (keys, tokens): (Vec<_>, Vec<_>) = names.partition(|name| is_key(name));
    match (keys.is_empty(), tokens.is_empty()) {
        (false, false) => None,
        (false, true) => Some("key"),
        (true, false) => Some("token"),
        (true, true) => Some("none"),
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
    fn the_credentials_of_an_operation_are_recorded() {
        for (security, expected) in [
            (json!([{"Key": []}, {"Token": []}]), json!(null)),
            (json!([{"Key": []}]), json!("key")),
            (json!([{"Token": []}]), json!("token")),
            (json!([]), json!("none")),
        ] {
            let mut document = json!({"paths": {"/a": {"get": {"security": security}}},
                "components": {"securitySchemes": {"Key": {"type": "apiKey"}, "Token": {"type": "http"}}}});
            super::apply(&mut document);
            assert_eq!(document["paths"]["/a"]["get"]["x-credentials"], expected);
        }
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
