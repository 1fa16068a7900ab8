//! Jobs: everything that is submitted, runs for a while, and ends.

use std::sync::Arc;

use serde_json::Value;

use crate::course::{Course, Stage};
use crate::kept;
use crate::marker::Marker;
use crate::refusal::Refusal;
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;
use crate::webhooks::{events, payloads};
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Video,
    Translation,
    Proofread,
    Lipsync,
    Render,
    Clipping,
    BackgroundRemoval,
    FillerWords,
    Podcast,
    Comparison,
    ModelVideo,
    /// An uploaded file that is being taken in.
    Asset,
}

/// What is the same for all jobs of a kind.
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// Code of the refusal when there is none with an id.
    pub(crate) missing: &'static str,
    /// Seconds in the first state and in the second.
    pub(crate) waits: u64,
    pub(crate) runs: u64,
    /// The service's words for the two states before the end; success and failure.
    pub(crate) words: [&'static str; 4],
    /// US dollars for the simulator's three seconds of video, by the price list of June 2026.
    pub(crate) price: f64,
    /// Whether it counts against the concurrency limit.
    pub(crate) counts: bool,
    /// Event types of success and failure.
    pub(crate) events: Option<(&'static str, &'static str)>,
    /// Whether only the `callback_url` of the request hears of its end: the service's catalogue has no such event.
    pub(crate) unlisted: bool,
}

impl Kind {
    pub(crate) fn facts(self) -> &'static Facts {
        const LIKE_VIDEOS: [&str; 4] = ["pending", "processing", "completed", "failed"];
        const RUNNING: [&str; 4] = ["pending", "running", "completed", "failed"];
        const AT_ONCE: [&str; 4] = ["processing", "processing", "completed", "failed"];
        const BASE: Facts = Facts {
            name: "resource",
            missing: "resource_not_found",
            waits: 10,
            runs: 290,
            words: LIKE_VIDEOS,
            price: 0.0,
            counts: false,
            events: None,
            unlisted: false,
        };
        match self {
            Self::Video => &Facts {
                name: "video",
                missing: "video_not_found",
                price: 0.2001,
                counts: true,
                events: Some(("avatar_video.success", "avatar_video.fail")),
                ..BASE
            },
            Self::Translation => &Facts {
                name: "video translation",
                words: RUNNING,
                price: 0.0999,
                counts: true,
                events: Some(("video_translate.success", "video_translate.fail")),
                ..BASE
            },
            Self::Proofread => &Facts {
                name: "proofread",
                waits: 0,
                runs: 180,
                words: AT_ONCE,
                events: Some(("proofread_creation.success", "proofread_creation.fail")),
                ..BASE
            },
            Self::Lipsync => &Facts {
                name: "lipsync",
                words: RUNNING,
                price: 0.0999,
                events: Some(("lipsync.success", "lipsync.fail")),
                unlisted: true,
                ..BASE
            },
            Self::Render => &Facts {
                name: "render",
                missing: "hyperframes_render_not_found",
                waits: 5,
                runs: 55,
                words: ["queued", "rendering", "completed", "failed"],
                price: 0.005,
                events: Some(("hyperframes_video.success", "hyperframes_video.fail")),
                ..BASE
            },
            Self::Clipping => &Facts {
                name: "AI clipping job",
                words: RUNNING,
                price: 0.15,
                events: Some(("ai_clipping.success", "ai_clipping.fail")),
                ..BASE
            },
            Self::BackgroundRemoval => &Facts { name: "background removal", runs: 110, price: 0.05, ..BASE },
            Self::FillerWords => &Facts {
                name: "filler word removal",
                runs: 110,
                words: RUNNING,
                price: 0.30,
                events: Some(("filler_word_removal.success", "filler_word_removal.fail")),
                ..BASE
            },
            Self::Podcast => &Facts {
                name: "podcast",
                waits: 0,
                runs: 300,
                words: AT_ONCE,
                price: 0.2001,
                events: Some(("podcast.success", "podcast.fail")),
                ..BASE
            },
            Self::Comparison => &Facts { name: "comparison", waits: 0, runs: 30, words: AT_ONCE, ..BASE },
            Self::ModelVideo => &Facts {
                name: "model video",
                missing: "video_not_found",
                waits: 5,
                runs: 115,
                price: 0.5,
                events: Some(("model_video.success", "model_video.fail")),
                unlisted: true,
                ..BASE
            },
            Self::Asset => &Facts {
                name: "asset",
                missing: "asset_not_found",
                waits: 0,
                runs: 5,
                words: ["queued", "processing", "completed", "failed"],
                ..BASE
            },
        }
    }
}

pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) course: Course,
    /// What is kept of the request that made it, shared by all jobs of that request.
    pub(crate) body: Arc<Value>,
    /// What was decided beside the request, such as the language of this one of several translations.
    pub(crate) extra: Value,
    pub(crate) title: Option<String>,
    /// When its callers can see it, in milliseconds; until then an item of a batch is queued.
    pub(crate) visible: u64,
    pub(crate) deleted: bool,
    /// Whether its end is an event of its own.
    pub(crate) announced: bool,
    /// Bytes of its file, when a marker asks for so many.
    pub(crate) size: Option<u64>,
    charge: i64,
}

