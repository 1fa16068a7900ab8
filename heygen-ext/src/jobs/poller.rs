//! Reads jobs. Reads of kinds with a bulk operation are combined: all that are due at about the same time share one request for
//! each 100 jobs, no matter which wait needs them.
//!
//! The waits themselves drive the shared request, not a task. When the last of them is dropped, so is the request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use heygen_api::Client;
use serde_json::{Map, Value};

use super::facts::{Bulk, Facts};
use super::reading;
use crate::error::Error;
use crate::runtime::Runtime;

/// How long a bulk request waits for more jobs that are due.
const COLLECT: Duration = Duration::from_millis(50);
/// Maximum number of ids in a bulk request (the document).
const MAX_IDS: usize = 100;

/// The statuses that a bulk request returned, by id; or why it failed.
type Statuses = Result<Arc<BTreeMap<String, Value>>, Error>;

/// Reads jobs for all waits of a client.
#[derive(Clone)]
pub(crate) struct Poller {
    api: Client,
    runtime: Arc<dyn Runtime>,
    shared: Arc<Mutex<Bulks>>,
}

/// The bulk requests that still collect ids, by kind, and the start of the common rhythm.
pub(crate) struct Bulks {
    collecting: BTreeMap<&'static str, Collecting>,
    start: Instant,
}

struct Collecting {
    ids: Arc<Mutex<Vec<String>>>,
    request: Shared<BoxFuture<'static, Statuses>>,
}

impl Bulks {
    pub(crate) fn new(start: Instant) -> Self {
        Self { collecting: BTreeMap::new(), start }
    }
}

/// What a look at a job returned.
pub(crate) enum Look {
    /// The job, as the operation that reads one returns it.
    Job(Value),
    /// Only its status: the job goes on.
    Status(String),
}

impl Poller {
    pub(crate) fn new(api: Client, runtime: Arc<dyn Runtime>, shared: Arc<Mutex<Bulks>>) -> Self {
        Self { api, runtime, shared }
    }

    /// Looks at a job, together with others if that saves requests.
    pub(crate) async fn look(&self, facts: &'static Facts, id: &str) -> Result<Look, Error> {
        let Some(bulk) = &facts.bulk else { return self.read(facts, id).await.map(Look::Job) };
        let (ids, request) = self.join(facts, bulk, id);
        let statuses = request.await;
        let alone = ids.lock().unwrap_or_else(PoisonError::into_inner).len() < 2;
        let entry = match statuses {
            // A single job is read by its own operation, which says more.
            _ if alone && !bulk.only => None,
            Ok(statuses) => statuses.get(id).cloned(),
            Err(error) if error.is_retryable() || bulk.only => return Err(error),
            // The service may refuse the whole request because of one id.
            Err(_) => None,
        };
        match entry.as_ref().map(reading::status) {
            Some(status) if status != "not_found" && is_running(facts, status) => {
                Ok(Look::Status(status.to_owned()))
            }
            Some("not_found") | None if bulk.only => Err(Error::unknown_job(facts.name, id)),
            Some(_) if bulk.only => self.with_status(facts, id, entry.unwrap_or_default()).await,
            _ => self.read(facts, id).await.map(Look::Job),
        }
    }

    /// How long to pause after now, so that reads of different waits coincide: at least half of `pause`, and until a multiple
    /// of it since a common start.
    pub(crate) fn aligned(&self, pause: Duration) -> Duration {
        let start = self.shared.lock().unwrap_or_else(PoisonError::into_inner).start;
        let since = self.runtime.now().saturating_duration_since(start).as_millis();
        let pause_ms = pause.as_millis().max(1);
        let until_next = pause_ms - since % pause_ms;
        let wait = if until_next * 2 < pause_ms { until_next + pause_ms } else { until_next };
        Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// Adds the id to the bulk request that still collects ids, or to a new one.
    fn join(
        &self,
        facts: &'static Facts,
        bulk: &'static Bulk,
        id: &str,
    ) -> (Arc<Mutex<Vec<String>>>, Shared<BoxFuture<'static, Statuses>>) {
        let mut bulks = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(collecting) = bulks.collecting.get(facts.name) {
            // A request whose waits were all dropped is never sent.
            if collecting.request.strong_count().is_some_and(|count| count > 1) {
                collecting.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
                return (Arc::clone(&collecting.ids), collecting.request.clone());
            }
        }
        let ids = Arc::new(Mutex::new(vec![id.to_owned()]));
        let request = self.clone().bulk(facts, bulk, Arc::clone(&ids)).boxed().shared();
        bulks.collecting.insert(facts.name, Collecting { ids: Arc::clone(&ids), request: request.clone() });
        (ids, request)
    }

    /// Waits for more ids, and then reads the statuses of all.
    async fn bulk(
        self,
        facts: &'static Facts,
        bulk: &'static Bulk,
        ids: Arc<Mutex<Vec<String>>>,
    ) -> Statuses {
        self.runtime.sleep(COLLECT).await;
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).collecting.remove(facts.name);
        let ids: Vec<String> = ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut statuses = BTreeMap::new();
        if ids.len() < 2 && !bulk.only {
            return Ok(Arc::new(statuses));
        }
        for chunk in ids.chunks(MAX_IDS) {
            let request = self.api.request(bulk.read.method().clone(), bulk.read.path());
            let answer = request.query(bulk.ids, chunk.join(",")).send_for::<Vec<Value>>().await?;
            for entry in answer.into_inner() {
                // In every kind, the member has this name.
                if let Some(id) = entry.get("video_id").and_then(Value::as_str) {
                    statuses.insert(id.to_owned(), entry);
                }
            }
        }
        Ok(Arc::new(statuses))
    }

    /// Reads one job.
    async fn read(&self, facts: &Facts, id: &str) -> Result<Value, Error> {
        let request = self.api.request(facts.read.method().clone(), facts.read.path());
        Ok(request.path(facts.id, id).send_for::<Value>().await?.into_inner())
    }

    /// Reads one job whose status only the bulk operation has.
    async fn with_status(&self, facts: &Facts, id: &str, entry: Value) -> Result<Look, Error> {
        let mut members: Map<String, Value> = match entry {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        if reading::read(facts, &Value::Object(members.clone())) == reading::Reading::Completed
            && let Value::Object(job) = self.read(facts, id).await?
        {
            members.extend(job);
        }
        Ok(Look::Job(Value::Object(members)))
    }
}

/// Whether a status alone says that the job goes on. Others are read in full.
fn is_running(facts: &Facts, status: &str) -> bool {
    let all = &facts.statuses;
    ![all.completed, all.failed, all.stopped, all.person].iter().any(|words| words.contains(&status))
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
