//! The API key of the request.

use serde_json::json;

use crate::answer::{Answer, data};
use crate::call::Call;
use crate::clock::iso;
use crate::env::Env;
use crate::state::State;

pub(super) fn get(env: &Env, state: &State, _: &Call) -> Answer {
    let scopes = &env.settings.scopes;
    let mode = match scopes.as_slice() {
        [all] if all == "*:*" => "full",
        [read] if read == "*:read" => "read_only",
        _ => "custom",
    };
    let created = iso(state.began);
    data(json!({
        "key_id": "simulated-key",
        "key_name": "Key of the simulator",
        "status": "active",
        "scope_mode": mode,
        "scopes": scopes,
        "created_at": created,
        "updated_at": created,
        "expires_at": null,
        "expires_in_seconds": null,
    }))
}
