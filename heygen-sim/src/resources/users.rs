//! The user of the API key.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::call::Call;
use crate::env::Env;
use crate::reply::Reply;
use crate::resources::assets::OWNER;
use crate::state::State;

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

pub(super) fn get(_: &Env, state: &State, _: &Call) -> Answer {
    data(view(state))
}

pub(super) fn get_legacy(_: &Env, state: &State, _: &Call) -> Answer {
    let body = json!({"code": 100, "data": view(state), "message": "Success"});
    Ok(Reply::json(StatusCode::OK, body))
}
