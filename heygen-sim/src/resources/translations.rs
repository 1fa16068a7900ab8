//! Video translations. Each language is a job.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::catalogue::{Language, catalogue};
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::marker::Marker;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::paging::page;
use crate::resources::{glossaries, inputs};
use crate::state::State;
use crate::wallet::dollars;
use crate::{jobs, retention};

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let audio_only = job.body.get("translate_audio_only") == Some(&Value::Bool(true));
    let ready = job.schedule.has_links(now);
    let link = |name: &str| ready.then(|| link(env, &job.file(name)));
    let done = job.schedule.ended(now).is_some() && job.failure_message(now).is_none();
    json!({
        "id": job.id,
        "title": job.title,
        "status": job.status(now),
        "input_language": job.text("input_language").or(Some("en")),
        "output_language": job.extra["output_language"],
        "translate_audio_only": audio_only,
        "created_at": job.schedule.created_at(),
        "callback_id": job.text("callback_id"),
        "duration": done.then_some(DURATION),
        "video_url": link("video.mp4").filter(|_| !audio_only),
        "audio_url": link("speech.mp3").filter(|_| audio_only),
        "srt_caption_url": link("captions.srt"),
        "vtt_caption_url": link("captions.vtt"),
        "failure_message": job.failure_message(now),
    })
}

/// Checks `start_time` and `end_time`, as the descriptions of translations and lipsyncs require.
pub(super) fn check_time_range(body: &Value) -> Result<(), ApiError> {
    let time = |name: &str| body.get(name).and_then(Value::as_f64);
    for name in ["start_time", "end_time"] {
        if time(name).is_some_and(|time| time < 0.0) {
            return Err(ApiError::invalid(name, "a time must not be negative"));
        }
    }
    match (time("start_time"), time("end_time")) {
        (Some(start), Some(end)) if end <= start => {
            Err(ApiError::invalid("end_time", "the end comes after the start"))
        }
        _ => Ok(()),
    }
}

/// A language into which a request translates.
pub(super) struct Output {
    /// The code of the language. Requests have its name, and responses its code.
    pub(super) code: &'static str,
    /// The markers of its job.
    pub(super) marker: Marker,
}

/// Checks the body of a translation, and returns its languages.
pub(super) fn check(env: &Env, state: &State, body: &Value, now: u64) -> Result<Vec<Output>, ApiError> {
    inputs::check_languages("output_languages", body["output_languages"].as_array().map_or(0, Vec::len))?;
    inputs::check(state, body, now)?;
    glossaries::check(state, body)?;
    check_time_range(body)?;
    if body.pointer("/stock_voice_config/use_stock_voice") == Some(&Value::Bool(true))
        && !env.settings.enterprise
    {
        return Err(ApiError::forbidden("stock voices need an Enterprise plan").at("stock_voice_config"));
    }
    // In v2, `srt_url` is the only member for subtitles.
    let has_srt = ["srt", "srt_url"].iter().any(|name| body.get(name).is_some_and(|srt| !srt.is_null()));
    if body.get("srt_role").is_some_and(Value::is_string) && !has_srt {
        return Err(ApiError::invalid("srt_role", "srt_role goes with srt"));
    }
    let wanted = body["output_languages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = wanted.enumerate().map(|(number, name)| {
        let known = catalogue().languages.iter().find(|language| language.name == name);
        known.ok_or_else(|| {
            let message = format!("`{name}` is not a language of GET /v3/video-translations/languages");
            ApiError::invalid(format!("output_languages.{number}"), message)
        })
    });
    outputs(body, &named.collect::<Result<Vec<_>, _>>()?)
}

/// The languages of a request, each with the markers of its job.
pub(super) fn outputs(body: &Value, languages: &[&'static Language]) -> Result<Vec<Output>, ApiError> {
    let named: Vec<_> = languages.iter().map(|one| (one.name.as_str(), one.code.as_str())).collect();
    let markers = Marker::of(body)?.for_languages(&named)?;
    Ok(languages
        .iter()
        .zip(markers)
        .map(|(one, marker)| Output { code: one.code.as_str(), marker })
        .collect())
}

/// Submits the job for one language.
pub(super) fn submit(
    env: &Env,
    state: &mut State,
    body: &Value,
    retained: &Arc<Value>,
    output: &Output,
    now: u64,
    queued: u64,
) -> Result<String, ApiError> {
    let new_job = NewJob::new(Kind::Translation, body).with_extra(json!({"output_language": output.code}));
    let marker = Some(output.marker.clone());
    jobs::submit(env, state, now, NewJob { retained: Some(retained), queued, marker, ..new_job })
}

/// Submits the jobs for all languages, or refuses all of them if the wallet or the concurrency limit does not allow it.
pub(super) fn submit_all(
    env: &Env,
    state: &mut State,
    body: &Value,
    outputs: &[Output],
    now: u64,
) -> Result<Vec<String>, ApiError> {
    state.check_concurrency(env, outputs.len(), now)?;
    let price = dollars(Kind::Translation.spec().price) * i64::try_from(outputs.len()).unwrap_or(i64::MAX);
    state.wallet.charge(price)?;
    state.wallet.refund(price);
    let retained = Arc::new(retention::retained(body));
    outputs.iter().map(|output| submit(env, state, body, &retained, output, now, 0)).collect()
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let outputs = check(env, state, &call.body, call.now)?;
    let ids = submit_all(env, state, &call.body, &outputs, call.now)?;
    data(json!({"video_translation_ids": ids}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Translation, call.id("video_translation_id"), call.now)?;
    data(view(env, job, call.now))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Translation), |job| {
        (job.visible <= call.now).then(|| view(env, job, call.now))
    })
}

pub(super) fn update(env: &Env, state: &mut State, call: &Call) -> Answer {
    let job = state.job_mut(Kind::Translation, call.id("video_translation_id"), call.now)?;
    job.title = call.text("title").map(str::to_owned);
    data(view(env, job, call.now))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("video_translation_id");
    jobs::delete(state, Kind::Translation, id, call.now)?;
    data(json!({"id": id}))
}

pub(super) fn languages(_: &Env, _: &State, _: &Call) -> Answer {
    let names: Vec<&str> = catalogue().languages.iter().map(|language| language.name.as_str()).collect();
    data(json!({"languages": names}))
}
