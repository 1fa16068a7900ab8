//! Videos, as far as sessions make them.

use http::StatusCode;
use serde_json::json;

use super::{Reply, page};
use crate::door::Call;
use crate::refusal::Refusal;
use crate::world::World;

pub(crate) fn get(world: &World, call: &Call) -> Reply {
    let wanted = call.path.get("video_id").map(String::as_str).unwrap_or_default();
    let now = world.clock().now();
    let sessions = world.sessions();
    let mut videos = sessions.iter().filter_map(|session| session.video(world, now));
    match videos.find(|video| video["id"] == wanted) {
        Some(video) => Ok((StatusCode::OK, json!({ "data": video }))),
        None => Err(Refusal::not_found("video_not_found", format!("no video {wanted}"))),
    }
}

pub(crate) fn list(world: &World, call: &Call) -> Reply {
    let now = world.clock().now();
    let sessions = world.sessions();
    page(sessions.iter().rev().filter_map(|session| session.video(world, now)).collect(), call, 10)
}
