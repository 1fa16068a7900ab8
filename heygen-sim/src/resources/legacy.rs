//! The operations of v1 and v2 that differ from v3. They respond only if the option `legacy` is set.

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::bounded_json;
use crate::call::Call;
use crate::catalogue::{catalogue, language};
use crate::env::Env;
use crate::jobs;
use crate::links::link;
use crate::marker::Marker;
use crate::model::job::{Job, Kind};
use crate::reply::Reply;
use crate::resources::{inputs, translations, video_agents, videos};
use crate::schedule::{Schedule, Stage};
use crate::state::State;

/// Duration of a workflow execution, in seconds.
const EXECUTION_TIME: u64 = 60;

pub(super) fn video_agent(env: &Env, state: &mut State, call: &Call) -> Answer {
    let (session, video) = video_agents::begin(env, state, call)?;
    // This operation always returns a video id. If the session creates no video, use the id of the session.
    let video = video.unwrap_or_else(|| session.clone());
    let body = json!({"error": null, "data": {"session_id": session, "video_id": video}});
    Ok(Reply::json(http::StatusCode::OK, body))
}

pub(super) fn video(env: &Env, state: &mut State, call: &Call) -> Answer {
    let sources: Vec<&str> = ["avatar_id", "image_url", "image_asset_id"]
        .into_iter()
        .filter(|name| call.text(name).is_some())
        .collect();
    match sources.as_slice() {
        [_] => videos::create(env, state, call),
        [] => {
            Err(ApiError::invalid("avatar_id", "one of avatar_id, image_url and image_asset_id is required"))
        }
        [_, second, ..] => {
            Err(ApiError::invalid(*second, "avatar_id, image_url and image_asset_id exclude one another"))
        }
    }
}

pub(super) fn translate(env: &Env, state: &mut State, call: &Call) -> Answer {
    let one = call.text("output_language");
    let several = call.body.get("output_languages").and_then(Value::as_array);
    let wanted: Vec<&str> = match (one, several) {
        (Some(one), None) => vec![one],
        (None, Some(several)) if !several.is_empty() => several.iter().filter_map(Value::as_str).collect(),
        (Some(_), Some(_)) => {
            let message = "output_language and output_languages exclude one another";
            return Err(ApiError::invalid("output_languages", message));
        }
        _ => {
            return Err(ApiError::invalid(
                "output_language",
                "output_language or output_languages is required",
            ));
        }
    };
    inputs::check_languages("output_languages", wanted.len())?;
    let mut body = call.body.clone();
    // Convert the request to that of v3.
    let names: Result<Vec<Value>, ApiError> = wanted
        .iter()
        .map(|text| language(text).map(|language| json!(language.name)))
        .map(|name| name.ok_or_else(|| ApiError::invalid("output_language", "no such language")))
        .collect();
    body["output_languages"] = names?.into();
    let outputs = translations::check(env, state, &body, call.now)?;
    let ids = translations::submit_all(env, state, &body, &outputs, call.now)?;
    let single = ids.first().filter(|_| ids.len() == 1);
    data(json!({"video_translate_id": single, "video_translate_ids": (ids.len() > 1).then_some(&ids)}))
}

/// Responds with a video, or with a translation, which was polled by the same operation. The video of an agent session is
/// found from the creation of the session on.
pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("video_id");
    if let Some(session) = video_agents::placeholder_video(state, id, call.now) {
        return data(session);
    }
    // The video agent returns the id of a video that has not started.
    let agent = |job: &&Job| !job.sends_event && !job.deleted && job.visible > call.now;
    if let Some(job) = state.jobs(Kind::Video).get(id).filter(agent) {
        return data(videos::view(env, job, call.now));
    }
    let Ok(job) = state.job(Kind::Translation, id, call.now) else {
        return videos::get(env, state, call);
    };
    let mut video = videos::view(env, job, call.now);
    video["output_language"] = job.extra["output_language"].clone();
    // This operation shows translations with the statuses of videos.
    if video["status"] == "running" {
        video["status"] = json!("processing");
    }
    data(video)
}

pub(super) fn delete(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("video_id");
    if state.job(Kind::Translation, id, call.now).is_err() {
        return videos::delete(env, state, call);
    }
    jobs::delete(state, Kind::Translation, id, call.now)?;
    data(json!({"id": id, "deleted": true}))
}

pub(super) fn languages(_: &Env, _: &State, _: &Call) -> Answer {
    let codes: Vec<&str> = catalogue().languages.iter().map(|language| language.code.as_str()).collect();
    data(json!({"languages": codes}))
}

pub(super) fn caption(env: &Env, state: &State, call: &Call) -> Answer {
    let id = call.query.get("video_translate_id").map(String::as_str).unwrap_or_default();
    let job = state.job(Kind::Translation, id, call.now)?;
    if job.schedule.stage(call.now) != Stage::Done {
        return Err(ApiError::invalid("video_translate_id", "the translation is not completed"));
    }
    let kind = call.query.get("caption_type").map_or("srt", String::as_str);
    data(json!({"caption_url": link(env, &format!("{id}/captions.{kind}"))}))
}

pub(super) fn execute(env: &Env, state: &mut State, call: &Call) -> Answer {
    let known = |kind: &Value| super::graph::LEGACY_TYPES.iter().any(|known| kind == known);
    let steps = call.body["workflows"].as_array().cloned();
    let steps = steps.unwrap_or_else(|| vec![json!({"id": null, "type": call.body["workflow_type"]})]);
    if let Some(unknown) = steps.iter().find(|step| !known(&step["type"])) {
        return Err(ApiError::invalid("workflow_type", format!("no workflow type {}", unknown["type"])));
    }
    let id = env.id();
    let names: Vec<Value> = steps.iter().map(|step| step["id"].clone()).collect();
    let execution = json!({"created": call.now, "steps": names});
    let size = bounded_json::memory(&execution);
    state.executions.insert_sized(id.clone(), execution, size);
    data(json!({"execution_id": id, "status": "submitted"}))
}

pub(super) fn execution(env: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("execution_id");
    let missing = || ApiError::not_found("resource_not_found", format!("no execution {id}"));
    let execution = state.executions.get(id).ok_or_else(missing)?;
    let created = execution["created"].as_u64().unwrap_or_default();
    let schedule = Schedule::new(created, 5, EXECUTION_TIME - 5, &Marker::default());
    let status = match schedule.stage(call.now) {
        Stage::Waiting => "submitted",
        Stage::Running(_) => "running",
        Stage::Done | Stage::Failed => "completed",
    };
    let result = json!({"url": link(env, &format!("{id}/video.mp4"))});
    let done = status == "completed";
    let names: Vec<&str> =
        execution["steps"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let outputs: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), result.clone())).collect();
    data(json!({
        "execution_id": id,
        "status": status,
        "output": (done && names.is_empty()).then_some(&result),
        "outputs": (done && !names.is_empty()).then_some(outputs),
        "error": null,
    }))
}
