//! Bulk lookups of statuses. In the responses, every id is called `video_id`, also that of a translation or an asset.

use serde_json::json;

use crate::answer::{Answer, list};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::model::batch::Item;
use crate::model::job::Kind;
use crate::resources::batches::{item_status, item_statuses};
use crate::state::State;

/// Maximum number of ids in one request.
const LIMIT: usize = 100;

/// Looks up the ids in the parameter `ids`, and the items of the batches in `batch_ids`.
fn lookup(state: &State, call: &Call, kind: Kind, ids: &str) -> Answer {
    let listed = |name: &str| -> Vec<String> {
        let text = call.query.get(name).map(String::as_str).unwrap_or_default();
        text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
    };
    let (single, batches) = (listed(ids), listed("batch_ids"));
    if single.is_empty() && batches.is_empty() {
        return Err(ApiError::invalid(ids, format!("{ids}, batch_ids or both are needed")));
    }
    if single.len() + batches.len() > LIMIT {
        return Err(ApiError::invalid(ids, format!("at most {LIMIT} ids are looked up in one call")));
    }
    let mut entries = Vec::new();
    for id in single {
        let (status, _, error) = match state.job(kind, &id, call.now) {
            Err(_) if kind != Kind::Asset => ("not_found", None, None),
            _ => item_status(state, kind, &Item::of(id.clone()), call.now),
        };
        entries.push(
            json!({"video_id": id, "status": status, "error": error, "batch_id": null, "item_index": null}),
        );
    }
    for batch in batches {
        let items = item_statuses(state, kind, &batch, call.now);
        if items.is_empty() {
            entries.push(json!({"video_id": null, "status": "not_found", "error": null, "batch_id": batch,
                "item_index": null}));
        }
        for (number, (status, id, error)) in items.into_iter().enumerate() {
            entries.push(json!({"video_id": id, "status": status, "error": error, "batch_id": batch,
                "item_index": number}));
        }
    }
    list(entries, None)
}

pub(super) fn videos(_: &Env, state: &State, call: &Call) -> Answer {
    lookup(state, call, Kind::Video, "video_ids")
}

pub(super) fn translations(_: &Env, state: &State, call: &Call) -> Answer {
    lookup(state, call, Kind::Translation, "video_translation_ids")
}

pub(super) fn lipsyncs(_: &Env, state: &State, call: &Call) -> Answer {
    lookup(state, call, Kind::Lipsync, "lipsync_ids")
}

pub(super) fn assets(_: &Env, state: &State, call: &Call) -> Answer {
    lookup(state, call, Kind::Asset, "asset_ids")
}
