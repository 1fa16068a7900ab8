//! Video Agent sessions: a prompt becomes a video by itself, or in a conversation.
//!
//! A session is a row of turns. Each thinks first; then it stops for a person, or generates a video. Where it stands
//! follows from the clock. The service's own takes twenty to forty-five minutes; this one ten, in the same order.

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::marker::Marker;
use crate::model::job::Kind;
use crate::model::session::{Brief, Made, Session, THINKS, Then, Turn};
use crate::reply::Reply;
use crate::resources::avatars::usable_look;
use crate::resources::paging::page;
use crate::resources::{brand_kits, glossaries, inputs, search, videos, voices};
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;
use crate::{events, jobs};

const ASKS_AFTER: u64 = 60;
const GENERATES: u64 = 480;
const VIDEO_WAITS: u64 = 60;
const FAILS_AFTER: u64 = 30;

/// Seconds until a session stops after the request to stop: at its next checkpoint.
const STOPS_AFTER: u64 = 10;

/// US dollars for a session with the simulator's three seconds of video.
const PRICE: f64 = 0.0999;

fn title(prompt: &str) -> String {
    let words = prompt.split_whitespace().filter(|word| !word.starts_with("[sim:"));
    words.take(6).collect::<Vec<_>>().join(" ")
}

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

/// Begins a turn that ends in a video, unless its markers say otherwise.
fn video_turn(
    env: &Env,
    state: &mut State,
    brief: &Brief,
    marker: &Marker,
    now: u64,
    thinks: u64,
) -> Result<Turn, ApiError> {
    let takes = marker.takes.unwrap_or(thinks + GENERATES);
    let thought = now + thinks.min(takes / 4) * 1000;
    if let Some(code) = &marker.fail {
        let thought = now + marker.takes.unwrap_or(FAILS_AFTER) * 1000;
        return Ok(Turn::new(thought, Then::Fails(code.clone())));
    }
    if marker.hang {
        return Ok(Turn::new(thought, Then::Hangs));
    }
    let ends = now + takes * 1000;
    let seconds = (ends - thought) / 1000;
    let waits = VIDEO_WAITS.min(seconds / 4);
    let kept = Marker { size: marker.size, late_link: marker.late_link, ..Marker::default() };
    let body = json!({"title": brief.title});
    let order = NewJob {
        queued: thought - now,
        durations: Some((waits, seconds - waits)),
        is_part: true,
        marker: Some(kept),
        ..NewJob::new(Kind::Video, &body)
    };
    let video = jobs::submit(env, state, now, order.with(json!({"format": "mp4"})))?;
    Ok(Turn::new(thought, Then::Generates { video, ends }))
}

/// Whether a storyboard comes before the video. What fails or hangs does so at once.
fn is_reviewed(brief: &Brief, marker: &Marker) -> bool {
    brief.chat && !marker.no_review && marker.fail.is_none() && !marker.hang
}

/// The turn that a message, or the first prompt, leads to.
fn next_turn(
    env: &Env,
    state: &mut State,
    brief: &Brief,
    marker: &Marker,
    now: u64,
    status: Option<&str>,
) -> Result<Turn, ApiError> {
    let reviews = is_reviewed(brief, marker);
    match status {
        None if brief.chat && marker.ask => Ok(Turn::new(now + ASKS_AFTER * 1000, Then::Asks)),
        None if reviews => Ok(Turn::new(now + THINKS * 1000, Then::Reviews)),
        Some("waiting_for_input") if reviews => Ok(Turn::new(now + ASKS_AFTER * 1000, Then::Reviews)),
        Some("reviewing") => video_turn(env, state, brief, marker, now, 0),
        _ => video_turn(env, state, brief, marker, now, THINKS),
    }
}

/// Has the end of a turn be noticed, and the session count as running until then; while it waits for a person it does
/// not count.
fn follow(env: &Env, state: &mut State, id: &str, turn: &Turn) {
    if turn.waits_for_a_person() {
        return;
    }
    let ends = turn.ends();
    state.running.occupy(id, ends);
    if let Some(ends) = ends {
        state.schedule(ends, Due::Session(id.to_owned()));
        env.wake.notify_one();
    }
}

