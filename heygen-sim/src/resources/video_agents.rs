//! Video Agent sessions: the agent creates a video from a prompt, alone or in a conversation.
//!
//! A session consists of turns. In each, the agent first thinks; then it waits for a person, or generates a video. The status
//! follows from the clock. The service takes 20 to 45 minutes for a session; the simulator takes ten, in the same order.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer;
use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::marker::Marker;
use crate::model::job::Kind;
use crate::model::session::{Context, Outcome, Session, SessionResource, THINKING_TIME, Turn};
use crate::prices;
use crate::resources::avatars::usable_look;
use crate::resources::paging::page;
use crate::resources::{brand_kits, glossaries, inputs, search, videos, voices};
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;
use crate::{events, jobs};

/// Seconds until the agent asks a question.
const QUESTION_AFTER: u64 = 60;

/// Seconds until a session in generate mode names its video, if a marker delays that. HeyGen's plugin for OpenClaw takes a
/// session for stuck that has no video after 45 seconds.
const LATE_VIDEO_TIME: u64 = 30;

/// Seconds in which the video is generated.
const GENERATION_TIME: u64 = 480;

/// Seconds for which the video waits before it is processed.
const VIDEO_WAITING_TIME: u64 = 60;

/// Seconds until a session with a marker fails.
const FAILURE_AFTER: u64 = 30;

/// Seconds from the request to stop a session until it stops, at its next checkpoint.
const STOP_AFTER: u64 = 10;

/// Price of a session in US dollars.
const PRICE: f64 = prices::VIDEO_AGENT.of_video();

/// The title of a session: the first words of its prompt.
fn title(prompt: &str) -> String {
    let words = prompt.split_whitespace().filter(|word| !word.starts_with("[sim:"));
    words.take(6).collect::<Vec<_>>().join(" ")
}

/// Checks the resources that the request names.
fn check(state: &State, call: &Call) -> Result<(), ApiError> {
    inputs::check(state, &call.body, call.now)?;
    glossaries::check(state, &call.body)?;
    brand_kits::check(state, &call.body)?;
    if let Some(avatar) = call.text("avatar_id") {
        usable_look(state, "avatar_id", avatar, call.now)?;
    }
    if let Some(voice) = call.text("voice_id") {
        voices::usable(state, "voice_id", voice, call.now)?;
    }
    match call.text("style_id") {
        Some(style) if !search::has_style(style) => {
            Err(ApiError::not_found("resource_not_found", format!("no style {style}")).at("style_id"))
        }
        _ => Ok(()),
    }
}

/// Starts a turn whose outcome is a video, unless its markers specify another. In generate mode, the video is named at once,
/// and fails or hangs with the session.
fn video_turn(
    env: &Env,
    state: &mut State,
    context: &Context,
    marker: &Marker,
    now: u64,
    thinks: u64,
) -> Result<Turn, ApiError> {
    let named_at_once = !context.chat && !marker.late_video;
    let takes = marker.takes.unwrap_or(thinks + GENERATION_TIME);
    let thinks = match (named_at_once, context.chat) {
        (true, _) => 0,
        (false, true) => thinks.min(takes / 4),
        (false, false) => thinks.min(takes / 4).min(LATE_VIDEO_TIME),
    };
    let takes = if marker.fail.is_some() { marker.takes.unwrap_or(FAILURE_AFTER) } else { takes };
    let (thinks_until, ends) = (now + thinks * 1000, now + takes * 1000);
    let mut video = None;
    if named_at_once || (marker.fail.is_none() && !marker.hang) {
        let seconds = takes.saturating_sub(thinks);
        let waits = VIDEO_WAITING_TIME.min(seconds / 4);
        let video_marker = Marker {
            size: marker.size,
            late_link: marker.late_link,
            hang: marker.hang,
            fail: marker.fail.clone(),
            takes: marker.fail.as_ref().map(|_| takes),
            ..Marker::default()
        };
        let body = json!({"title": context.title});
        let new_job = NewJob {
            queued: thinks * 1000,
            durations: Some((waits, seconds - waits)),
            is_part: true,
            marker: Some(video_marker),
            ..NewJob::new(Kind::Video, &body)
        };
        video = Some(jobs::submit(env, state, now, new_job.with_extra(json!({"format": "mp4"})))?);
    }
    Ok(match (video, &marker.fail) {
        (video, Some(code)) => Turn::new(ends, Outcome::Failure { code: code.clone(), video }),
        (Some(id), None) if !marker.hang => Turn::new(thinks_until, Outcome::Video { id, ends }),
        (video, None) => Turn::new(thinks_until, Outcome::Hang { video }),
    })
}

