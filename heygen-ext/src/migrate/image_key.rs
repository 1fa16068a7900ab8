//! `image_key`, by which the old service named an uploaded or generated picture.

use serde_json::json;

use super::assumptions::asset_of_image_key;
use super::output::Output;
use super::source::Node;

/// Carries an `image_key` as an asset.
pub(crate) fn put_image_key(body: &Node<'_>, name: &str, output: &mut Output, member: &str) -> Option<()> {
    let key = body.get(name);
    let Some(text) = key.text() else {
        body.missing(name, "write the key of an uploaded picture");
        return None;
    };
    let Some(asset) = asset_of_image_key(&text) else {
        key.problem(format!(
            "`{text}` is not the key of an upload; upload the picture with `POST /v1/asset`, and send the `image_key` of \
             the answer"
        ));
        return None;
    };
    key.put(output, member, json!({"type": "asset_id", "asset_id": asset}));
    Some(())
}