pub(super) fn begin(env: &Env, state: &mut State, call: &Call) -> Result<(String, Option<String>), ApiError> {
    check(state, call)?;
    let marker = Marker::of(&call.body)?;
    state.check_room(env, 1, call.now)?;
    state.wallet.charge(dollars(PRICE))?;
    let prompt = call.text("prompt").unwrap_or_default();
    let mut session = Session::new(env.id(), call.now, title(prompt), prompt, &call.body, marker.clone());
    let turn = next_turn(env, state, &session.brief(), &marker, call.now, None)?;
    follow(env, state, &session.id, &turn);
    let video = match &turn.then {
        Then::Generates { video, .. } => Some(video.clone()),
        _ => None,
    };
    session.go_on(turn);
    let id = session.id.clone();
    if let Some(oldest) = state.sessions.insert(id.clone(), session) {
        state.forget(&oldest);
    }
    Ok((id, video))
}

/// What the old operations say of the video of a session that has none: that it is to come, or that it has failed.
pub(super) fn without_video(state: &State, id: &str, now: u64) -> Option<Value> {
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

pub(super) fn list(_: &Env, state: &mut State, call: &Call) -> Answer {
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
    // While it thinks or generates, a message is one more hint.
    if matches!(status, "waiting_for_input" | "reviewing" | "completed") {
        let brief = session.brief();
        let asks_again = status == "waiting_for_input" && is_reviewed(&brief, &marker);
        if !asks_again {
            state.check_room(env, 1, call.now)?;
        }
        if status == "completed" {
            state.wallet.charge(dollars(PRICE))?;
        }
        let turn = next_turn(env, state, &brief, &marker, call.now, Some(status))?;
        follow(env, state, &id, &turn);
        let session = find(state, &id)?;
        session.marker = marker;
        session.write(call.now, message);
        session.go_on(turn);
    } else {
        let session = find(state, &id)?;
        session.write(call.now, message);
        if session.will_wait() {
            session.marker = marker;
        }
    }
    let session = find(state, &id)?;
    data(json!({"session_id": id, "run_id": env.id(), "title": session.title}))
}

pub(super) fn stop(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("session_id");
    let session = find(state, id)?;
    if !session.is_over(call.now) && !session.is_stopping() {
        let then = call.now + STOPS_AFTER * 1000;
        let video = session.stop(then);
        state.running.vacate(id);
        match video {
            Some((video, true)) => {
                if let Some(job) = state.jobs(Kind::Video).get_mut(&video) {
                    job.schedule.stop(then);
                }
            }
            Some((video, false)) => {
                state.jobs(Kind::Video).remove(&video);
                state.forget(&video);
            }
            None => {}
        }
    }
    data(json!({"session_id": id}))
}

pub(super) fn resource(env: &Env, state: &mut State, call: &Call) -> Answer {
    let wanted = call.id("resource_id");
    let session = find(state, call.id("session_id"))?;
    let found = session.made(call.now).find_map(|(at, made)| match made {
        Made::Storyboard(id) if id == wanted => Some((at, "draft")),
        Made::Video(id) if id == wanted => Some((at, "video")),
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
    let body = json!({"data": videos, "has_more": false, "next_token": null});
    Ok(Reply::json(http::StatusCode::OK, body))
}

/// The link of a video as its own GET has it.
fn video_url(env: &Env, state: &mut State, video: &str, now: u64) -> Value {
    let job = state.jobs(Kind::Video).get(video);
    job.map_or(Value::Null, |job| videos::view(env, job, now)["video_url"].take())
}

/// A turn has ended: the session's callback and the endpoints hear of it.
pub(crate) fn end_turn(env: &Env, state: &mut State, id: &str, then: u64) {
    let Some(session) = state.sessions.get_mut(id) else { return };
    let Some(end) = session.take_end(then) else { return };
    let callback_id = session.body.get("callback_id").cloned().unwrap_or_default();
    let callback = session.body.get("callback_url").and_then(Value::as_str).map(str::to_owned);
    let (event_type, video, data) = match end {
        Then::Generates { video, .. } => {
            let data = json!({
                "session_id": id,
                "video_id": video,
                "video_url": video_url(env, state, &video, then),
                "callback_id": callback_id,
            });
            ("video_agent.success", Some(video), data)
        }
        Then::Fails(code) => {
            let data = json!({"session_id": id, "failure_code": code, "failure_message": "The video could not be made",
                "callback_id": callback_id});
            ("video_agent.fail", None, data)
        }
        _ => return,
    };
    if event_type == "video_agent.fail" {
        state.wallet.refund(dollars(PRICE));
    }
    let about: Vec<&str> = [Some(id), video.as_deref()].into_iter().flatten().collect();
    events::emit(env, state, then, event_type, &about, data, callback.as_deref());
}
