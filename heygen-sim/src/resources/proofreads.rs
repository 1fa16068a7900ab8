//! Proofreads: subtitles that can be edited before the translation is rendered.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::catalogue::language;
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::marker::Marker;
use crate::model::job::{Job, Kind};
use crate::resources::paging::page;
use crate::resources::translations::Output;
use crate::resources::{glossaries, inputs, translations};
use crate::schedule::Stage;
use crate::state::State;
use crate::{jobs, retention};

pub(super) fn view(job: &Job, now: u64) -> Value {
    json!({
        "id": job.id,
        "title": job.title,
        "status": job.status(now),
        "input_language": "en",
        "output_language": job.extra["output_language"],
        "created_at": job.schedule.created_at(),
        "submitted_for_review": false,
        "failure_message": job.failure_message(now),
    })
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    glossaries::check(state, &call.body)?;
    let wanted = call.body["output_languages"].as_array().map(Vec::as_slice).unwrap_or_default();
    inputs::check_languages("output_languages", wanted.len())?;
    let wanted = wanted.iter().filter_map(Value::as_str);
    let named = wanted.enumerate().map(|(number, text)| {
        let message = format!("`{text}` is not a language");
        language(text).ok_or_else(|| ApiError::invalid(format!("output_languages.{number}"), message))
    });
    let outputs = translations::outputs(&call.body, &named.collect::<Result<Vec<_>, _>>()?)?;
    let retained = Arc::new(retention::retained(&call.body));
    let mut ids = Vec::new();
    for output in outputs {
        let new_job = NewJob {
            retained: Some(&retained),
            marker: Some(output.marker),
            ..NewJob::new(Kind::Proofread, &call.body).with_extra(json!({"output_language": output.code}))
        };
        ids.push(jobs::submit(env, state, call.now, new_job)?);
    }
    data(json!({"proofread_ids": ids, "status": "processing"}))
}

pub(super) fn get(_: &Env, state: &State, call: &Call) -> Answer {
    data(view(state.job(Kind::Proofread, call.id("proofread_id"), call.now)?, call.now))
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Proofread), |job| (!job.deleted).then(|| view(job, call.now)))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("proofread_id");
    jobs::delete(state, Kind::Proofread, id, call.now)?;
    data(json!({"id": id}))
}

/// A completed proofread, or an error.
fn completed<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Job, ApiError> {
    let job = state.job_mut(Kind::Proofread, call.id("proofread_id"), call.now)?;
    match job.schedule.stage(call.now) {
        Stage::Done => Ok(job),
        Stage::Failed => Err(ApiError::conflict("the proofread has failed")),
        _ => {
            let message = format!("the proofread is {}", job.status(call.now));
            Err(ApiError::new(http::StatusCode::CONFLICT, "resource_not_ready", message))
        }
    }
}

pub(super) fn subtitles(env: &Env, state: &mut State, call: &Call) -> Answer {
    let job = completed(state, call)?;
    // Edited subtitles are an asset or a URL.
    let edited = match (job.extra["srt"]["asset_id"].as_str(), job.extra["srt"]["url"].as_str()) {
        (Some(asset), _) => link(env, &format!("{asset}/original.srt")),
        (None, Some(url)) => url.to_owned(),
        (None, None) => link(env, &format!("{}/captions.srt", job.id)),
    };
    data(json!({"srt_url": edited, "original_srt_url": link(env, &format!("{}/original.srt", job.id))}))
}

pub(super) fn replace_subtitles(_: &Env, state: &mut State, call: &Call) -> Answer {
    completed(state, call)?;
    inputs::check(state, &call.body, call.now)?;
    let job = completed(state, call)?;
    job.extra["srt"] = call.body["srt"].clone();
    data(view(job, call.now))
}

pub(super) fn generate(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let job = completed(state, call)?;
    let language = job.extra["output_language"].as_str().and_then(language);
    let code = language.map_or("", |language| language.code.as_str());
    let mut body = Value::clone(&job.body);
    // The markers of the title controlled the proofread. They do not control the translation.
    let output = Output { code, marker: Marker::default() };
    for member in ["callback_id", "callback_url", "translate_audio_only"] {
        body[member] = call.body.get(member).cloned().unwrap_or(Value::Null);
    }
    let retained = Arc::new(retention::retained(&body));
    let id = translations::submit(env, state, &body, &retained, &output, call.now, 0)?;
    data(json!({"video_translation_id": id, "status": "processing"}))
}