/// Whether a storyboard must be approved before the video. A session that fails or hangs has none.
fn is_reviewed(context: &Context, marker: &Marker) -> bool {
    context.chat && !marker.no_review && marker.fail.is_none() && !marker.hang
}

/// The turn that follows a message, or the first prompt, which has no earlier status.
fn next_turn(
    env: &Env,
    state: &mut State,
    context: &Context,
    marker: &Marker,
    now: u64,
    status: Option<&str>,
) -> Result<Turn, ApiError> {
    let reviews = is_reviewed(context, marker);
    match status {
        None if context.chat && marker.ask => Ok(Turn::new(now + QUESTION_AFTER * 1000, Outcome::Question)),
        None if reviews => Ok(Turn::new(now + THINKING_TIME * 1000, Outcome::Review)),
        Some("waiting_for_input") if reviews => Ok(Turn::new(now + QUESTION_AFTER * 1000, Outcome::Review)),
        Some("reviewing") => video_turn(env, state, context, marker, now, 0),
        _ => video_turn(env, state, context, marker, now, THINKING_TIME),
    }
}

/// Counts the session as running until the turn ends, and schedules the end. While it waits for a person, it does not count.
fn schedule_end(env: &Env, state: &mut State, id: &str, turn: &Turn) {
    if turn.waits_for_person() {
        return;
    }
    let ends = turn.ends();
    let shared_id: Arc<str> = id.into();
    state.running.acquire(&shared_id, ends);
    if let Some(ends) = ends {
        state.schedule(ends, Due::Session(shared_id));
        env.wake.notify_one();
    }
}

/// Creates a session. Returns its id, and the id of its video if the first turn has one.
pub(super) fn begin(env: &Env, state: &mut State, call: &Call) -> Result<(String, Option<String>), ApiError> {
    check(state, call)?;
    // In v1, the video is `pending` until it starts.
    let marker = Marker::of(&call.body)?;
    let marker = Marker { late_video: marker.late_video || call.route.is_legacy(), ..marker };
    state.check_concurrency(env, 1, call.now)?;
    state.wallet.charge(dollars(PRICE))?;
    let prompt = call.text("prompt").unwrap_or_default();
    let mut session = Session::new(env.id(), call.now, title(prompt), prompt, &call.body, marker.clone());
    let turn = next_turn(env, state, &session.context(), &marker, call.now, None)?;
    schedule_end(env, state, &session.id, &turn);
    let video = turn.any_video().map(str::to_owned);
    session.add_turn(turn);
    let id = session.id.clone();
    let size = session.memory();
    for (oldest, _) in state.sessions.insert_sized(id.clone(), session, size) {
        state.unschedule(&oldest);
    }
    Ok((id, video))
}

/// The video that `GET /v2/videos/{video_id}` shows for a session without a video: it is pending, or it has failed.
pub(super) fn placeholder_video(state: &State, id: &str, now: u64) -> Option<Value> {
    let session = state.sessions.get(id).filter(|session| !session.has_video())?;
    let mut video = json!({"id": id, "title": session.title, "status": "pending",
        "created_at": session.created / 1000, "folder_id": null, "output_language": null});
    if session.is_over(now) {
        video["status"] = json!("failed");
        video["failure_code"] = json!(session.failure(now).unwrap_or("stopped"));
        video["failure_message"] = json!("The video could not be made");
    }
    Some(video)
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let (id, _) = begin(env, state, call)?;
    let session = find(state, &id)?;
    let view = session.view(call.now);
    data(json!({"session_id": id, "status": view["status"], "video_id": view["video_id"],
        "created_at": view["created_at"]}))
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Session, ApiError> {
    let session = state.sessions.get_mut(id);
    session.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no session {id}")))
}

pub(super) fn get(_: &Env, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("session_id"))?.view(call.now))
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.sessions, |session| {
        Some(json!({"session_id": session.id, "title": session.title, "created_at": session.created / 1000}))
    })
}