impl Job {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The service's word for where it stands.
    pub(crate) fn status(&self, now: u64) -> &'static str {
        let [waiting, running, done, failed] = self.kind.facts().words;
        match self.course.stage(now) {
            Stage::Waiting => waiting,
            Stage::Running(_) => running,
            Stage::Done => done,
            Stage::Failed => failed,
        }
    }

    /// Percentage done.
    pub(crate) fn progress(&self, now: u64) -> u64 {
        match self.course.stage(now) {
            Stage::Waiting => 0,
            Stage::Running(percent) => percent,
            Stage::Done | Stage::Failed => 100,
        }
    }

    pub(crate) fn failure_message(&self, now: u64) -> Option<&str> {
        self.course.failure(now).map(|(_, message)| message)
    }

    /// The name of its main file, with a size of its own where a marker asks for it.
    pub(crate) fn file(&self, name: &str) -> String {
        match self.size {
            Some(size) => format!("{}/size-{size}/{name}", self.id),
            None => format!("{}/{name}", self.id),
        }
    }
}

/// A job to be submitted.
pub(crate) struct Order<'a> {
    pub(crate) kind: Kind,
    pub(crate) body: &'a Value,
    /// What is kept of the body, where several jobs share it.
    pub(crate) kept: Option<&'a Arc<Value>>,
    pub(crate) extra: Value,
    /// US dollars, where it is not the price of the kind.
    pub(crate) price: Option<f64>,
    /// Milliseconds from now until it exists: items of batches queue.
    pub(crate) queued: u64,
    /// Seconds of waiting and running, where they are not those of the kind.
    pub(crate) pace: Option<(u64, u64)>,
    /// Whether it is part of something that is counted and announced as a whole.
    pub(crate) is_part: bool,
    /// Markers, where they are not those of the body.
    pub(crate) marker: Option<Marker>,
}

impl<'a> Order<'a> {
    pub(crate) fn new(kind: Kind, body: &'a Value) -> Self {
        Self {
            kind,
            body,
            kept: None,
            extra: Value::Null,
            price: None,
            queued: 0,
            pace: None,
            is_part: false,
            marker: None,
        }
    }

    pub(crate) fn with(self, extra: Value) -> Self {
        Self { extra, ..self }
    }
}

/// Submits a job and gives its id.
pub(crate) fn submit(
    world: &World,
    state: &mut State,
    now: u64,
    order: Order<'_>,
) -> Result<String, Refusal> {
    let facts = order.kind.facts();
    let marker = order.marker.map_or_else(|| Marker::of(order.body), Ok)?;
    // Items of batches wait in a queue of their own.
    let counts = facts.counts && !order.is_part && order.queued == 0;
    if counts {
        state.check_room(world, 1, now)?;
    }
    let charge = dollars(order.price.unwrap_or(if order.is_part { 0.0 } else { facts.price }));
    state.wallet.charge(charge)?;
    let id = world.id();
    let (waits, runs) = order.pace.unwrap_or((facts.waits, facts.runs));
    let visible = now + order.queued;
    let course = Course::new(visible, waits, runs, &marker);
    let ends = course.ends();
    if counts {
        state.running.occupy(&id, ends);
    }
    if let Some(ends) = ends {
        state.schedule(ends, Due::Job(order.kind, id.clone()));
        // The one who sleeps until something else wakes early enough.
        if state.next_due() == Some(ends) {
            world.wake.notify_one();
        }
    }
    let body = order.kept.map_or_else(|| Arc::new(kept::of(order.body)), Arc::clone);
    let job = Job {
        id: id.clone(),
        kind: order.kind,
        course,
        title: body.get("title").and_then(Value::as_str).map(str::to_owned),
        body,
        extra: order.extra,
        visible,
        deleted: false,
        announced: !order.is_part,
        size: marker.size,
        charge,
    };
    if let Some(oldest) = state.jobs(order.kind).insert(id.clone(), job) {
        state.forget(&oldest);
    }
    Ok(id)
}

/// A job's end has come.
pub(crate) fn finish(world: &World, state: &mut State, kind: Kind, id: &str, then: u64) {
    state.jobs(kind).end(id);
    // A podcast that is deleted while it is made is made all the same, and its callback hears of it.
    let goes_on = |job: &&Job| (!job.deleted || kind == Kind::Podcast) && job.course.is_over(then);
    let Some(job) = state.jobs(kind).get(id).filter(goes_on) else { return };
    let failed = job.course.stage(then) == Stage::Failed;
    let (charge, announced) = (job.charge, job.announced);
    let (data, callback) = (payloads::of_job(world, job, then), job.text("callback_url").map(str::to_owned));
    state.running.vacate_ended(then);
    if failed {
        state.wallet.refund(charge);
    }
    if let (Some((success, fail)), true) = (kind.facts().events, announced) {
        let event_type = if failed { fail } else { success };
        if !kind.facts().unlisted {
            events::emit(world, state, then, event_type, &[id], data, callback.as_deref());
        } else if let Some(callback) = callback {
            events::call_back(world, state, then, event_type, &data, callback);
        }
    }
}

/// Deletes a job for good: it is gone, and so are its files.
pub(crate) fn delete(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), Refusal> {
    state.job(kind, id, now)?;
    state.jobs(kind).remove(id);
    state.forget(id);
    state.gone.insert(id, ());
    Ok(())
}

/// Deletes a job so that its callers see it no more.
pub(crate) fn hide(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), Refusal> {
    state.job(kind, id, now)?.deleted = true;
    state.jobs(kind).end(id);
    state.running.vacate(id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builder::SimBuilder;
    use crate::clock::Clock;

    #[tokio::test]
    async fn the_jobs_of_a_request_share_what_is_kept_of_it() {
        let world = World::new(String::new(), SimBuilder::default().settings, Clock::manual()).unwrap();
        let mut state = world.state();
        let body = json!({"title": "t", "output_languages": ["de", "fr"]});
        let kept = Arc::new(kept::of(&body));
        for _ in 0..2 {
            let order = Order { kept: Some(&kept), ..Order::new(Kind::Proofread, &body) };
            submit(&world, &mut state, 0, order).unwrap();
        }
        assert_eq!(Arc::strong_count(&kept), 3);
    }
}
