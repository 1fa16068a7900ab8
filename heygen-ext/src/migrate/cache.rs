//! Answers that are used again for some time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The largest number of answers. A list of ten thousand looks is one answer of a few megabytes; a look is small.
const MAX_ANSWERS: usize = 2_000;

/// Answers by key. Callers that ask for the same answer at the same time share one fetch.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<String, Arc<Slot>>>);

#[derive(Default)]
struct Slot(tokio::sync::Mutex<Option<(Instant, Arc<Value>)>>);

impl Cache {
    /// Returns the answer of this key, or fetches it if it is missing or older than `age`. An error is not kept.
    pub(crate) async fn get<E>(
        &self,
        key: &str,
        now: impl Fn() -> Instant,
        age: Duration,
        fetch: impl Future<Output = Result<Value, E>>,
    ) -> Result<Arc<Value>, E> {
        let slot = self.slot(key);
        let mut kept = slot.0.lock().await;
        if let Some((since, answer)) = &*kept
            && now().saturating_duration_since(*since) < age
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(fetch.await?);
        *kept = Some((now(), Arc::clone(&answer)));
        Ok(answer)
    }

    fn slot(&self, key: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_ANSWERS && !slots.contains_key(key) {
            // Slots that nobody uses at the moment. Forgetting an answer costs one read.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }

    /// Forgets the answers whose key begins with `start`.
    pub(crate) fn forget(&self, start: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !key.starts_with(start));
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_fetched_once_until_it_is_too_old() {
        let (cache, fetches) = (Cache::default(), AtomicUsize::new(0));
        let start = Instant::now();
        let get = async |key: &str, seconds: u64| {
            let fetch = async {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(Value::from(fetches.fetch_add(1, Ordering::SeqCst)))
            };
            let now = move || start + Duration::from_secs(seconds);
            cache.get(key, now, Duration::from_secs(60), fetch).await.unwrap()
        };
        let together = join_all((0..10).map(|_| get("a", 0))).await;
        assert!(together.iter().all(|answer| **answer == 0));
        assert_eq!(*get("a", 59).await, 0);
        assert_eq!((*get("b", 0).await).clone(), 1);
        assert_eq!((*get("a", 60).await).clone(), 2);
        cache.forget("a");
        assert_eq!((*get("a", 60).await).clone(), 3);
        assert_eq!((*get("b", 0).await).clone(), 1);
    }

    #[tokio::test]
    async fn an_error_is_not_kept_and_the_number_of_answers_is_limited() {
        let cache = Cache::default();
        let start = Instant::now();
        let age = Duration::from_secs(60);
        assert!(cache.get("a", || start, age, async { Err::<Value, _>("no") }).await.is_err());
        let answer = cache.get("a", || start, age, async { Ok::<_, Infallible>(Value::Null) }).await;
        assert_eq!(*answer.unwrap(), Value::Null);
        for number in 0..MAX_ANSWERS * 2 {
            let fetch = async { Ok::<_, Infallible>(Value::Null) };
            cache.get(&number.to_string(), || start, age, fetch).await.unwrap();
        }
        assert!(cache.0.lock().unwrap().len() <= MAX_ANSWERS);
    }
}
