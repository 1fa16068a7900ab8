//! Executes what is due: ends of jobs, looks, session turns and batches, and webhook deliveries.

use serde_json::json;

use crate::env::Env;
use crate::events::emit;
use crate::model::job::{Job, Kind};
use crate::resources::{batches, video_agents};
use crate::schedule::Stage;
use crate::state::State;
use crate::timeline::Due;
use crate::{events, payloads};

/// Executes everything that is due at `now`, in the order of the times.
pub(crate) fn run_due(env: &Env, state: &mut State, now: u64) {
    while let Some((at, due)) = state.take_due(now) {
        match due {
            Due::Job(kind, id) => end_job(env, state, kind, &id, at),
            Due::Look(id) => end_look(env, state, &id, at),
            Due::Session(id) => video_agents::end_turn(env, state, &id, at),
            Due::Batch(kind, id) => batches::finish(env, state, kind, &id, at),
            Due::Attempt(attempt) => {
                state.deliveries.enqueue(*attempt);
                env.wake.notify_one();
            }
        }
    }
}

/// Ends a job: frees its slot, refunds its price if it failed, and sends its event.
fn end_job(env: &Env, state: &mut State, kind: Kind, id: &str, at: u64) {
    state.jobs_mut(kind).end(id);
    // A podcast that is deleted while it runs is still created, and its callback is sent.
    let ends = |job: &&Job| (!job.deleted || kind == Kind::Podcast) && job.schedule.is_over(at);
    let Some(job) = state.jobs(kind).get(id).filter(ends) else { return };
    let failed = job.schedule.stage(at) == Stage::Failed;
    let (charge, sends_event) = (job.charge, job.sends_event);
    let (data, callback) = (payloads::for_job(env, job, at), job.text("callback_url").map(str::to_owned));
    state.running.release_ended(at);
    if failed {
        state.wallet.refund(charge);
    }
    if let (Some((success, fail)), true) = (kind.spec().events, sends_event) {
        let event_type = if failed { fail } else { success };
        if !kind.spec().callback_only {
            emit(env, state, at, event_type, &[id], data, callback.as_deref());
        } else if let Some(callback) = callback {
            events::send_callback(env, state, at, event_type, &data, callback);
        }
    }
}

/// Ends the training of a look: refunds its price if it failed, and sends its event.
fn end_look(env: &Env, state: &mut State, id: &str, at: u64) {
    let Some(look) = state.looks.get(id) else { return };
    let Some(schedule) = &look.schedule else { return };
    let kind = if look.avatar_type == "digital_twin" { "instant_avatar" } else { "photo_avatar_generation" };
    let failed = schedule.stage(at) == Stage::Failed;
    let event_type = format!("{kind}.{}", if failed { "fail" } else { "success" });
    let mut data = json!({"id": id, "avatar_id": id, "group_id": look.group_id});
    if let Some((code, message)) = schedule.failure(at) {
        data["error"] = json!({"code": code, "message": message});
    }
    let (group, charge) = (look.group_id.clone(), look.charge);
    if failed {
        state.wallet.refund(charge);
    }
    emit(env, state, at, &event_type, &[id, &group], data, None);
}
