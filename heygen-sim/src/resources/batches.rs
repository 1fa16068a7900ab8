//! Batches: many jobs in one request, each on its own.

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
use crate::resources::paging::{limit, slice};
use crate::resources::{inputs, lipsyncs, translations, videos};
use crate::schedule::{Schedule, Stage};
use crate::state::State;
use crate::timeline::Due;
use crate::{events, retention};

/// Items that are made at once; the others wait for their turn, which comes so many milliseconds later.
const WAVE: usize = 10;
const WAVE_TAKES: u64 = 60 * 1000;

/// Milliseconds until the first items exist.
const QUEUED: u64 = 5 * 1000;

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

/// Where an item stands: status, id of the resource once there is one, and the error.
pub(super) type Standing = (&'static str, Option<String>, Option<Value>);

/// The standing of one item.
pub(super) fn standing(state: &mut State, kind: Kind, item: &Item, now: u64) -> Standing {
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

/// All items with their standings.
pub(super) fn standings(state: &mut State, kind: Kind, id: &str, now: u64) -> Vec<Standing> {
    let batch = state.batches.get(id).filter(|batch| batch.kind == kind);
    let items = batch.map(|batch| batch.items.clone()).unwrap_or_default();
    items.iter().map(|item| standing(state, kind, item, now)).collect()
}

/// Processing while an item is; failed when every item failed.
fn aggregate(statuses: &[&str]) -> &'static str {
    if statuses.iter().any(|status| matches!(*status, "queued" | "processing")) {
        "processing"
    } else if statuses.iter().all(|status| *status == "failed") {
        "failed"
    } else {
        "completed"
    }
}

/// The statuses of all items, and how many have each. An item whose resource was deleted since is over.
fn statuses(standings: &[Standing]) -> (Vec<&'static str>, BTreeMap<&'static str, usize>) {
    let status = |standing: &Standing| if standing.0 == "not_found" { "completed" } else { standing.0 };
    let statuses: Vec<&str> = standings.iter().map(status).collect();
    let mut counts = BTreeMap::new();
    statuses.iter().for_each(|status| *counts.entry(*status).or_default() += 1);
    (statuses, counts)
}

fn get(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let id = call.id("batch_id");
    let batch = state.batches.get(id).filter(|batch| batch.kind == kind);
    let batch = batch.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no batch {id}")))?;
    let (title, created) = (batch.title.clone(), batch.created / 1000);
    let standings = standings(state, kind, id, call.now);
    let (statuses, counts) = statuses(&standings);
    let items = standings.iter().zip(&statuses).enumerate().map(|(number, ((_, id, error), status))| {
        json!({"item_index": number, "video_id": id, "status": status, "error": error})
    });
    let (items, next) = slice(call, items.collect(), limit(call))?;
    data(json!({
        "batch_id": id,
        "title": title,
        "status": aggregate(&statuses),
        "created_at": created,
        "total_items": statuses.len(),
        "counts_by_status": counts,
        "items": items,
        "has_more": next.is_some(),
        "next_token": next,
    }))
}

pub(super) fn get_videos(_: &Env, state: &mut State, call: &Call) -> Answer {
    get(state, call, Kind::Video)
}

pub(super) fn get_translations(_: &Env, state: &mut State, call: &Call) -> Answer {
    get(state, call, Kind::Translation)
}

pub(super) fn get_lipsyncs(_: &Env, state: &mut State, call: &Call) -> Answer {
    get(state, call, Kind::Lipsync)
}

pub(super) fn get_assets(_: &Env, state: &mut State, call: &Call) -> Answer {
    get(state, call, Kind::Asset)
}

/// Keeps a batch; of one that has to go for it nothing more is heard.
pub(super) fn keep(state: &mut State, batch: Batch) {
    if let Some(oldest) = state.batches.insert(batch.id.clone(), batch) {
        state.forget(&oldest);
    }
}

/// When an item's turn comes, in milliseconds from now.
fn turn(number: usize) -> u64 {
    QUEUED + (number / WAVE) as u64 * WAVE_TAKES
}

/// What came of an item; one that is not in order fails alone. It is asked for at once: a job may soon have to go.
fn item(state: &mut State, kind: Kind, made: Result<String, ApiError>) -> Item {
    match made {
        Ok(id) => {
            let schedule = state.jobs(kind).get(&id).map(|job| job.schedule.clone());
            Item { schedule, ..Item::of(id) }
        }
        Err(refusal) => Item { job: None, schedule: None, error: Some(refusal.brief()) },
    }
}

/// Puts a batch together.
fn submit(env: &Env, state: &mut State, call: &Call, kind: Kind, items: Vec<Item>) -> Answer {
    let batch = Batch::new(env.id(), kind, call, items);
    let id = batch.id.clone();
    let ends: Vec<Option<u64>> =
        batch.items.iter().filter_map(|item| item.schedule.as_ref()).map(Schedule::ends).collect();
    // A batch with an item that never ends never ends.
    if ends.iter().all(Option::is_some) {
        let last = ends.into_iter().flatten().max().unwrap_or(call.now);
        state.schedule(last, Due::Batch(kind, id.clone()));
        env.wake.notify_one();
    }
    keep(state, batch);
    data_with(StatusCode::ACCEPTED, json!({"batch_id": id}))
}

/// Its last item is over: so is the batch, and its callback hears of it. That is scheduled once, when the batch is made.
pub(crate) fn finish(env: &Env, state: &mut State, kind: Kind, id: &str, then: u64) {
    let (statuses, counts) = statuses(&standings(state, kind, id, then));
    let status = aggregate(&statuses);
    let Some(batch) = state.batches.get(id) else { return };
    let callback = batch.callback_url.clone();
    let data =
        json!({"batch_id": id, "status": status, "total_items": statuses.len(), "counts_by_status": counts});
    events::emit(env, state, then, "batch.finished", &[id], data, callback.as_deref());
}

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
        let made = videos::submit(env, state, body, call.now, turn(number)).map(|(id, _)| id);
        items.push(item(state, Kind::Video, made));
    }
    submit(env, state, call, Kind::Video, items)
}

pub(super) fn create_lipsyncs(env: &Env, state: &mut State, call: &Call) -> Answer {
    check_callback(state, call)?;
    let mut items = Vec::new();
    for (number, body) in bodies(call, "lipsyncs").iter().enumerate() {
        let made = lipsyncs::submit(env, state, body, call.now, turn(number));
        items.push(item(state, Kind::Lipsync, made));
    }
    submit(env, state, call, Kind::Lipsync, items)
}

pub(super) fn create_translations(env: &Env, state: &mut State, call: &Call) -> Answer {
    check_callback(state, call)?;
    let bodies = bodies(call, "video_translations");
    let wanted = |body: &Value| body["output_languages"].as_array().map_or(0, Vec::len);
    let total: usize = bodies.iter().map(wanted).sum();
    if total > MAX_ITEMS {
        let message =
            format!("{total} items after the languages are counted one by one; {MAX_ITEMS} are possible");
        return Err(ApiError::invalid("video_translations", message));
    }
    let mut items = Vec::new();
    for body in bodies {
        match translations::check(env, state, body, call.now) {
            Ok(languages) => {
                let kept = Arc::new(retention::retained(body));
                for language in languages {
                    let queued = turn(items.len());
                    let made = translations::submit(env, state, body, &kept, &language, call.now, queued);
                    items.push(item(state, Kind::Translation, made));
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
