//! Assets.

use heygen_api::builder::ListAssetsBuilder;
use heygen_api::{List, operations};
use serde_json::{Value, json};

use super::assumptions::image_key_of_asset;
use super::look_up::{Known, LookUp};
use super::loss::Severity;
use super::planned_request::{Action, PlannedRequest, USER_OF_THE_KEY};
use super::planning::{Answers, Conversion, Planning, Unanswerable, nothing};

/// `POST /v1/asset`, on the upload host.
pub(crate) const UPLOAD: Conversion = Conversion { forward: upload, back: uploaded };
/// `GET /v1/asset/list`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: assets };
/// `POST /v1/asset/{asset_id}/delete`.
pub(crate) const DELETE: Conversion = Conversion { forward: delete, back: nothing };

fn upload(planning: &Planning<'_>) -> Option<()> {
    let request = PlannedRequest::new(
        &operations::UPLOAD_ASSET,
        "uploads the file, a large one directly to the storage",
    );
    planning.request(request.with_action(Action::Upload));
    Some(())
}

fn uploaded(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let asset = answers.data(0);
    let id = asset.get("asset_id").and_then(Value::as_str).unwrap_or_default();
    let media_type = asset.get("mime_type").and_then(Value::as_str).unwrap_or_default();
    let (kind, format) = media_type.split_once('/').unwrap_or((media_type, ""));
    let extension = if format == "jpeg" { "jpg" } else { format };
    let key = (kind == "image").then(|| image_key_of_asset(id, extension));
    Ok(json!({
        "id": id,
        "name": id,
        "file_type": kind,
        "folder_id": "",
        "meta": null,
        "created_ts": answers.now,
        "url": asset.get("url"),
        "image_key": key,
    }))
}

/// v3 lists the assets of one member, by the name of the user.
fn list(planning: &Planning<'_>) -> Option<()> {
    let user = match planning.look_up(LookUp::Account) {
        Known::Found(user) => user.get("username").and_then(Value::as_str).unwrap_or_default(),
        Known::Unanswered | Known::Absent => USER_OF_THE_KEY,
    };
    let request = PlannedRequest::new(&operations::LIST_ASSETS, "lists the assets of the user");
    let mut request = request.with_query("username", user);
    let limit = planning.query("limit");
    limit.carried("?limit");
    let most = ListAssetsBuilder::MAX_LIMIT;
    let given =
        limit.float().filter(|limit| *limit >= 1.0).map_or(f64::from(most), |limit| limit.min(most.into()));
    request = request.with_query("limit", given.floor());
    for name in ["folder_id", "token"] {
        let node = planning.query(name);
        node.carried(format!("?{name}"));
        if let Some(text) = node.text() {
            request = request.with_query(name, text);
        }
    }
    planning.query("file_type").carried("filters the answer");
    planning.request(request);
    Some(())
}

fn assets(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let wanted = answers.query("file_type").filter(|kind| !kind.is_empty());
    let kind_of = |asset: &Value| {
        let kind = asset.get("type").and_then(Value::as_str).unwrap_or_default();
        kind.split('/').next().unwrap_or_default().to_owned()
    };
    let assets = answers.items(0).filter(|asset| wanted.is_none_or(|wanted| kind_of(asset) == wanted));
    let assets: Vec<Value> = assets
        .map(|asset| {
            json!({
                "id": asset.get("id"),
                "name": asset.get("name"),
                "file_type": kind_of(asset),
                "folder_id": asset.get("folder_id"),
                "created_ts": asset.get("uploaded_at"),
                "url": asset.get("url"),
            })
        })
        .collect();
    let body = answers.whole(0);
    let has_more = body.get("has_more").and_then(Value::as_bool).unwrap_or(false);
    // v3 does not count the assets.
    Ok(json!({"assets": assets, "total": null, "token": body.get("next_token").filter(|_| has_more)}))
}

fn delete(planning: &Planning<'_>) -> Option<()> {
    let request = PlannedRequest::new(&operations::DELETE_ASSET, "deletes the asset");
    planning.request(request.with_parameter("asset_id", planning.path("asset_id")));
    planning.body().lose(Severity::Harmless, "the path names the asset", "send no body");
    Some(())
}
