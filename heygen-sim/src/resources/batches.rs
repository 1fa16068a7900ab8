//! Batches: many jobs in one request. Each job succeeds or fails independently.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::model::batch::{Batch, Item, MAX_ITEMS};
use crate::model::job::Kind;
use crate::resources::paging::{limit, page_items};
use crate::resources::{inputs, lipsyncs, translations, videos};
use crate::schedule::{Schedule, Stage};
use crate::state::State;
use crate::timeline::Due;
use crate::{events, retention};

/// Number of items that start together.
const WAVE_SIZE: usize = 10;

/// Time from one wave of items to the next, in milliseconds.
const WAVE_INTERVAL: u64 = 60 * 1000;

/// What an item occupies, in bytes.
const ITEM_SIZE: usize = 300;

/// Time until the first items start, in milliseconds.
const QUEUE_TIME: u64 = 5 * 1000;

impl Batch {
    pub(crate) fn new(id: String, kind: Kind, call: &Call, items: Vec<Item>) -> Self {
        Self {
            id,
            kind,
            items,
            title: call.text("title").map(str::to_owned),
            callback_url: call.text("callback_url").map(str::to_owned),
            created: call.now,
        }
    }
}

/// Status of an item, id of its resource if it exists, and error.
pub(super) type ItemStatus = (&'static str, Option<String>, Option<Value>);

/// The status of one item.
pub(super) fn item_status(state: &State, kind: Kind, item: &Item, now: u64) -> ItemStatus {
    let Some(id) = &item.job else { return ("failed", None, item.error.clone()) };
    if kind == Kind::Asset {
        return match state.assets.get(id).map(|asset| asset.status(now)) {
            Some((status, error)) => (status, Some(id.clone()), error),
            None => ("not_found", Some(id.clone()), None),
        };
    }
    let schedule = match state.jobs(kind).get(id) {
        Some(job) => Some(&job.schedule).filter(|_| !job.deleted).cloned(),
        None => item.schedule.clone(),
    };
    let Some(schedule) = schedule.filter(|_| !state.deleted.contains(id)) else {
        return ("not_found", Some(id.clone()), None);
    };
    if schedule.created > now {
        return ("queued", None, None);
    }
    let status = match schedule.stage(now) {
        Stage::Waiting | Stage::Running(_) => "processing",
        Stage::Done => "completed",
        Stage::Failed => "failed",
    };
    let error = schedule.failure(now).map(|(code, message)| json!({"code": code, "message": message}));
    (status, Some(id.clone()), error)
}

/// The statuses of all items of a batch.
pub(super) fn item_statuses(state: &State, kind: Kind, id: &str, now: u64) -> Vec<ItemStatus> {
    let batch = state.batches.get(id).filter(|batch| batch.kind == kind);
    let items = batch.map(|batch| batch.items.clone()).unwrap_or_default();
    items.iter().map(|item| item_status(state, kind, item, now)).collect()
}

/// The status of a batch: `processing` while an item is, `failed` if every item failed, otherwise `completed`.
fn batch_status(statuses: &[&str]) -> &'static str {
    if statuses.iter().any(|status| matches!(*status, "queued" | "processing")) {
        "processing"
    } else if statuses.iter().all(|status| *status == "failed") {
        "failed"
    } else {
        "completed"
    }
}

/// The statuses of all items, and the number of items with each. An item whose resource was deleted counts as completed.
fn statuses(item_statuses: &[ItemStatus]) -> (Vec<&'static str>, BTreeMap<&'static str, usize>) {
    let status =
        |item_status: &ItemStatus| if item_status.0 == "not_found" { "completed" } else { item_status.0 };
    let statuses: Vec<&str> = item_statuses.iter().map(status).collect();
    let mut counts = BTreeMap::new();
    statuses.iter().for_each(|status| *counts.entry(*status).or_default() += 1);
    (statuses, counts)
}

/// Responds with a batch of this kind.
fn get(state: &State, call: &Call, kind: Kind) -> Answer {
    let id = call.id("batch_id");
    let batch = state.batches.get(id).filter(|batch| batch.kind == kind);
    let batch = batch.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no batch {id}")))?;
    let (title, created) = (batch.title.clone(), batch.created / 1000);
    let item_statuses = item_statuses(state, kind, id, call.now);
    let (statuses, counts) = statuses(&item_statuses);
    let items = item_statuses.iter().zip(&statuses).enumerate().map(|(number, ((_, id, error), status))| {
        json!({"item_index": number, "video_id": id, "status": status, "error": error})
    });
    let (items, next) = page_items(call, items.collect(), limit(call))?;
    data(json!({
        "batch_id": id,
        "title": title,
        "status": batch_status(&statuses),
        "created_at": created,
        "total_items": statuses.len(),
        "counts_by_status": counts,
        "items": items,
        "has_more": next.is_some(),
        "next_token": next,
    }))
}

pub(super) fn get_videos(_: &Env, state: &State, call: &Call) -> Answer {
    get(state, call, Kind::Video)
}

pub(super) fn get_translations(_: &Env, state: &State, call: &Call) -> Answer {
    get(state, call, Kind::Translation)
}

