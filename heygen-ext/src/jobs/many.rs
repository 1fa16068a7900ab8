//! Many submissions, at a pace that the service accepts.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{self, Either};
use futures_util::stream::FuturesUnordered;
use http::StatusCode;

use super::grouping::{self, Group, Part};
use super::job::Job;
use super::kind::JobKind;
use super::recorded::Recorder;
use super::send::{send, send_recorded, send_unrecorded};
use super::submission::Submission;
use super::submit::Started;
use super::wait::WaitContext;
use crate::error::Error;

/// Submissions at the same time.
const AT_ONCE: usize = 8;
/// How often a submission is repeated that the service refuses for its rate.
const MAX_REPEATS: u32 = 20;

/// The pause between two submissions. It starts careful, because a burst of twenty meets the limit by rate (measured in July
/// 2026: thirteen passed), shrinks with each success, and grows with each refusal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace(Duration);

impl Pace {
    const FIRST: Duration = Duration::from_millis(250);
    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(15);

    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(crate) fn succeeded(&mut self) {
        self.0 = self.0.mul_f64(0.95).max(Self::SHORTEST);
    }

    /// After a refusal, the pause is at least as long as the service asks for.
    pub(crate) fn refused(&mut self, retry_after: Option<Duration>) -> Duration {
        self.0 = (self.0 * 2).min(Self::LONGEST);
        self.0.max(retry_after.unwrap_or_default())
    }
}

/// Submits all, and returns an outcome for each, in their order.
pub(crate) async fn submit_many<S: Started + Send>(
    context: &WaitContext,
    recorder: Option<&Recorder>,
    submissions: Vec<Result<Submission, Error>>,
) -> Vec<Result<S, Error>> {
    let mut outcomes: Vec<Option<Result<S, Error>>> = submissions.iter().map(|_| None).collect();
    let mut valid = Vec::new();
    for (index, submission) in submissions.into_iter().enumerate() {
        match submission {
            Ok(submission) => valid.push((index, submission)),
            Err(error) => set(&mut outcomes, index, Err(error)),
        }
    }
    let places: Vec<usize> = valid.iter().map(|(index, _)| *index).collect();
    let mut waiting: Vec<(Group, u32)> = match grouping::group(recorder, valid).await {
        // The first is the last of the list.
        Ok(groups) => groups.into_iter().rev().map(|group| (group, 0)).collect(),
        Err(error) => {
            places.into_iter().for_each(|index| set(&mut outcomes, index, Err(error.clone())));
            Vec::new()
        }
    };
    let (mut pace, mut running) = (Pace::new(), FuturesUnordered::new());
    let mut pause = None;
    loop {
        if running.len() < AT_ONCE
            && pause.is_none()
            && let Some((group, repeats)) = waiting.pop()
        {
            running.push(async move {
                let outcome = send_group::<S>(context, recorder, &group).await;
                (group, repeats, outcome)
            });
            pause = Some(context.runtime.sleep(pace.0));
        }
        // Those that run go on during a pause.
        let ended = match pause.as_mut() {
            Some(sleep) if !waiting.is_empty() => match future::select(sleep, running.next()).await {
                Either::Left(_) => {
                    pause = None;
                    continue;
                }
                // Without any that runs, only the pause is left.
                Either::Right((None, sleep)) => {
                    sleep.await;
                    pause = None;
                    continue;
                }
                Either::Right((ended, _)) => ended,
            },
            _ => running.next().await,
        };
        let Some((group, repeats, outcome)) = ended else { break };
        match outcome {
            // The service has not executed it, so it costs nothing to repeat it.
            Err(error)
                if error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
                    && error.is_retryable()
                    && repeats < MAX_REPEATS =>
            {
                pause = Some(context.runtime.sleep(pace.refused(error.retry_after())));
                waiting.push((group, repeats + 1));
            }
            // One invalid request makes the service refuse the whole batch.
            Err(error) if group.parts.len() > 1 && group.entry.is_none() && is_invalid(&error) => {
                let alone = group.parts.into_iter().rev();
                waiting.extend(alone.map(|part| (Group::single(part.index, part.submission), 0)));
            }
            Err(error) => {
                group.parts.iter().for_each(|part| set(&mut outcomes, part.index, Err(error.clone())));
            }
            Ok(started) => {
                pace.succeeded();
                started.into_iter().for_each(|(index, outcome)| set(&mut outcomes, index, outcome));
            }
        }
    }
    outcomes.into_iter().flatten().collect()
}

/// Whether the service has refused a request for what it contains, without executing it.
fn is_invalid(error: &Error) -> bool {
    let statuses = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY];
    !error.may_have_executed() && error.status().is_some_and(|status| statuses.contains(&status))
}

