//! The caller.

use http::StatusCode;
use serde_json::{Value, json};

use super::assets::OWNER;
use crate::door::Call;
use crate::reply::{Answer, Reply, data};
use crate::state::State;
use crate::world::World;

fn view(state: &State) -> Value {
    json!({
        "username": OWNER,
        "email": "user@example.com",
        "first_name": "Simulated",
        "last_name": "User",
        "billing_type": "wallet",
        "wallet": {
            "currency": "usd",
            "remaining_balance": state.wallet.balance(),
            "auto_reload": {"enabled": false, "threshold_usd": null, "amount_usd": null},
        },
        "subscription": null,
        "usage_based": null,
    })
}

pub(super) fn get(_: &World, state: &mut State, _: &Call) -> Answer {
    data(view(state))
}

pub(super) fn get_legacy(_: &World, state: &mut State, _: &Call) -> Answer {
    let body = json!({"code": 100, "data": view(state), "message": "Success"});
    Ok(Reply::json(StatusCode::OK, body))
}
