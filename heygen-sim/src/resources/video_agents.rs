//! Video Agent sessions: a prompt becomes a video by itself.
//!
//! Where a session stands follows from its age alone, so any clock will do. The service's own takes twenty to
//! forty-five minutes; this one ten, in the same order.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Reply, page};
use crate::door::Call;
use crate::files::signed_url;
use crate::refusal::Refusal;
use crate::world::World;

/// Seconds from creation to each step.
const GENERATING: u64 = 120;
const PROCESSING: u64 = 180;
const COMPLETED: u64 = 600;

/// Length of the simulated video, in seconds.
const DURATION: f64 = 3.0;

/// A session as it was made.
pub(crate) struct Session {
    id: String,
    video_id: String,
    prompt: String,
    created: u64,
}

impl Session {
    /// Seconds since creation.
    fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.created) / 1000
    }

    fn status(&self, now: u64) -> &'static str {
        match self.age(now) {
            0..GENERATING => "thinking",
            GENERATING..COMPLETED => "generating",
            _ => "completed",
        }
    }

    /// The video's id, once rendering has started.
    fn video_id(&self, now: u64) -> Option<&str> {
        (self.age(now) >= GENERATING).then_some(self.video_id.as_str())
    }

    fn title(&self) -> String {
        self.prompt.split_whitespace().take(6).collect::<Vec<_>>().join(" ")
    }

    fn view(&self, now: u64) -> Value {
        json!({
            "session_id": self.id,
            "status": self.status(now),
            "progress": (self.age(now) * 100 / COMPLETED).min(100),
            "title": self.title(),
            "video_id": self.video_id(now),
            "created_at": self.created / 1000,
            "messages": [],
        })
    }

    /// The session's video as `GET /v3/videos/{video_id}` shows it, once there is one.
    pub(crate) fn video(&self, world: &World, now: u64) -> Option<Value> {
        let id = self.video_id(now)?;
        let status = match self.age(now) {
            0..PROCESSING => "pending",
            PROCESSING..COMPLETED => "processing",
            _ => "completed",
        };
        let mut video = json!({
            "id": id,
            "title": self.title(),
            "status": status,
            "created_at": self.created / 1000 + GENERATING,
        });
        if status == "completed" {
            video["completed_at"] = (self.created / 1000 + COMPLETED).into();
            video["duration"] = DURATION.into();
            video["video_url"] = signed_url(world, &format!("{id}.mp4")).into();
        }
        Some(video)
    }
}

pub(crate) fn create(world: &World, call: &Call) -> Reply {
    let now = world.clock().now();
    let prompt = call.body.get("prompt").and_then(Value::as_str).unwrap_or_default().to_owned();
    let session = Session { id: world.id(), video_id: world.id(), prompt, created: now };
    let data = json!({
        "session_id": session.id,
        "status": session.status(now),
        "video_id": session.video_id(now),
        "created_at": now / 1000,
    });
    world.sessions().push(session);
    Ok((StatusCode::OK, json!({ "data": data })))
}

pub(crate) fn get(world: &World, call: &Call) -> Reply {
    let wanted = call.path.get("session_id").map(String::as_str).unwrap_or_default();
    let sessions = world.sessions();
    match sessions.iter().find(|session| session.id == wanted) {
        Some(session) => Ok((StatusCode::OK, json!({"data": session.view(world.clock().now())}))),
        None => Err(Refusal::not_found("resource_not_found", format!("no session {wanted}"))),
    }
}

pub(crate) fn list(world: &World, call: &Call) -> Reply {
    let now = world.clock().now();
    let sessions = world.sessions();
    let newest_first = sessions.iter().rev().map(|session| {
        let mut view = session.view(now);
        view.as_object_mut().map(|view| view.remove("messages"));
        view
    });
    page(newest_first.collect(), call, 20)
}