/// Sends the request of a group. Returns what each part has started, with its place.
async fn send_group<S: Started>(
    context: &WaitContext,
    recorder: Option<&Recorder>,
    group: &Group,
) -> Result<Vec<(usize, Result<S, Error>)>, Error> {
    let submission = &group.submission;
    if submission.items.is_none() {
        let started = send::<S>(context, recorder, submission).await?;
        return Ok(group.parts.iter().map(|part| part.index).zip([Ok(started)]).collect());
    }
    let jobs = send_batch::<S::Kind>(context, recorder, group).await?;
    let mut jobs: Vec<Option<Job<S::Kind>>> = jobs.into_iter().map(Some).collect();
    let mut started = |part: &Part| {
        let own = jobs.get_mut(part.first..part.first + part.jobs)?;
        S::started(own.iter_mut().filter_map(Option::take).collect())
    };
    let outcome = |part: &Part| {
        let missing = || Error::no_job_id(submission.operation, submission.ids);
        (part.index, started(part).ok_or_else(missing))
    };
    Ok(group.parts.iter().map(outcome).collect())
}

/// Sends a batch, or finds it in the ledger.
async fn send_batch<K: JobKind>(
    context: &WaitContext,
    recorder: Option<&Recorder>,
    group: &Group,
) -> Result<Vec<Job<K>>, Error> {
    let submission = &group.submission;
    let Some(recorder) = recorder else { return send_unrecorded(context, submission).await };
    let (entry, number) = match &group.entry {
        Some(entry) => (entry.clone(), None),
        None => {
            let number = recorder.number(submission);
            (number.entry(submission, context.runtime.system_time()), Some(number))
        }
    };
    let (entry, jobs) = send_recorded(context, recorder, submission, &entry).await?;
    if let Some(number) = number {
        number.keep();
    }
    recorder.keep(&entry.id, group.parts.iter().map(|part| part.first));
    Ok(jobs)
}

fn set<T>(outcomes: &mut [Option<T>], index: usize, outcome: T) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = Some(outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use heygen_api::types::{AssetInput, CreateHyperframesRenderRequest};
    use heygen_api::{BoxFuture, Client, Operation, RawResponse, Request, Transport, TransportError};
    use tokio::time::Instant;

    use super::*;
    use crate::jobs::kind::HyperframesRender;
    use crate::jobs::poller::{Bulks, Poller};
    use crate::jobs::submit::Submit as _;
    use crate::runtime::{Runtime as _, SystemRuntime};

    #[test]
    fn the_pace_learns_from_refusals() {
        let mut pace = Pace::new();
        assert_eq!(pace.refused(None), Duration::from_millis(500));
        assert_eq!(pace.refused(Some(Duration::from_secs(9))), Duration::from_secs(9));
        for _ in 0..100 {
            pace.succeeded();
        }
        assert_eq!(pace.0, Pace::SHORTEST);
        for _ in 0..100 {
            pace.refused(None);
        }
        assert_eq!(pace.0, Pace::LONGEST);
    }

    /// A service that needs five seconds for each request, and refuses the first.
    #[derive(Clone)]
    struct Slow {
        ends: Arc<Mutex<Vec<Duration>>>,
        start: Instant,
    }

    impl Transport for Slow {
        fn send<'a>(
            &'a self,
            _: Request,
            _: &'a Operation,
        ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(5)).await;
                let mut ends = self.ends.lock().unwrap();
                ends.push(self.start.elapsed());
                let response = http::Response::builder();
                let response = match ends.len() {
                    1 => response.status(429).header("Retry-After", "60").body("{}"),
                    _ => response.body(r#"{"data":{"render_id":"r"}}"#),
                };
                Ok(response.unwrap().into())
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn submissions_that_run_go_on_during_a_pause() {
        let slow = Slow { ends: Arc::default(), start: Instant::now() };
        let (api, runtime) = (Client::new(slow.clone()), Arc::new(SystemRuntime));
        let bulks = Arc::new(Mutex::new(Bulks::new(runtime.now())));
        let poller = Poller::new(api.clone(), Arc::<SystemRuntime>::clone(&runtime), bulks);
        let context = WaitContext { api, runtime, poller, wakes: Arc::default() };
        let request =
            CreateHyperframesRenderRequest::builder().project(AssetInput::url("https://example.com/p.zip"));
        let submissions = (0..12).map(|_| Ok(request.clone().submission().unwrap())).collect();
        let outcomes: Vec<Result<Job<HyperframesRender>, _>> = submit_many(&context, None, submissions).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let ends = slow.ends.lock().unwrap();
        // Those that were sent before the refusal end while it is kept; the rest come after it.
        let early = ends.iter().filter(|end| end.as_secs() < 30).count();
        assert!(early >= 8, "{ends:?}");
        assert!(ends.last().unwrap().as_secs() >= 65, "{ends:?}");
    }
}
