//! Everything that was made, and what is due.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::idempotency::Ledger;
use crate::jobs::{Job, Kind};
use crate::limits::Limits;
use crate::oauth::Tokens;
use crate::refusal::Refusal;
use crate::resources::assets::Asset;
use crate::resources::avatars::{Group, Look};
use crate::resources::batches::Batch;
use crate::resources::brand_kits::Kit;
use crate::resources::consents::Consent;
use crate::resources::realtime::Stream;
use crate::resources::runs::Run;
use crate::resources::video_agents::Session;
use crate::resources::voices::Voice;
use crate::resources::workflows::Workflow;
use crate::resources::{batches, video_agents};
use crate::store::Store;
use crate::wallet::Wallet;
use crate::webhooks::deliver::{Attempt, Deliveries};
use crate::webhooks::endpoints::Endpoint;
use crate::webhooks::events::{self, Event};
use crate::world::{Settings, World};
use crate::{catalogue, jobs};

/// What happens at a time of the clock.
pub(crate) enum Due {
    /// A job ends.
    Job(Kind, String),
    /// A look is ready or has failed.
    Look(String),
    /// A turn of an agent session ends.
    Session(String),
    /// The last item of a batch is over.
    Batch(Kind, String),
    /// A delivery is to be tried.
    Attempt(Box<Attempt>),
}

pub(crate) struct State {
    jobs: HashMap<Kind, Store<Job>>,
    pub(crate) sessions: Store<Session>,
    pub(crate) groups: Store<Group>,
    pub(crate) looks: Store<Look>,
    pub(crate) consents: Store<Consent>,
    pub(crate) voices: Store<Voice>,
    pub(crate) model_voices: Store<Voice>,
    pub(crate) assets: Store<Asset>,
    pub(crate) glossaries: Store<Value>,
    pub(crate) kits: Store<Kit>,
    pub(crate) batches: Store<Batch>,
    pub(crate) streams: Store<Stream>,
    pub(crate) workflows: Store<Workflow>,
    pub(crate) runs: Store<Run>,
    pub(crate) executions: Store<Value>,
    pub(crate) endpoints: Store<Endpoint>,
    pub(crate) events: Store<Event>,
    /// Ids whose files are gone.
    pub(crate) gone: Store<()>,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) wallet: Wallet,
    pub(crate) tokens: Tokens,
    pub(crate) deliveries: Deliveries,
    /// Jobs that count against the concurrency limit, by their end.
    running: BTreeSet<(u64, String)>,
    timeline: BTreeMap<(u64, u64), Due>,
    scheduled: u64,
    keep: usize,
}

impl State {
    pub(crate) fn new(settings: &Settings, now: u64) -> Self {
        let keep = settings.keep;
        let mut state = Self {
            jobs: HashMap::new(),
            sessions: Store::new(keep),
            groups: Store::new(keep),
            looks: Store::new(keep),
            consents: Store::new(keep),
            voices: Store::new(keep),
            model_voices: Store::new(keep),
            assets: Store::new(keep),
            glossaries: Store::new(keep),
            kits: Store::new(keep),
            batches: Store::new(keep),
            streams: Store::new(keep),
            workflows: Store::new(keep),
            runs: Store::new(keep),
            executions: Store::new(keep),
            endpoints: Store::new(keep),
            events: Store::new(keep),
            gone: Store::new(keep),
            ledger: Ledger::new(keep),
            limits: Limits::default(),
            wallet: Wallet::new(settings.balance),
            tokens: Tokens::new(settings.seed, now),
            deliveries: Deliveries::default(),
            running: BTreeSet::new(),
            timeline: BTreeMap::new(),
            scheduled: 0,
            keep,
        };
        catalogue::fill(&mut state, now);
        state
    }

    /// The jobs of a kind.
    pub(crate) fn jobs(&mut self, kind: Kind) -> &mut Store<Job> {
        let keep = self.keep;
        self.jobs.entry(kind).or_insert_with(|| Store::new(keep))
    }

    /// A job that its callers can see by now.
    pub(crate) fn job(&mut self, kind: Kind, id: &str, now: u64) -> Result<&mut Job, Refusal> {
        let job = self.jobs(kind).get_mut(id).filter(|job| job.visible <= now && !job.deleted);
        let facts = kind.facts();
        job.ok_or_else(|| Refusal::not_found(facts.missing, format!("no {} {id}", facts.name)))
    }

    /// Has something happen later.
    pub(crate) fn schedule(&mut self, then: u64, due: Due) {
        self.timeline.insert((then, self.scheduled), due);
        self.scheduled += 1;
    }

    /// When the next thing happens.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.timeline.keys().next().map(|(then, _)| *then)
    }

    /// Lets everything happen that is due, in its order.
    pub(crate) fn settle(&mut self, world: &World, now: u64) {
        while let Some(entry) = self.timeline.first_entry() {
            let then = entry.key().0;
            if then > now {
                return;
            }
            match entry.remove() {
                Due::Job(kind, id) => jobs::finish(world, self, kind, &id, then),
                Due::Look(id) => events::look_is_over(world, self, &id, then),
                Due::Session(id) => video_agents::turn_is_over(world, self, &id, then),
                Due::Batch(kind, id) => batches::check(world, self, kind, &id, then),
                Due::Attempt(attempt) => {
                    self.deliveries.hand_out(*attempt);
                    world.wake.notify_one();
                }
            }
        }
    }

    /// Refuses when so many more jobs would be more than may run.
    pub(crate) fn check_room(&mut self, world: &World, wanted: usize, now: u64) -> Result<(), Refusal> {
        self.vacate_ended(now);
        let limit = world.settings.concurrency;
        if self.running.len() + wanted <= limit {
            return Ok(());
        }
        let soonest = self.running.first().map_or(now, |(ends, _)| *ends);
        let wait = (soonest.saturating_sub(now)).div_ceil(1000).clamp(1, 60);
        Err(Refusal::too_many(format!("this plan runs {limit} jobs at once"), wait))
    }

    /// Counts a job as running until its end.
    pub(crate) fn occupy(&mut self, id: &str, ends: Option<u64>) {
        self.running.insert((ends.unwrap_or(u64::MAX), id.to_owned()));
    }

    /// Counts those no more that have ended by then. They come first: unlike [`vacate`](Self::vacate) it looks at no other.
    pub(crate) fn vacate_ended(&mut self, then: u64) {
        while self.running.first().is_some_and(|(ends, _)| *ends <= then) {
            self.running.pop_first();
        }
    }

    /// Counts it no more.
    pub(crate) fn vacate(&mut self, id: &str) {
        self.running.retain(|(_, running)| running != id);
    }
}
