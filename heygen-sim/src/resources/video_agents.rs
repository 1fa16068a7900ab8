//! Video Agent sessions: a prompt becomes a video by itself, or in a conversation.
//!
//! A session is a row of turns. Each thinks first; then it stops for a person, or generates a video. Where it stands
//! follows from the clock. The service's own takes twenty to forty-five minutes; this one ten, in the same order.

use serde_json::{Value, json};

use super::avatars::usable_look;
use super::{brand_kits, glossaries, inputs, page, search, videos, voices};
use crate::door::Call;
use crate::files::link;
use crate::jobs::{self, Kind, Order};
use crate::marker::Marker;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply, data};
use crate::state::{Due, State};
use crate::wallet::dollars;
use crate::webhooks::events;
use crate::world::World;

/// Seconds of each step, and of the video's wait before it is processed.
const THINKS: u64 = 120;
const ASKS_AFTER: u64 = 60;
const GENERATES: u64 = 480;
const VIDEO_WAITS: u64 = 60;
const FAILS_AFTER: u64 = 30;

/// Seconds until a session that is told to stop has stopped: at its next checkpoint.
const STOPS_AFTER: u64 = 10;

/// US dollars for a session with the simulator's three seconds of video.
const PRICE: f64 = 0.0999;

/// Messages that a session shows.
const MESSAGES: usize = 40;

pub(crate) struct Session {
    id: String,
    chat: bool,
    created: u64,
    title: String,
    body: Value,
    turns: Vec<Turn>,
    /// What the caller wrote, with its time.
    wrote: Vec<(u64, String)>,
    /// When it stops because it was told to.
    stops: Option<u64>,
}

#[derive(Debug, Clone)]
struct Turn {
    /// When it is done thinking.
    thought: u64,
    then: Then,
}

/// What follows the thinking.
#[derive(Debug, Clone)]
enum Then {
    /// A question that needs an answer.
    Asks,
    /// A storyboard that needs approval.
    Reviews,
    Generates {
        video: String,
        ends: u64,
    },
    Fails(String),
    /// Nothing ever.
    Hangs,
}

impl Session {
    fn status(&self, now: u64) -> &'static str {
        if self.stops.is_some_and(|stops| now >= stops) {
            return "completed";
        }
        match self.turns.last() {
            None => "thinking",
            Some(turn) if now < turn.thought => "thinking",
            Some(turn) => match &turn.then {
                Then::Asks => "waiting_for_input",
                Then::Reviews => "reviewing",
                Then::Generates { ends, .. } if now < *ends => "generating",
                Then::Generates { .. } => "completed",
                Then::Fails(_) => "failed",
                Then::Hangs => "thinking",
            },
        }
    }

    fn is_over(&self, now: u64) -> bool {
        matches!(self.status(now), "completed" | "failed")
    }

    /// Ids of the videos that have begun, the newest first.
    fn videos(&self, now: u64) -> impl Iterator<Item = &str> {
        self.turns.iter().rev().filter_map(move |turn| match &turn.then {
            Then::Generates { video, .. } if now >= turn.thought => Some(video.as_str()),
            _ => None,
        })
    }

    fn progress(&self, now: u64) -> u64 {
        let Some(turn) = self.turns.last() else { return 0 };
        match &turn.then {
            _ if self.is_over(now) => 100,
            Then::Generates { ends, .. } => {
                let began = turn.thought.saturating_sub(THINKS * 1000).max(self.created);
                (now.saturating_sub(began) * 100 / (ends - began).max(1)).min(99)
            }
            _ => 20,
        }
    }

    fn storyboard(&self, number: usize) -> String {
        format!("{}-storyboard-{number}", self.id)
    }

    /// What was said, the newest first.
    fn messages(&self, now: u64) -> Vec<Value> {
        let said = |at: u64, role: &str, kind: &str, text: &str, resources: Vec<String>| {
            let resources = Some(resources).filter(|resources| !resources.is_empty());
            let message = json!({"role": role, "type": kind, "content": text, "created_at": at / 1000,
                "resource_ids": resources});
            (at, message)
        };
        let mut all: Vec<(u64, Value)> =
            self.wrote.iter().map(|(at, text)| said(*at, "user", "text", text, Vec::new())).collect();
        for (number, turn) in self.turns.iter().enumerate() {
            let at = turn.thought;
            match &turn.then {
                Then::Asks => all.push(said(at, "model", "text", "Who is the video for?", Vec::new())),
                Then::Reviews => {
                    let text = "Here is the storyboard. Shall I go on?";
                    all.push(said(at, "model", "resource", text, vec![self.storyboard(number)]));
                }
                Then::Generates { video, ends } => {
                    all.push(said(at, "model", "text", "I am making your video now.", Vec::new()));
                    all.push(said(*ends, "model", "resource", "Your video is ready.", vec![video.clone()]));
                }
                Then::Fails(code) => {
                    let text = format!("The video could not be made ({code}).");
                    all.push(said(at, "model", "error", &text, Vec::new()));
                }
                Then::Hangs => {}
            }
        }
        all.retain(|(at, _)| *at <= now);
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        all.into_iter().take(MESSAGES).map(|(_, message)| message).collect()
    }

    fn view(&self, now: u64) -> Value {
        json!({
            "session_id": self.id,
            "status": self.status(now),
            "progress": self.progress(now),
            "title": self.title,
            "video_id": self.videos(now).next(),
            "created_at": self.created / 1000,
            "messages": self.messages(now),
        })
    }
}

