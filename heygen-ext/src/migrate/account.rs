//! The user and the remaining quota.

use heygen_api::operations;
use http::StatusCode;
use serde_json::{Value, json};

use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable, same_data};

/// `GET /v2/user/remaining_quota`.
pub(crate) const QUOTA: Conversion = Conversion { forward: read, back: quota };
/// `GET /v1/user/me`.
pub(crate) const ME: Conversion = Conversion { forward: read, back: same_data };

/// The old service counted seconds of video: one credit was one minute.
const SECONDS_OF_A_CREDIT: f64 = 60.0;

fn read(planning: &Planning<'_>) -> Option<()> {
    planning.request(PlannedRequest::new(&operations::GET_CURRENT_USER, "reads the user and the balance"));
    Some(())
}

/// The credits of a user. `None` if the balance is not in credits.
fn credits(user: &Value) -> Option<f64> {
    let number = |pointer: &str| user.pointer(pointer).and_then(Value::as_f64);
    match user.get("billing_type").and_then(Value::as_str)? {
        "subscription" => {
            let pools = ["premium_credits", "add_on_credits"]
                .map(|pool| number(&format!("/subscription/credits/{pool}/remaining")));
            pools.iter().any(Option::is_some).then(|| pools.into_iter().flatten().sum())
        }
        "usage_based" => number("/usage_based/remaining_credits"),
        "wallet" if user.pointer("/wallet/currency")? == "credits" => number("/wallet/remaining_balance"),
        _ => None,
    }
}

fn quota(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let user = answers.data(0);
    let Some(credits) = credits(user) else {
        let billing = user.get("billing_type").and_then(Value::as_str);
        let problem = match (billing, user.get("wallet")) {
            (Some("wallet"), Some(wallet)) => {
                let currency =
                    wallet.get("currency").and_then(Value::as_str).unwrap_or("an unknown currency");
                let currency = if currency == "usd" { "US dollars" } else { currency };
                let balance = wallet.get("remaining_balance").unwrap_or(&Value::Null);
                format!(
                    "this account pays in {currency} ({balance} are left), and v2 counted seconds of credits"
                )
            }
            _ => "the service does not report the remaining credits of this account".to_owned(),
        };
        return Err(Unanswerable::new(
            StatusCode::NOT_IMPLEMENTED,
            "quota_not_convertible",
            format!("{problem}; read the balance with `GET /v3/users/me`"),
        ));
    };
    #[expect(clippy::cast_possible_truncation, reason = "a quota is far below 2^53")]
    let seconds = (credits * SECONDS_OF_A_CREDIT).floor() as i64;
    Ok(json!({
        "remaining_quota": seconds,
        "details": {
            "api": seconds,
            "streaming_avatar": 0,
            "streaming_avatar_instance_quota": 0,
            "seat": 0,
            "avatar_iv": 0,
            "plan_credit": 0,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_in_seconds() {
        let pools = |premium: Value, add_on: Value| {
            let credits =
                json!({"premium_credits": {"remaining": premium}, "add_on_credits": {"remaining": add_on}});
            json!({"billing_type": "subscription", "subscription": {"plan": "pro", "credits": credits}})
        };
        for (user, seconds) in [
            (pools(json!(100), json!(20)), Some(7200)),
            (pools(json!(1), Value::Null), Some(60)),
            (pools(Value::Null, Value::Null), None),
            (json!({"billing_type": "usage_based", "usage_based": {"remaining_credits": 2.5}}), Some(150)),
            (json!({"billing_type": "usage_based", "usage_based": {"remaining_credits": null}}), None),
            (
                json!({"billing_type": "wallet", "wallet": {"currency": "credits", "remaining_balance": 3}}),
                Some(180),
            ),
            (
                json!({"billing_type": "wallet", "wallet": {"currency": "usd", "remaining_balance": 12.5}}),
                None,
            ),
            (json!({"billing_type": null}), None),
            (json!({}), None),
        ] {
            let bodies = [json!({"data": user})];
            let request = Default::default();
            let answers = Answers { request: &request, bodies: &bodies, now: 0, remembered: None };
            let outcome = quota(&answers);
            assert_eq!(
                outcome.as_ref().ok().and_then(|data| data["remaining_quota"].as_i64()),
                seconds,
                "{user}"
            );
            if let Err(problem) = outcome {
                assert_eq!(problem.code, "quota_not_convertible");
            }
        }
    }
}
