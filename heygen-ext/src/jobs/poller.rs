//! Reads jobs. Reads of kinds with a bulk operation are combined: all that are due at about the same time share one request for
//! each 100 jobs, no matter which wait needs them.
//!
//! The waits themselves drive the shared request, not a task. When the last of them is dropped, so is the request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use heygen_api::Client;
use http::StatusCode;
use serde_json::{Map, Value};

use super::facts::{Bulk, Facts};
use super::reading;
use crate::error::Error;
use crate::runtime::Runtime;

/// How long a bulk request waits for more jobs that are due.
const COLLECT: Duration = Duration::from_millis(50);
/// Maximum number of ids in a bulk request (the document).
const MAX_IDS: usize = 100;
/// The query parameter with the ids of batches, separated by commas.
const BATCH_IDS: &str = "batch_ids";

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
            statuses => statuses?.get(id).cloned(),
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

    /// The status of a job that is called by its batch and position, with its id as `video_id` if it has one.
    pub(crate) async fn look_at_item(&self, facts: &'static Facts, id: &str) -> Result<Value, Error> {
        let unknown = || Error::unknown_job(facts.name, id);
        let bulk = facts.bulk.as_ref().ok_or_else(unknown)?;
        let (_, request) = self.join(facts, bulk, id);
        request.await?.get(id).cloned().ok_or_else(unknown)
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
        if let [id] = ids.as_slice()
            && !bulk.only
            && !id.contains('#')
        {
            return Ok(Arc::new(statuses));
        }
        let batches: BTreeSet<&str> = ids.iter().filter_map(|id| Some(id.rsplit_once('#')?.0)).collect();
        let jobs = ids.iter().filter(|id| !id.contains('#')).map(|id| (bulk.ids, id.as_str()));
        let wanted: Vec<(&str, &str)> = jobs.chain(batches.iter().map(|id| (BATCH_IDS, *id))).collect();
        for chunk in wanted.chunks(MAX_IDS) {
            match self.statuses_of(bulk, chunk).await {
                Ok(entries) => entries.into_iter().for_each(|entry| keep(&mut statuses, None, entry)),
                Err(error) if error.is_retryable() || bulk.only => return Err(error),
                // The service may refuse the whole request because of one id.
                Err(_) => {}
            }
        }
        // A batch without an item in the answer is read by its own operation.
        for batch in batches {
            if statuses.contains_key(&format!("{batch}#0")) {
                continue;
            }
            match self.read(bulk.batch, batch).await {
                Ok(mut detail) => {
                    let items = detail.get_mut("items").map(Value::take);
                    let items = items.iter().filter_map(Value::as_array).flatten();
                    items.for_each(|item| keep(&mut statuses, Some(batch), item.clone()));
                }
                Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Arc::new(statuses))
    }

    /// Reads the statuses of jobs and of items of batches. Each id has the name of its parameter.
    async fn statuses_of(&self, bulk: &Bulk, ids: &[(&str, &str)]) -> Result<Vec<Value>, Error> {
        let mut request = self.api.request(bulk.read.method().clone(), bulk.read.path());
        for parameter in [bulk.ids, BATCH_IDS] {
            let named: Vec<&str> =
                ids.iter().filter(|(name, _)| *name == parameter).map(|(_, id)| *id).collect();
            if !named.is_empty() {
                request = request.query(parameter, named.join(","));
            }
        }
        Ok(request.send_for::<Vec<Value>>().await?.into_inner())
    }

    /// Reads one job, or the first items of a batch.
    pub(crate) async fn read(&self, facts: &Facts, id: &str) -> Result<Value, Error> {
        let mut request = self.api.request(facts.read.method().clone(), facts.read.path());
        if facts.is_batch() {
            request = request.query("limit", MAX_IDS);
        }
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

/// Keeps a status under the id of its job, and under batch and position if it has them.
fn keep(statuses: &mut BTreeMap<String, Value>, batch: Option<&str>, entry: Value) {
    let batch = batch.or_else(|| entry.get("batch_id")?.as_str());
    // In every kind, the member has this name.
    if let Some(id) = entry.get("video_id").and_then(Value::as_str) {
        statuses.insert(id.to_owned(), entry.clone());
    }
    if let (Some(batch), Some(position)) = (batch, entry.get("item_index").and_then(Value::as_u64)) {
        statuses.insert(format!("{batch}#{position}"), entry);
    }
}

/// Whether a status alone says that the job goes on. Others are read in full.
pub(crate) fn is_running(facts: &Facts, status: &str) -> bool {
    let all = &facts.statuses;
    ![all.completed, all.failed, all.stopped, all.person].iter().any(|words| words.contains(&status))
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
