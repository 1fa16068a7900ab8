//! `--skip OPERATION`: leaves an operation out of the client, by an action at the end of the overlay.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::walk;

/// The text of the overlay with an action for each operation that is left out, and a remark about each.
///
/// An operation is given by its `operationId`, or by method and path.
///
/// # Errors
///
/// The document does not have the operation.
pub fn skip(overlay: &str, document: &Value, operations: &[String]) -> Result<(String, Vec<String>)> {
    let (mut text, mut remarks) = (format!("{}\n", overlay.trim_end()), Vec::new());
    if operations.is_empty() {
        return Ok((overlay.to_owned(), remarks));
    }
    let all = walk::operations(document);
    for wanted in operations {
        let route = |one: &walk::Operation<'_>| format!("{} {}", one.method.to_uppercase(), one.path);
        let Some(found) = all.iter().find(|one| one.id() == *wanted || route(one) == *wanted) else {
            bail!(
                "--skip {wanted}: the document has no such operation; write its operationId, such as `createVideoV3`, or method and path, such as `POST /v3/videos`"
            );
        };
        let (path, method) = (found.path.replace('\'', "\\'"), found.method);
        text.push_str(&format!(
            "\n  - target: $.paths['{path}'].{method}\n    description: Left out of the client by `--skip`. Drop this action to have the operation back.\n    remove: true\n"
        ));
        remarks.push(format!(
            "Left out of the client, by an action in the overlay: `{}` ({})",
            route(found),
            found.id()
        ));
    }
    Ok((text, remarks))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::overlay;

    #[test]
    fn an_operation_is_left_out_by_an_action() {
        let document =
            json!({"info": {}, "paths": {"/v3/a/{id}": {"get": {"operationId": "getA"}, "put": {}}}});
        let text = "overlay: 1.0.0\ninfo: {}\nactions:\n  - target: $.info\n    description: d\n    update: {x: 1}\n";
        for wanted in ["getA", "GET /v3/a/{id}"] {
            let (overlay, remarks) = skip(text, &document, &[wanted.to_owned()]).unwrap();
            let left = overlay::apply(document.clone(), &overlay::parse(&overlay).unwrap()).unwrap();
            assert_eq!(left["paths"], json!({"/v3/a/{id}": {"put": {}}}));
            assert!(remarks[0].contains("`GET /v3/a/{id}` (getA)"), "{remarks:?}");
        }
        assert_eq!(skip(text, &document, &[]).unwrap().0, text);
        let error = skip(text, &document, &["getB".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("--skip getB: the document has no such operation"), "{error}");
    }
}