pub(super) fn get_lipsyncs(_: &Env, state: &State, call: &Call) -> Answer {
    get(state, call, Kind::Lipsync)
}

pub(super) fn get_assets(_: &Env, state: &State, call: &Call) -> Answer {
    get(state, call, Kind::Asset)
}

/// Stores a batch. If an older batch is removed to make room, its end is unscheduled.
pub(super) fn keep(state: &mut State, batch: Batch) {
    let size = batch.items.len() * ITEM_SIZE;
    for (oldest, _) in state.batches.insert_sized(batch.id.clone(), batch, size) {
        state.unschedule(&oldest);
    }
}

/// Time until an item starts, in milliseconds.
fn start_delay(number: usize) -> u64 {
    QUEUE_TIME + (number / WAVE_SIZE) as u64 * WAVE_INTERVAL
}

/// The item for a submitted job, or for an error. It copies the schedule of the job, which may be removed to free memory.
fn item(state: &mut State, kind: Kind, submitted: Result<String, ApiError>) -> Item {
    match submitted {
        Ok(id) => {
            let schedule = state.jobs(kind).get(&id).map(|job| job.schedule.clone());
            Item { schedule, ..Item::of(id) }
        }
        Err(refusal) => Item { job: None, schedule: None, error: Some(refusal.brief()) },
    }
}

/// Creates a batch, and schedules its end.
fn submit(env: &Env, state: &mut State, call: &Call, kind: Kind, items: Vec<Item>) -> Answer {
    let batch = Batch::new(env.id(), kind, call, items);
    let id = batch.id.clone();
    let ends: Vec<Option<u64>> =
        batch.items.iter().filter_map(|item| item.schedule.as_ref()).map(Schedule::ends).collect();
    // If an item does not end, the batch does not end either.
    if ends.iter().all(Option::is_some) {
        let last = ends.into_iter().flatten().max().unwrap_or(call.now);
        state.schedule(last, Due::Batch(kind, id.as_str().into()));
        env.wake.notify_one();
    }
    keep(state, batch);
    data_with(StatusCode::ACCEPTED, json!({"batch_id": id}))
}

/// Ends a batch when its last item has ended, and sends its event. It is scheduled once, when the batch is created.
pub(crate) fn finish(env: &Env, state: &mut State, kind: Kind, id: &str, at: u64) {
    let (statuses, counts) = statuses(&item_statuses(state, kind, id, at));
    let status = batch_status(&statuses);
    let Some(batch) = state.batches.get(id) else { return };
    let callback = batch.callback_url.clone();
    let data =
        json!({"batch_id": id, "status": status, "total_items": statuses.len(), "counts_by_status": counts});
    events::emit(env, state, at, "batch.finished", &[id], data, callback.as_deref());
}

/// The bodies of the items.
fn bodies<'a>(call: &'a Call, name: &str) -> &'a [Value] {
    call.body[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn check_callback(state: &State, call: &Call) -> Result<(), ApiError> {
    let callback = json!({"callback_url": call.body.get("callback_url")});
    inputs::check(state, &callback, call.now)
}

pub(super) fn create_videos(env: &Env, state: &mut State, call: &Call) -> Answer {
    check_callback(state, call)?;
    let mut items = Vec::new();
    for (number, body) in bodies(call, "videos").iter().enumerate() {
        let submitted = videos::submit(env, state, body, call.now, start_delay(number)).map(|(id, _)| id);
        items.push(item(state, Kind::Video, submitted));
    }
    submit(env, state, call, Kind::Video, items)
}

pub(super) fn create_lipsyncs(env: &Env, state: &mut State, call: &Call) -> Answer {
    check_callback(state, call)?;
    let mut items = Vec::new();
    for (number, body) in bodies(call, "lipsyncs").iter().enumerate() {
        let submitted = lipsyncs::submit(env, state, body, call.now, start_delay(number));
        items.push(item(state, Kind::Lipsync, submitted));
    }
    submit(env, state, call, Kind::Lipsync, items)
}

pub(super) fn create_translations(env: &Env, state: &mut State, call: &Call) -> Answer {
    check_callback(state, call)?;
    let bodies = bodies(call, "video_translations");
    let wanted = |body: &Value| body["output_languages"].as_array().map_or(0, Vec::len);
    let total: usize = bodies.iter().map(wanted).sum();
    if total > MAX_ITEMS {
        let message = format!("{total} items, counting one for each language; the maximum is {MAX_ITEMS}");
        return Err(ApiError::invalid("video_translations", message));
    }
    let mut items = Vec::new();
    for body in bodies {
        match translations::check(env, state, body, call.now) {
            Ok(outputs) => {
                let kept = Arc::new(retention::retained(body));
                for output in outputs {
                    let queued = start_delay(items.len());
                    let submitted = translations::submit(env, state, body, &kept, &output, call.now, queued);
                    items.push(item(state, Kind::Translation, submitted));
                }
            }
            Err(refusal) => {
                let failed = item(state, Kind::Translation, Err(refusal));
                items.extend(vec![failed; wanted(body)]);
            }
        }
    }
    submit(env, state, call, Kind::Translation, items)
}