fn title(prompt: &str) -> String {
    let words = prompt.split_whitespace().filter(|word| !word.starts_with("[sim:"));
    words.take(6).collect::<Vec<_>>().join(" ")
}

fn check(state: &State, call: &Call) -> Result<(), Refusal> {
    inputs::check(state, &call.body)?;
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
            Err(Refusal::not_found("resource_not_found", format!("no style {style}")).at("style_id"))
        }
        _ => Ok(()),
    }
}

/// Begins a turn that ends in a video, unless its markers say otherwise.
fn video_turn(
    world: &World,
    state: &mut State,
    session: &Session,
    marker: &Marker,
    now: u64,
    thinks: u64,
) -> Result<Turn, Refusal> {
    let takes = marker.takes.unwrap_or(thinks + GENERATES);
    let thought = now + thinks.min(takes / 4) * 1000;
    if let Some(code) = &marker.fail {
        let thought = now + marker.takes.unwrap_or(FAILS_AFTER) * 1000;
        return Ok(Turn { thought, then: Then::Fails(code.clone()) });
    }
    if marker.hang {
        return Ok(Turn { thought, then: Then::Hangs });
    }
    let ends = now + takes * 1000;
    let seconds = (ends - thought) / 1000;
    let waits = VIDEO_WAITS.min(seconds / 4);
    let kept = Marker { size: marker.size, late_link: marker.late_link, ..Marker::default() };
    let body = json!({"title": session.title, "caption": session.body.get("caption")});
    let order = Order {
        queued: thought - now,
        pace: Some((waits, seconds - waits)),
        is_part: true,
        marker: Some(kept),
        ..Order::new(Kind::Video, &body)
    };
    let video = jobs::submit(world, state, now, order.with(json!({"format": "mp4"})))?;
    Ok(Turn { thought, then: Then::Generates { video, ends } })
}

/// The turn that a message, or the first prompt, leads to.
fn next_turn(
    world: &World,
    state: &mut State,
    session: &Session,
    marker: &Marker,
    now: u64,
    status: Option<&str>,
) -> Result<Turn, Refusal> {
    let reviews = session.chat && !marker.no_review;
    match status {
        None if session.chat && marker.ask => Ok(Turn { thought: now + ASKS_AFTER * 1000, then: Then::Asks }),
        None if reviews && marker.fail.is_none() && !marker.hang => {
            Ok(Turn { thought: now + THINKS * 1000, then: Then::Reviews })
        }
        Some("waiting_for_input") if reviews => {
            Ok(Turn { thought: now + ASKS_AFTER * 1000, then: Then::Reviews })
        }
        Some("reviewing") => video_turn(world, state, session, marker, now, 0),
        _ => video_turn(world, state, session, marker, now, THINKS),
    }
}

/// Has the end of a turn be noticed, and the session count as running until then.
fn follow(world: &World, state: &mut State, id: &str, turn: &Turn) {
    let ends = match &turn.then {
        Then::Generates { ends, .. } => *ends,
        Then::Fails(_) => turn.thought,
        Then::Asks | Then::Reviews | Then::Hangs => return,
    };
    state.occupy(id, Some(ends));
    state.schedule(ends, Due::Session(id.to_owned()));
    world.wake.notify_one();
}

pub(super) fn begin(
    world: &World,
    state: &mut State,
    call: &Call,
) -> Result<(String, Option<String>), Refusal> {
    check(state, call)?;
    let marker = Marker::of(&call.body)?;
    state.check_room(world, 1, call.now)?;
    state.wallet.charge(dollars(PRICE))?;
    let prompt = call.text("prompt").unwrap_or_default();
    let mut session = Session {
        id: world.id(),
        chat: call.text("mode") == Some("chat"),
        created: call.now,
        title: title(prompt),
        body: call.body.clone(),
        turns: Vec::new(),
        wrote: vec![(call.now, prompt.to_owned())],
        stops: None,
    };
    let turn = next_turn(world, state, &session, &marker, call.now, None)?;
    follow(world, state, &session.id, &turn);
    let video = match &turn.then {
        Then::Generates { video, .. } => Some(video.clone()),
        _ => None,
    };
    session.turns.push(turn);
    let id = session.id.clone();
    state.sessions.insert(id.clone(), session);
    Ok((id, video))
}

pub(super) fn create(world: &World, state: &mut State, call: &Call) -> Answer {
    let (id, _) = begin(world, state, call)?;
    let session = find(state, &id)?;
    let view = session.view(call.now);
    data(json!({"session_id": id, "status": view["status"], "video_id": view["video_id"],
        "created_at": view["created_at"]}))
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Session, Refusal> {
    let session = state.sessions.get_mut(id);
    session.ok_or_else(|| Refusal::not_found("resource_not_found", format!("no session {id}")))
}

pub(super) fn get(_: &World, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("session_id"))?.view(call.now))
}

