//! Comparisons of the quality of two videos, alone and in batches.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::marker::Marker;
use crate::model::batch::{Batch, Item};
use crate::model::job::{Job, Kind};
use crate::resources::paging::{limit, page_items};
use crate::resources::{batches, inputs};
use crate::schedule::Stage;
use crate::state::State;

/// The only version of the judge model that the simulator accepts.
const JUDGE: &str = "simulated-judge-2026-06-01";

pub(super) fn view(job: &Job, now: u64) -> Value {
    let done = job.schedule.stage(now) == Stage::Done;
    // `q1` is an old name of `engagement`. The model with the longer name wins, so that a test can choose the winner.
    let question = job.text("question_id").filter(|question| *question != "q1").unwrap_or("engagement");
    let (one, other) = (job.text("model_a").unwrap_or_default(), job.text("model_b").unwrap_or_default());
    let (winner, side) = if one.len() >= other.len() { (one, "a") } else { (other, "b") };
    let result = json!({
        "winner": winner,
        "winner_side": side,
        "confidence": 0.75,
        "model_a": one,
        "model_b": other,
        "question_id": question,
        "judge_model_version": JUDGE,
    });
    let failure = job.schedule.failure(now);
    json!({
        "comparison_id": job.id,
        "status": job.status(now),
        "result": done.then_some(result),
        "error": failure.map(|(code, message)| json!({"code": code, "message": message})),
    })
}

fn check(state: &State, body: &Value, now: u64) -> Result<(), ApiError> {
    let judge = body.get("judge_model_version").and_then(Value::as_str);
    if judge.is_some_and(|judge| judge != JUDGE) {
        return Err(ApiError::invalid("judge_model_version", format!("the only judge model is {JUDGE}")));
    }
    inputs::check(state, body, now)?;
    Marker::of(body).map(drop)
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    check(state, &call.body, call.now)?;
    let id = jobs::submit(env, state, call.now, NewJob::new(Kind::Comparison, &call.body))?;
    let job = state.job(Kind::Comparison, &id, call.now)?;
    data_with(StatusCode::ACCEPTED, view(job, call.now))
}

pub(super) fn get(_: &Env, state: &State, call: &Call) -> Answer {
    data(view(state.job(Kind::Comparison, call.id("comparison_id"), call.now)?, call.now))
}

pub(super) fn create_batch(env: &Env, state: &mut State, call: &Call) -> Answer {
    let bodies = call.body["comparisons"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (number, body) in bodies.iter().enumerate() {
        check(state, body, call.now).map_err(|refusal| refusal.below(&format!("comparisons.{number}")))?;
    }
    // All comparisons are valid, so create them.
    let mut items = Vec::new();
    for body in bodies {
        let id = jobs::submit(env, state, call.now, NewJob::new(Kind::Comparison, body))?;
        items.push(Item::of(id));
    }
    let batch = Batch::new(env.id(), Kind::Comparison, call, items);
    let answer = json!({"batch_id": batch.id, "status": "processing", "total_items": batch.items.len()});
    batches::keep(state, batch);
    data_with(StatusCode::ACCEPTED, answer)
}

pub(super) fn get_batch(_: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("batch_id");
    let batch = state.batches.get(id).filter(|batch| batch.kind == Kind::Comparison);
    let batch = batch.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no batch {id}")))?;
    let ids: Vec<String> = batch.items.iter().filter_map(|item| item.job.clone()).collect();
    let mut views = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        if let Some(job) = state.jobs(Kind::Comparison).get(id) {
            views.push(json!({"item_index": number, "comparison": view(job, call.now)}));
        }
    }
    let count = |status: &str| views.iter().filter(|item| item["comparison"]["status"] == status).count();
    let (processing, completed, failed) = (count("processing"), count("completed"), count("failed"));
    let status = match (processing, completed) {
        (0, 0) => "failed",
        (0, _) => "completed",
        _ => "processing",
    };
    let total = ids.len();
    let (items, next) = page_items(call, views, limit(call))?;
    data(json!({
        "batch_id": id,
        "status": status,
        "total_items": total,
        "counts": {"processing": processing, "completed": completed, "failed": failed},
        "items": items,
        "has_more": next.is_some(),
        "next_token": next,
    }))
}
