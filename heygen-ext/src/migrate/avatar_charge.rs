//! The charge for the creation of an avatar, in calls that were free of charge.

use super::cost::CostChange;
use super::planning::Planning;

/// Records that v3 charges for a call that was free of charge. With the strict policy, it takes an option.
pub(crate) fn charge(planning: &Planning<'_>, call: &str) -> Option<()> {
    let charged = format!(
        "{call} was free of charge, and v3 charges for the creation of an avatar, each time: \
         https://developers.heygen.com has the price; for one video, send the picture itself: `POST /v1/asset`, and then \
         `POST /v2/video/av4/generate` with its `image_key`"
    );
    if planning.options.refuses_avatar_charges() {
        planning.body().problem_with_code(
            "charge_not_accepted",
            format!(
                "{charged}; accept the charge with `MigrateOptions::accept_avatar_charges`, or start the gateway with \
                 `--accept-avatar-charges`"
            ),
        );
        return None;
    }
    planning.cost(CostChange::More, charged);
    Some(())
}
