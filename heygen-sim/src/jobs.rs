//! Submits and deletes jobs.

use std::sync::Arc;

use serde_json::Value;

use crate::api_error::ApiError;
use crate::bounded_json;
use crate::env::Env;
use crate::marker::Marker;
use crate::model::job::{Job, Kind};
use crate::retention;
use crate::schedule::Schedule;
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;

/// What a job occupies without its body, in bytes.
const JOB_SIZE: usize = 1_000;

/// The properties of a job to submit.
pub(crate) struct NewJob<'a> {
    pub(crate) kind: Kind,
    /// The body of the request, or of a batch item.
    pub(crate) body: &'a Value,
    /// The retained part of the body, if several jobs share it.
    pub(crate) retained: Option<&'a Arc<Value>>,
    /// Properties that differ between the jobs of one request.
    pub(crate) extra: Value,
    /// Price in US dollars, if it differs from the price of the kind.
    pub(crate) price: Option<f64>,
    /// Time until the job is created, in milliseconds. An item of a batch is queued first.
    pub(crate) queued: u64,
    /// Seconds for which it waits and runs, if they differ from those of the kind.
    pub(crate) durations: Option<(u64, u64)>,
    /// Whether the job is part of an agent session, which is charged, counted and reported as a whole.
    pub(crate) is_part: bool,
    /// Markers, if they are not those of the body.
    pub(crate) marker: Option<Marker>,
}

impl<'a> NewJob<'a> {
    /// A job with the defaults of its kind.
    pub(crate) fn new(kind: Kind, body: &'a Value) -> Self {
        Self {
            kind,
            body,
            retained: None,
            extra: Value::Null,
            price: None,
            queued: 0,
            durations: None,
            is_part: false,
            marker: None,
        }
    }

    /// Sets the properties that differ between the jobs of one request.
    pub(crate) fn with_extra(self, extra: Value) -> Self {
        Self { extra, ..self }
    }
}

/// Charges and starts a job, and returns its id. Refuses it if the wallet or the concurrency limit does not allow it.
pub(crate) fn submit(
    env: &Env,
    state: &mut State,
    now: u64,
    new_job: NewJob<'_>,
) -> Result<String, ApiError> {
    let spec = new_job.kind.spec();
    let marker = new_job.marker.map_or_else(|| Marker::of(new_job.body), Ok)?;
    // The queue of batches limits their items, so they do not count.
    let counts = spec.counts && !new_job.is_part && new_job.queued == 0;
    if counts {
        state.check_concurrency(env, 1, now)?;
    }
    let charge = dollars(new_job.price.unwrap_or(if new_job.is_part { 0.0 } else { spec.price }));
    state.wallet.charge(charge)?;
    let id = if new_job.kind == Kind::Render { env.dashed_id() } else { env.id() };
    let shared_id: Arc<str> = id.as_str().into();
    let (waits, runs) = new_job.durations.unwrap_or((spec.waits, spec.runs));
    let visible = now + new_job.queued;
    let schedule = Schedule::new(visible, waits, runs, &marker);
    let ends = schedule.ends();
    if counts {
        state.running.acquire(&shared_id, ends);
    }
    if let Some(ends) = ends {
        state.schedule(ends, Due::Job(new_job.kind, Arc::clone(&shared_id)));
        // If something else is due earlier, the background task wakes early enough.
        if state.next_due() == Some(ends) {
            env.wake.notify_one();
        }
    }
    let body = new_job.retained.map_or_else(|| Arc::new(retention::retained(new_job.body)), Arc::clone);
    let job = Job {
        id: id.clone(),
        kind: new_job.kind,
        schedule,
        title: body.get("title").and_then(Value::as_str).map(str::to_owned),
        body,
        extra: new_job.extra,
        visible,
        deleted: false,
        sends_event: !new_job.is_part,
        size: marker.size,
        charge,
    };
    // Jobs of one request share their body.
    let size = if new_job.retained.is_some() { 0 } else { bounded_json::memory(&job.body) };
    for (oldest, job) in state.jobs_mut(new_job.kind).insert_sized(shared_id, job, JOB_SIZE + size) {
        state.unschedule(&oldest);
        state.removed.push(job);
    }
    Ok(id)
}

/// Deletes a job and its files.
pub(crate) fn delete(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), ApiError> {
    state.job(kind, id, now)?;
    state.jobs_mut(kind).remove(id);
    state.unschedule(id);
    state.deleted.insert(id, ());
    Ok(())
}

/// Marks a job as deleted. It stays in the store, but requests no longer see it.
pub(crate) fn hide(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), ApiError> {
    state.job_mut(kind, id, now)?.deleted = true;
    state.jobs_mut(kind).end(id);
    state.running.release(id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builder::SimBuilder;
    use crate::clock::Clock;
    use crate::world::World;

    #[tokio::test]
    async fn jobs_of_one_request_share_the_retained_body() {
        let world = World::new(String::new(), SimBuilder::default().settings, Clock::manual()).unwrap();
        let mut state = world.state();
        let body = json!({"title": "t", "output_languages": ["de", "fr"]});
        let retained = Arc::new(retention::retained(&body));
        for _ in 0..2 {
            let new_job = NewJob { retained: Some(&retained), ..NewJob::new(Kind::Proofread, &body) };
            submit(&world.env, &mut state, 0, new_job).unwrap();
        }
        assert_eq!(Arc::strong_count(&retained), 3);
    }
}
