//! Everything that was made, and what is due.

use std::collections::HashMap;

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
use crate::running::Running;
use crate::store::Store;
use crate::timeline::{Due, Timeline};
use crate::wallet::Wallet;
use crate::webhooks::deliver::Deliveries;
use crate::webhooks::endpoints::Endpoint;
use crate::webhooks::events::{self, Event};
use crate::world::{Settings, World};
use crate::{catalogue, jobs};

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
    pub(crate) running: Running,
    timeline: Timeline,
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
            running: Running::default(),
            timeline: Timeline::default(),
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
        self.timeline.schedule(then, due);
    }

    /// When the next thing happens.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.timeline.next()
    }

    /// Has nothing more happen to a thing that is gone, and counts it as running no more.
    pub(crate) fn forget(&mut self, id: &str) {
        self.timeline.forget(id);
        self.running.vacate(id);
    }

    /// Lets everything happen that is due, in its order.
    pub(crate) fn settle(&mut self, world: &World, now: u64) {
        while let Some((then, due)) = self.timeline.take(now) {
            match due {
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
        self.running.check_room(world.settings.concurrency, wanted, now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builder::SimBuilder;
    use crate::clock::Clock;
    use crate::jobs::Order;

    #[tokio::test]
    async fn nothing_is_due_for_what_was_let_go() {
        let settings = Settings { keep: 3, concurrency: usize::MAX, ..SimBuilder::default().settings };
        let world = World::new(String::new(), settings, Clock::manual()).unwrap();
        let mut state = world.state();
        let (body, now) = (json!({}), world.clock.now());
        for _ in 0..100 {
            jobs::submit(&world, &mut state, now, Order::new(Kind::Video, &body)).unwrap();
        }
        assert_eq!(state.timeline.len(), 3);
        let id = jobs::submit(&world, &mut state, now, Order::new(Kind::Video, &body)).unwrap();
        jobs::delete(&mut state, Kind::Video, &id, now).unwrap();
        assert_eq!(state.timeline.len(), 2);
    }
}
