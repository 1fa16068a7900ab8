//! Jobs: everything that is submitted, runs for a while, and ends.

use std::sync::Arc;

use serde_json::Value;

use crate::api_error::ApiError;
use crate::env::Env;
use crate::marker::Marker;
use crate::model::job::{Job, Kind};
use crate::retention;
use crate::schedule::Schedule;
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;

/// A job to be submitted.
pub(crate) struct NewJob<'a> {
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

impl<'a> NewJob<'a> {
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
pub(crate) fn submit(env: &Env, state: &mut State, now: u64, order: NewJob<'_>) -> Result<String, ApiError> {
    let spec = order.kind.spec();
    let marker = order.marker.map_or_else(|| Marker::of(order.body), Ok)?;
    // Items of batches wait in a queue of their own.
    let counts = spec.counts && !order.is_part && order.queued == 0;
    if counts {
        state.check_room(env, 1, now)?;
    }
    let charge = dollars(order.price.unwrap_or(if order.is_part { 0.0 } else { spec.price }));
    state.wallet.charge(charge)?;
    let id = env.id();
    let (waits, runs) = order.pace.unwrap_or((spec.waits, spec.runs));
    let visible = now + order.queued;
    let schedule = Schedule::new(visible, waits, runs, &marker);
    let ends = schedule.ends();
    if counts {
        state.running.occupy(&id, ends);
    }
    if let Some(ends) = ends {
        state.schedule(ends, Due::Job(order.kind, id.clone()));
        // The one who sleeps until something else wakes early enough.
        if state.next_due() == Some(ends) {
            env.wake.notify_one();
        }
    }
    let body = order.kept.map_or_else(|| Arc::new(retention::retained(order.body)), Arc::clone);
    let job = Job {
        id: id.clone(),
        kind: order.kind,
        schedule,
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

/// Deletes a job for good: it is gone, and so are its files.
pub(crate) fn delete(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), ApiError> {
    state.job(kind, id, now)?;
    state.jobs(kind).remove(id);
    state.forget(id);
    state.gone.insert(id, ());
    Ok(())
}

/// Deletes a job so that its callers see it no more.
pub(crate) fn hide(state: &mut State, kind: Kind, id: &str, now: u64) -> Result<(), ApiError> {
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
    use crate::world::World;

    #[tokio::test]
    async fn the_jobs_of_a_request_share_what_is_kept_of_it() {
        let world = World::new(String::new(), SimBuilder::default().settings, Clock::manual()).unwrap();
        let mut state = world.state();
        let body = json!({"title": "t", "output_languages": ["de", "fr"]});
        let kept = Arc::new(retention::retained(&body));
        for _ in 0..2 {
            let order = NewJob { kept: Some(&kept), ..NewJob::new(Kind::Proofread, &body) };
            submit(&world.env, &mut state, 0, order).unwrap();
        }
        assert_eq!(Arc::strong_count(&kept), 3);
    }
}