pub(super) fn list(_: &World, state: &mut State, call: &Call) -> Answer {
    page(call, &state.sessions, |session| {
        Some(json!({"session_id": session.id, "title": session.title, "created_at": session.created / 1000}))
    })
}

pub(super) fn send(world: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("session_id").to_owned();
    find(state, &id)?;
    check(state, call)?;
    let marker = Marker::of(&call.body)?;
    let session = find(state, &id)?;
    if !session.chat {
        return Err(Refusal::conflict("messages go to sessions in chat mode only"));
    }
    let status = session.status(call.now);
    if status == "failed" {
        return Err(Refusal::conflict("the session has failed"));
    }
    session.wrote.push((call.now, call.text("message").unwrap_or_default().to_owned()));
    // While it thinks or generates, a message is one more hint.
    if matches!(status, "waiting_for_input" | "reviewing" | "completed") {
        if status == "completed" {
            state.wallet.charge(dollars(PRICE))?;
        }
        // Taken out meanwhile: a turn needs the rest of the state.
        if let Some(mut session) = state.sessions.remove(&id) {
            let turn = next_turn(world, state, &session, &marker, call.now, Some(status));
            if let Ok(turn) = &turn {
                follow(world, state, &id, turn);
                session.stops = None;
                session.turns.push(turn.clone());
            }
            state.sessions.insert(id.clone(), session);
            turn?;
        }
    }
    let title = find(state, &id)?.title.clone();
    data(json!({"session_id": id, "run_id": world.id(), "title": title}))
}

pub(super) fn stop(_: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("session_id");
    let session = find(state, id)?;
    if !session.is_over(call.now) && session.stops.is_none() {
        session.stops = Some(call.now + STOPS_AFTER * 1000);
        let video = match session.turns.last().map(|turn| turn.then.clone()) {
            Some(Then::Generates { video, .. }) => Some(video),
            _ => None,
        };
        state.vacate(id);
        if let Some(video) = video {
            match state.job(Kind::Video, &video, call.now) {
                Ok(job) => job.course.stop(call.now + STOPS_AFTER * 1000),
                // Not begun yet: then it never begins.
                Err(_) => drop(state.jobs(Kind::Video).remove(&video)),
            }
        }
    }
    data(json!({"session_id": id}))
}

pub(super) fn resource(world: &World, state: &mut State, call: &Call) -> Answer {
    let wanted = call.id("resource_id");
    let session = find(state, call.id("session_id"))?;
    let thumbnail = link(world, &format!("{wanted}/thumbnail.png"));
    let of = |kind: &str, url: &str, at: u64| {
        json!({"resource_id": wanted, "resource_type": kind, "source_type": "generated", "url": url,
            "preview_url": thumbnail, "thumbnail_url": thumbnail, "created_at": at / 1000, "metadata": {}})
    };
    let turns = session.turns.iter().enumerate().filter(|(_, turn)| turn.thought <= call.now);
    let mut found = turns.filter_map(|(number, turn)| match &turn.then {
        Then::Reviews if session.storyboard(number) == wanted => Some(of("draft", &thumbnail, turn.thought)),
        Then::Generates { video, ends } if video == wanted && *ends <= call.now => {
            Some(of("video", &link(world, &format!("{video}/video.mp4")), *ends))
        }
        _ => None,
    });
    let found = found.next();
    data(found.ok_or_else(|| Refusal::not_found("resource_not_found", format!("no resource {wanted}")))?)
}

pub(super) fn videos(world: &World, state: &mut State, call: &Call) -> Answer {
    let session = find(state, call.id("session_id"))?;
    let ids: Vec<String> = session.videos(call.now).map(str::to_owned).collect();
    let jobs = state.jobs(Kind::Video);
    let videos: Vec<Value> =
        ids.iter().filter_map(|id| jobs.get(id).map(|job| videos::view(world, job, call.now))).collect();
    let body = json!({"data": videos, "has_more": false, "next_token": null});
    Ok(Reply::json(http::StatusCode::OK, body))
}

/// A turn has ended: the session's callback and the endpoints hear of it.
pub(crate) fn turn_is_over(world: &World, state: &mut State, id: &str, then: u64) {
    let Some(session) = state.sessions.get(id).filter(|session| session.stops.is_none()) else { return };
    let callback_id = session.body.get("callback_id").cloned().unwrap_or_default();
    let callback = session.body.get("callback_url").and_then(Value::as_str).map(str::to_owned);
    let (event_type, video, data) = match session.turns.last().map(|turn| &turn.then) {
        Some(Then::Generates { video, .. }) => {
            let data = json!({
                "session_id": id,
                "video_id": video,
                "video_url": link(world, &format!("{video}/video.mp4")),
                "callback_id": callback_id,
            });
            ("video_agent.success", Some(video.clone()), data)
        }
        Some(Then::Fails(code)) => {
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
    events::emit(world, state, then, event_type, &about, data, callback.as_deref());
}