pub(super) fn send(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("session_id").to_owned();
    find(state, &id)?;
    check(state, call)?;
    let marker = Marker::of(&call.body)?;
    let session = find(state, &id)?;
    if !session.chat {
        return Err(ApiError::conflict("messages go to sessions in chat mode only"));
    }
    let status = session.status(call.now);
    if status == "failed" {
        return Err(ApiError::conflict("the session has failed"));
    }
    let marker = marker.after(&session.marker);
    let message = call.text("message").unwrap_or_default();
    // While the agent thinks or generates, a message is only stored.
    if matches!(status, "waiting_for_input" | "reviewing" | "completed") {
        let context = session.context();
        let asks_again = status == "waiting_for_input" && is_reviewed(&context, &marker);
        if !asks_again {
            state.check_concurrency(env, 1, call.now)?;
        }
        if status == "completed" {
            state.wallet.charge(dollars(PRICE))?;
        }
        let turn = next_turn(env, state, &context, &marker, call.now, Some(status))?;
        schedule_end(env, state, &id, &turn);
        let session = find(state, &id)?;
        session.marker = marker;
        session.add_user_message(call.now, message);
        session.add_turn(turn);
    } else {
        let session = find(state, &id)?;
        session.add_user_message(call.now, message);
        if session.will_wait_for_person() {
            session.marker = marker;
        }
    }
    let size = find(state, &id)?.memory();
    state.sessions.resize(&id, size);
    let session = find(state, &id)?;
    data(json!({"session_id": id, "run_id": env.id(), "title": session.title}))
}

pub(super) fn stop(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("session_id");
    let session = find(state, id)?;
    if !session.is_over(call.now) && !session.is_stopping() {
        let at = call.now + STOP_AFTER * 1000;
        let video = session.stop(at);
        state.running.release(id);
        match video {
            Some((video, true)) => {
                if let Some(job) = state.jobs_mut(Kind::Video).get_mut(&video) {
                    job.schedule.stop(at);
                }
            }
            Some((video, false)) => {
                state.jobs_mut(Kind::Video).remove(&video);
                state.unschedule(&video);
            }
            None => {}
        }
    }
    data(json!({"session_id": id}))
}

pub(super) fn resource(env: &Env, state: &mut State, call: &Call) -> Answer {
    let wanted = call.id("resource_id");
    let session = find(state, call.id("session_id"))?;
    let found = session.resources(call.now).find_map(|(at, made)| match made {
        SessionResource::Storyboard(id) if id == wanted => Some((at, "draft")),
        SessionResource::Video(id) if id == wanted => Some((at, "video")),
        _ => None,
    });
    let missing = || ApiError::not_found("resource_not_found", format!("no resource {wanted}"));
    let (at, kind) = found.ok_or_else(missing)?;
    let thumbnail = json!(link(env, &format!("{wanted}/thumbnail.png")));
    let url = if kind == "video" { video_url(env, state, wanted, call.now) } else { thumbnail.clone() };
    data(json!({"resource_id": wanted, "resource_type": kind, "source_type": "generated", "url": url,
        "preview_url": thumbnail, "thumbnail_url": thumbnail, "created_at": at / 1000, "metadata": {}}))
}

pub(super) fn videos(env: &Env, state: &mut State, call: &Call) -> Answer {
    let session = find(state, call.id("session_id"))?;
    let ids: Vec<String> = session.videos(call.now).map(str::to_owned).collect();
    let jobs = state.jobs(Kind::Video);
    let videos: Vec<Value> =
        ids.iter().filter_map(|id| jobs.get(id).map(|job| videos::view(env, job, call.now))).collect();
    answer::list(videos, None)
}

/// The `video_url` of a video, as its GET shows it.
fn video_url(env: &Env, state: &State, video: &str, now: u64) -> Value {
    let job = state.jobs(Kind::Video).get(video);
    job.map_or(Value::Null, |job| videos::view(env, job, now)["video_url"].take())
}

/// Ends a turn: sends its event, and refunds the price if the session failed.
pub(crate) fn end_turn(env: &Env, state: &mut State, id: &str, at: u64) {
    let Some(session) = state.sessions.get_mut(id) else { return };
    let Some(end) = session.take_outcome(at) else { return };
    let callback_id = session.body.get("callback_id").cloned().unwrap_or_default();
    let callback = session.body.get("callback_url").and_then(Value::as_str).map(str::to_owned);
    let (event_type, video, data) = match end {
        Outcome::Video { id: video, .. } => {
            let data = json!({
                "session_id": id,
                "video_id": video,
                "video_url": video_url(env, state, &video, at),
                "callback_id": callback_id,
            });
            ("video_agent.success", Some(video), data)
        }
        Outcome::Failure { code, video } => {
            let data = json!({"session_id": id, "video_id": video, "failure_code": code, "failure_message": "The video could not be made",
                "callback_id": callback_id});
            ("video_agent.fail", video, data)
        }
        _ => return,
    };
    if event_type == "video_agent.fail" {
        state.wallet.refund(dollars(PRICE));
    }
    let about: Vec<&str> = [Some(id), video.as_deref()].into_iter().flatten().collect();
    events::emit(env, state, at, event_type, &about, data, callback.as_deref());
}
