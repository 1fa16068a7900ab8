//! Scenes that are rendered in two passes: first as videos of their own, and then as clips of the whole video.

use std::collections::BTreeMap;

use heygen_api::operations;
use serde_json::Value;

use super::super::cost::CostChange;
use super::super::loss::Severity;
use super::super::output::Output;
use super::super::planned_request::{Action, PlannedRequest};
use super::super::planning::Planning;
use super::canvas::lower_resolution;
use super::scene::LegacyScene;

/// Adds the requests of the first pass, if the options allow one and a scene needs it. Returns the index of the request that
/// waits for the video, for each of these scenes.
pub(super) fn plan_first_pass(
    planning: &Planning<'_>,
    scenes: &[LegacyScene<'_>],
    whole: &Output,
) -> Option<BTreeMap<usize, usize>> {
    let mut created = Vec::new();
    if planning.options.deadline_of_parts().is_some() {
        let parts = scenes.iter().enumerate().filter(|(_, scene)| scene.needs_first_pass(planning.options));
        for (index, scene) in parts {
            let mut part = Output::new();
            part.set("type", "avatar");
            for name in ["aspect_ratio", "resolution"] {
                if let Some(value) = whole.get(name) {
                    part.set(name, value.clone());
                }
            }
            if let Some(title) = whole.get("title").and_then(Value::as_str) {
                part.set("title", format!("{title} (scene {})", index + 1));
            }
            scene.put_as_avatar(planning, &mut part)?;
            lower_resolution(planning, &mut part);
            let purpose = format!("renders scene {} as a video of its own", index + 1);
            let request = PlannedRequest::new(&operations::CREATE_VIDEO, purpose);
            created.push((index, planning.request(request.with_output(part))));
        }
    }
    if !created.is_empty() {
        planning
            .cost(CostChange::More, "two passes: a scene that is rendered as a video of its own costs twice");
        lose_captions(planning, whole);
    }
    let awaited = created.into_iter().map(|(index, create)| {
        let request = PlannedRequest::new(&operations::GET_VIDEO, format!("waits for scene {}", index + 1))
            .with_action(Action::AwaitVideo)
            .with_parameter_from("video_id", create, "/data/video_id");
        (index, planning.request(request))
    });
    Some(awaited.collect())
}

/// No documentation says whether the captions of a video cover the speech of a clip.
fn lose_captions(planning: &Planning<'_>, whole: &Output) {
    if whole.has("caption") {
        for name in ["caption", "caption_mode", "caption_open"] {
            planning.body().get(name).lose(
                Severity::Spoken,
                "in two passes, captions may lack the scenes of the first pass",
                "turn two passes off, or accept this loss",
            );
        }
    }
}

/// Makes a scene from the video of the first pass.
pub(super) fn put_clip(video: usize, scene: &mut Output) {
    scene.set("type", "video");
    let mut source = scene.child("source");
    source.set("type", "url");
    source.set_from("url", video, "/data/video_url");
    scene.attach("source", source);
}
