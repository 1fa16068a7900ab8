//! The state of a simulator: its resources, and what is scheduled.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api_error::ApiError;
use crate::concurrency::Concurrency;
use crate::env::Env;
use crate::model::asset::Asset;
use crate::model::avatar::{Group, Look};
use crate::model::batch::Batch;
use crate::model::brand_kit::Kit;
use crate::model::consent::Consent;
use crate::model::delivery::Deliveries;
use crate::model::event::Event;
use crate::model::folder::Folder;
use crate::model::grants::Grants;
use crate::model::idempotency::IdempotencyKeys;
use crate::model::job::{Job, Kind};
use crate::model::realtime_stream::Stream;
use crate::model::run::Run;
use crate::model::session::Session;
use crate::model::template::Template;
use crate::model::tokens::Tokens;
use crate::model::voice::Voice;
use crate::model::webhook_endpoint::Endpoint;
use crate::model::workflow::Workflow;
use crate::rate_limit::RateLimit;
use crate::settings::Settings;
use crate::store::Store;
use crate::timeline::{Due, Timeline};
use crate::wallet::Wallet;

/// The resources of the workspace, its limits and settings, and what is scheduled.
pub(crate) struct State {
    /// The jobs of each kind that has had one.
    jobs: BTreeMap<Kind, Store<Job>>,
    /// The jobs of the other kinds.
    no_jobs: Store<Job>,
    /// Jobs that were removed to make room, until the state is not locked any more: to drop them takes as long as to add others.
    pub(crate) removed: Vec<Job>,
    pub(crate) sessions: Store<Session>,
    pub(crate) groups: Store<Group>,
    pub(crate) looks: Store<Look>,
    pub(crate) consents: Store<Consent>,
    pub(crate) voices: Store<Voice>,
    pub(crate) model_voices: Store<Voice>,
    pub(crate) assets: Store<Asset>,
    pub(crate) glossaries: Store<Value>,
    pub(crate) kits: Store<Kit>,
    pub(crate) folders: Store<Folder>,
    pub(crate) templates: Store<Template>,
    pub(crate) batches: Store<Batch>,
    pub(crate) streams: Store<Stream>,
    pub(crate) workflows: Store<Workflow>,
    pub(crate) runs: Store<Run>,
    pub(crate) executions: Store<Value>,
    pub(crate) endpoints: Store<Endpoint>,
    pub(crate) events: Store<Event>,
    /// Ids of deleted jobs and assets, whose files do not exist any more.
    pub(crate) deleted: Store<()>,
    pub(crate) idempotency: IdempotencyKeys,
    pub(crate) rate_limit: RateLimit,
    pub(crate) wallet: Wallet,
    pub(crate) tokens: Tokens,
    pub(crate) grants: Grants,
    pub(crate) deliveries: Deliveries,
    /// The jobs and sessions that count against the concurrency limit.
    pub(crate) running: Concurrency,
    timeline: Timeline,
    /// When the simulator started, in milliseconds since 1970.
    pub(crate) began: u64,
    /// Maximum number of resources of each kind.
    keep: usize,
}

impl State {
    pub(crate) fn new(settings: &Settings, now: u64) -> Self {
        let keep = settings.keep;
        Self {
            jobs: BTreeMap::new(),
            no_jobs: Store::new(keep),
            removed: Vec::new(),
            sessions: Store::new(keep),
            groups: Store::new(keep),
            looks: Store::new(keep),
            consents: Store::new(keep),
            voices: Store::new(keep),
            model_voices: Store::new(keep),
            assets: Store::new(keep),
            glossaries: Store::new(keep),
            kits: Store::new(keep),
            folders: Store::new(keep),
            templates: Store::new(keep),
            batches: Store::new(keep),
            streams: Store::new(keep),
            workflows: Store::new(keep),
            runs: Store::new(keep),
            executions: Store::new(keep),
            endpoints: Store::new(keep),
            events: Store::new(keep),
            deleted: Store::new(keep),
            idempotency: IdempotencyKeys::new(keep),
            rate_limit: RateLimit::default(),
            wallet: Wallet::new(settings.balance),
            tokens: Tokens::new(settings.seed, now),
            grants: Grants::default(),
            deliveries: Deliveries::default(),
            running: Concurrency::default(),
            timeline: Timeline::default(),
            began: now,
            keep,
        }
    }

    /// The jobs of a kind.
    pub(crate) fn jobs(&self, kind: Kind) -> &Store<Job> {
        self.jobs.get(&kind).unwrap_or(&self.no_jobs)
    }

    /// The jobs of a kind, to be changed.
    pub(crate) fn jobs_mut(&mut self, kind: Kind) -> &mut Store<Job> {
        let keep = self.keep;
        self.jobs.entry(kind).or_insert_with(|| Store::new(keep))
    }

    /// A job that requests can see.
    pub(crate) fn job(&self, kind: Kind, id: &str, now: u64) -> Result<&Job, ApiError> {
        let job = self.jobs(kind).get(id).filter(|job| job.is_visible(now));
        job.ok_or_else(|| missing(kind, id))
    }

    /// A job that requests can see, to be changed.
    pub(crate) fn job_mut(&mut self, kind: Kind, id: &str, now: u64) -> Result<&mut Job, ApiError> {
        let job = self.jobs_mut(kind).get_mut(id).filter(|job| job.is_visible(now));
        job.ok_or_else(|| missing(kind, id))
    }

    /// Schedules something.
    pub(crate) fn schedule(&mut self, at: u64, due: Due) {
        self.timeline.schedule(at, due);
    }

    /// The time at which the next scheduled thing is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.timeline.next()
    }

    /// Takes the next scheduled thing if it is due, with its time.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<(u64, Due)> {
        self.timeline.take(now)
    }

    /// Unschedules everything that concerns a removed resource, and frees its slot.
    pub(crate) fn unschedule(&mut self, id: &str) {
        self.timeline.unschedule(id);
        self.running.release(id);
    }

    /// Refuses if `wanted` more jobs would exceed the concurrency limit.
    pub(crate) fn check_concurrency(&mut self, env: &Env, wanted: usize, now: u64) -> Result<(), ApiError> {
        self.running.check(env.settings.concurrency, wanted, now)
    }
}

fn missing(kind: Kind, id: &str) -> ApiError {
    let spec = kind.spec();
    ApiError::not_found(spec.missing, format!("no {} {id}", spec.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builder::SimBuilder;
    use crate::clock::Clock;
    use crate::jobs;
    use crate::jobs::NewJob;
    use crate::world::World;

    #[tokio::test]
    async fn removed_jobs_are_unscheduled() {
        let settings = Settings { keep: 3, concurrency: usize::MAX, ..SimBuilder::default().settings };
        let world = World::new(String::new(), settings, Clock::manual()).unwrap();
        let mut state = world.state();
        let (body, now) = (json!({}), world.env.clock.now());
        for _ in 0..100 {
            jobs::submit(&world.env, &mut state, now, NewJob::new(Kind::Video, &body)).unwrap();
        }
        assert_eq!(state.timeline.len(), 3);
        let id = jobs::submit(&world.env, &mut state, now, NewJob::new(Kind::Video, &body)).unwrap();
        jobs::delete(&mut state, Kind::Video, &id, now).unwrap();
        assert_eq!(state.timeline.len(), 2);
    }
}
