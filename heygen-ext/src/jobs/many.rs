//! Many submissions, at a pace that the service accepts.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{self, Either};
use futures_util::stream::FuturesUnordered;
use http::StatusCode;

use super::recorded::Recorder;
use super::submission::Submission;
use super::submit::{Started, send};
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
    let mut waiting = Vec::new();
    for (index, submission) in submissions.into_iter().enumerate() {
        match submission {
            Ok(submission) => waiting.push((index, submission, 0)),
            Err(error) => set(&mut outcomes, index, Err(error)),
        }
    }
    // The first is the last of the list.
    waiting.reverse();
    let (mut pace, mut running) = (Pace::new(), FuturesUnordered::new());
    let mut pause = None;
    loop {
        if running.len() < AT_ONCE
            && pause.is_none()
            && let Some((index, submission, repeats)) = waiting.pop()
        {
            running.push(async move {
                let outcome = send::<S>(context, recorder, &submission).await;
                (index, submission, repeats, outcome)
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
        let Some((index, submission, repeats, outcome)) = ended else { break };
        match outcome {
            // The service has not executed it, so it costs nothing to repeat it.
            Err(error)
                if error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
                    && error.is_retryable()
                    && repeats < MAX_REPEATS =>
            {
                pause = Some(context.runtime.sleep(pace.refused(error.retry_after())));
                waiting.push((index, submission, repeats + 1));
            }
            outcome => {
                if outcome.is_ok() {
                    pace.succeeded();
                }
                set(&mut outcomes, index, outcome);
            }
        }
    }
    outcomes.into_iter().flatten().collect()
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
    use crate::jobs::job::Job;
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
