//! Folders of the workspace.

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::model::folder::Folder;
use crate::resources::assets::OWNER;
use crate::resources::inputs::trimmed;
use crate::state::State;

impl Folder {
    fn view(&self) -> Value {
        let mut view = json!({
            "folder_id": self.id,
            "name": self.name,
            "type": self.kind,
            "is_trash": false,
            "created_at": self.created / 1000,
            "updated_at": self.created / 1000,
            "creator_username": OWNER,
        });
        // At the root of the workspace, the member is absent.
        if let Some(parent) = &self.parent {
            view["parent_id"] = json!(parent);
        }
        view
    }
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found("resource_not_found", format!("no folder {id}"))
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let name = trimmed("name", call.text("name").unwrap_or_default())?;
    let parent = call.text("parent_id").filter(|parent| !parent.is_empty());
    if let Some(parent) = parent
        && !state.folders.contains(parent)
    {
        return Err(missing(parent).at("parent_id"));
    }
    let folder = Folder {
        id: env.id(),
        name,
        kind: call.text("type").unwrap_or("mixed").to_owned(),
        parent: parent.map(str::to_owned),
        created: call.now,
    };
    let view = folder.view();
    state.folders.insert(folder.id.clone(), folder);
    data(view)
}

pub(super) fn get(_: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("folder_id");
    data(state.folders.get(id).ok_or_else(|| missing(id))?.view())
}
