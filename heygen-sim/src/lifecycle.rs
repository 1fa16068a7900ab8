//! What happens when something is due.

use serde_json::json;

use crate::env::Env;
use crate::events::emit;
use crate::model::job::{Job, Kind};
use crate::resources::{avatars, batches, video_agents};
use crate::schedule::Stage;
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;
use crate::{events, payloads};

/// Lets everything happen that is due, in its order.
pub(crate) fn settle(env: &Env, state: &mut State, now: u64) {
    while let Some((then, due)) = state.take_due(now) {
        match due {
            Due::Job(kind, id) => finish(env, state, kind, &id, then),
            Due::Look(id) => look_is_over(env, state, &id, then),
            Due::Session(id) => video_agents::turn_is_over(env, state, &id, then),
            Due::Batch(kind, id) => batches::check(env, state, kind, &id, then),
            Due::Attempt(attempt) => {
                state.deliveries.hand_out(*attempt);
                env.wake.notify_one();
            }
        }
    }
}

/// A job's end has come.
fn finish(env: &Env, state: &mut State, kind: Kind, id: &str, then: u64) {
    state.jobs(kind).end(id);
    // A podcast that is deleted while it is made is made all the same, and its callback hears of it.
    let goes_on = |job: &&Job| (!job.deleted || kind == Kind::Podcast) && job.schedule.is_over(then);
    let Some(job) = state.jobs(kind).get(id).filter(goes_on) else { return };
    let failed = job.schedule.stage(then) == Stage::Failed;
    let (charge, announced) = (job.charge, job.announced);
    let (data, callback) = (payloads::of_job(env, job, then), job.text("callback_url").map(str::to_owned));
    state.running.vacate_ended(then);
    if failed {
        state.wallet.refund(charge);
    }
    if let (Some((success, fail)), true) = (kind.spec().events, announced) {
        let event_type = if failed { fail } else { success };
        if !kind.spec().unlisted {
            emit(env, state, then, event_type, &[id], data, callback.as_deref());
        } else if let Some(callback) = callback {
            events::call_back(env, state, then, event_type, &data, callback);
        }
    }
}

/// A look is ready, or its training failed.
fn look_is_over(env: &Env, state: &mut State, id: &str, then: u64) {
    let Some(look) = state.looks.get(id) else { return };
    let Some(schedule) = &look.schedule else { return };
    let kind = if look.avatar_type == "digital_twin" { "instant_avatar" } else { "photo_avatar_generation" };
    let failed = schedule.stage(then) == Stage::Failed;
    let event_type = format!("{kind}.{}", if failed { "fail" } else { "success" });
    let mut data = json!({"id": id, "avatar_id": id, "group_id": look.group_id});
    if let Some((code, message)) = schedule.failure(then) {
        data["error"] = json!({"code": code, "message": message});
    }
    let group = look.group_id.clone();
    if failed {
        state.wallet.refund(dollars(avatars::PRICE));
    }
    emit(env, state, then, &event_type, &[id, &group], data, None);
}
